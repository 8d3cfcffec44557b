import type { Clock } from "../core/clock.ts";
import { DomainError } from "../core/errors.ts";
import type { Ids } from "../core/ids.ts";
import { BatchConnection } from "../db/batch_transaction.ts";
import { GroupCommit, GroupCommitFull } from "../db/group_commit.ts";
import type { PoolOptions, Sql } from "../db/pool.ts";
import type { FraudModelPort } from "../fraud/screen_payment.ts";
import type { Provider } from "../providers/provider.ts";
import type { Random } from "../core/random.ts";
import { type Route, routePayment } from "../routing/route_payment.ts";
import type { RoutingStore } from "../routing/routing_store.ts";
import {
  type AcceptedPayment,
  type AcceptItem,
  acceptPayments,
  type AcceptResult,
} from "./accept_payments.ts";
import { type ChargeFacts, chargeFactsOf } from "./charge_facts.ts";
import type { PaymentAnswer } from "./payment_answer.ts";
import { References } from "./references.ts";
import { KnownAccounts, type SettleItem, settlePayments } from "./settle_payments.ts";

export interface PaymentSettings {
  /** How long a provider may take before a charge counts as unknown. */
  readonly providerTimeoutMs: number;
  readonly maxBatch: number;
  readonly maxQueue: number;
  readonly lanes: number;
  /** Whether a payment that the first provider is known not to have charged goes to a second one. */
  readonly failover: boolean;
}

export interface PaymentEvents {
  /** A stage of one payment or batch ended. */
  stage(stage: "queue" | "screen" | "accept" | "charge" | "settle" | "total", durationMs: number): void;
  outcome(status: string, declinedBy: string | null): void;
  batch(phase: "accept" | "settle", size: number, durationMs: number): void;
}

/**
 * What the payments domain works with: its connections, its group commits and its neighbours. The domain's
 * functions (createPayment, completeOpenPayments, getPaymentStatus) take it as their first argument.
 */
export class PaymentService {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly model: FraudModelPort;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly routing: RoutingStore;
  readonly settings: PaymentSettings;
  readonly events: PaymentEvents;
  readonly references: References;
  /** The first call for a key, while it runs in this process: later ones wait for it. */
  readonly inFlight = new Map<string, { requestHash: string; answer: Promise<PaymentAnswer> }>();
  readonly #accept: GroupCommit<AcceptItem, AcceptResult>;
  readonly #settle: GroupCommit<SettleItem, PaymentAnswer>;
  readonly #connections: BatchConnection[] = [];
  readonly #random: Random;
  #lockStatesUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: {
    sql: Sql;
    pool: Omit<PoolOptions, "max">;
    clock: Clock;
    ids: Ids;
    model: FraudModelPort;
    providers: readonly Provider[];
    routing: RoutingStore;
    /** What routing explores by. */
    random: Random;
    settings: PaymentSettings;
    events: PaymentEvents;
  }) {
    const { settings, clock, events } = options;
    this.sql = options.sql;
    this.clock = clock;
    this.ids = options.ids;
    this.model = options.model;
    this.providers = new Map(options.providers.map((provider) => [provider.name, provider]));
    this.routing = options.routing;
    this.#random = options.random;
    this.settings = settings;
    this.events = events;
    this.references = new References(options.sql);
    const open = (phase: string) =>
      Array.from({ length: settings.lanes }, (_, lane) => {
        const connection = new BatchConnection({
          ...options.pool,
          applicationName: `${options.pool.applicationName} ${phase} ${lane}`,
        });
        this.#connections.push(connection);
        return connection;
      });
    const acceptLanes = open("accept");
    const settleLanes = open("settle");
    const knownAccounts = new KnownAccounts();
    const limits = { lanes: settings.lanes, maxBatch: settings.maxBatch, maxQueue: settings.maxQueue };
    this.#accept = new GroupCommit<AcceptItem, AcceptResult>({
      ...limits,
      name: "accept",
      run: (items, lane) => this.#acceptBatch(items, acceptLanes[lane]),
      onBatch: (size, durationMs) => events.batch("accept", size, durationMs),
    });
    this.#settle = new GroupCommit<SettleItem, PaymentAnswer>({
      ...limits,
      // Settling is never refused: the charge has been made.
      maxQueue: Number.POSITIVE_INFINITY,
      name: "settle",
      run: (items, lane) =>
        settlePayments(items, settleLanes[lane], knownAccounts, {
          nowMs: clock.nowMs(),
          graceMs: this.graceMs,
        }),
      onBatch: (size, durationMs) => events.batch("settle", size, durationMs),
    });
  }

  /** Without locks as long as no other server is met; see {@link AcceptDependencies.lockStates}. */
  async #acceptBatch(items: readonly AcceptItem[], connection: BatchConnection): Promise<AcceptResult[]> {
    const run = (lockStates: boolean) =>
      acceptPayments(items, connection, {
        model: this.model,
        nowMs: () => this.clock.nowMs(),
        monotonicMs: () => this.clock.monotonicMs(),
        route: (item, occurredAtMs) =>
          this.routeOf(
            chargeFactsOf({ ...item.request, paymentId: item.paymentId, occurredAtMs }, item.references),
          )!,
        lockStates,
        graceMs: this.graceMs,
      });
    if (this.clock.monotonicMs() < this.#lockStatesUntilMs) return await run(true);
    try {
      return await run(false);
    } catch (error) {
      if (!isLostRace(error)) throw error;
      this.#lockStatesUntilMs = this.clock.monotonicMs() + LOCK_STATES_FOR_MS;
      return await run(true);
    }
  }

  /** Longer than any live call takes: after it the completer may take a payment over. */
  get graceMs(): number {
    return 2 * this.settings.providerTimeoutMs + 6_000;
  }

  get queued(): { accept: number; settle: number } {
    return { accept: this.#accept.queued, settle: this.#settle.queued };
  }

  async accept(item: AcceptItem): Promise<AcceptResult> {
    try {
      return await againAfterLostRace(() => this.#accept.submit(item));
    } catch (error) {
      if (!(error instanceof GroupCommitFull)) throw error;
      throw new DomainError(
        "overloaded",
        `${this.settings.maxQueue} payments are waiting; this one was not taken.`,
        {
          nextMove: "Repeat the call with the same idempotency key in a second.",
        },
      );
    }
  }

  settle(item: SettleItem): Promise<PaymentAnswer> {
    return againAfterLostRace(() => this.#settle.submit(item));
  }

  provider(name: string): Provider {
    const provider = this.providers.get(name);
    if (provider === undefined) throw new Error(`Provider "${name}" is not configured`);
    return provider;
  }

  /** The provider for a charge, of those that were not tried yet; null when none is left. */
  routeOf(facts: ChargeFacts, tried: readonly string[] = []): Route | null {
    const candidates = [...this.providers.values()]
      .filter(({ name }) => !tried.includes(name))
      .map((provider) => ({ provider: provider.name, feeMinor: provider.feeMinor(facts) }));
    if (candidates.length === 0) return null;
    return routePayment(facts, candidates, this.routing.known(facts.tenantId), this.#random);
  }

  async end(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.end()));
  }
}

/** After another server was met at the same states, how long batches lock what they read. */
const LOCK_STATES_FOR_MS = 30_000;

/** Each loser of a race finds the winner's work done at its next try, so more tries than this point to a fault. */
const RACE_TRIES = 10;

/**
 * Two servers on one database may create the same key or the same feature state at the same moment, or wait for
 * each other's rows in a circle. PostgreSQL then undoes one of them whole, which simply begins again.
 */
async function againAfterLostRace<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1;; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!isLostRace(error) || tries === RACE_TRIES) throw error;
    }
  }
}

function isLostRace(error: unknown): boolean {
  const { code, constraint_name: constraint } = error as { code?: string; constraint_name?: string };
  return code === "40P01" || code === "40001" ||
    (code === "23505" && (constraint === "idempotency_keys_pkey" || constraint === "feature_states_pkey"));
}

export type { AcceptedPayment };
