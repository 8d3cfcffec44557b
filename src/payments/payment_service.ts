import type { Clock } from "../core/clock.ts";
import { DomainError } from "../core/errors.ts";
import { FirstCalls } from "../core/first_calls.ts";
import { inSpan } from "../core/trace.ts";
import type { Ids } from "../core/ids.ts";
import { BatchConnection } from "../db/batch_transaction.ts";
import { GroupCommit, GroupCommitFull } from "../db/group_commit.ts";
import { againAfterLostRace, isLostRace } from "../db/lost_race.ts";
import type { PoolOptions } from "../db/pool.ts";
import type { TenantPool } from "../db/tenant_pool.ts";
import type { DisputeModel } from "../fraud/disputes/dispute_model.ts";
import type { RefundModel } from "../fraud/refunds/refund_model.ts";
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
import { RecentKeys } from "../db/recent_keys.ts";
import { References } from "./references.ts";
import { RememberedStates } from "./remembered_states.ts";
import { warmUp } from "./warm_up.ts";
import type { RefundAnswer } from "./refunds/refund.ts";
import { type SettleItem, settlePayments } from "./settle_payments.ts";
import { KnownAccounts } from "./store_settled.ts";

export interface PaymentSettings {
  /** How long a provider may take before a charge counts as unknown. */
  readonly providerTimeoutMs: number;
  readonly maxBatch: number;
  readonly maxQueue: number;
  readonly lanes: number;
  /** Whether a payment that the first provider is known not to have charged goes to a second one. */
  readonly failover: boolean;
  /** The score from which the customer has to prove who pays; null for never. */
  readonly stepUpAt: number | null;
  /** How long a customer has to pass a challenge. */
  readonly challengeLifetimeMs: number;
  /** How long a person has to approve a refund. */
  readonly approvalLifetimeMs: number;
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
  readonly pool: TenantPool;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly model: FraudModelPort;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly routing: RoutingStore;
  readonly settings: PaymentSettings;
  readonly events: PaymentEvents;
  /** What approval and confirm tokens are signed with. */
  readonly approvalSecret: Uint8Array;
  readonly references: References;
  /** The first call for a key, while it runs in this process: later ones wait for it. */
  readonly firstCalls = new FirstCalls<PaymentAnswer>();
  readonly firstRefunds = new FirstCalls<RefundAnswer>();
  /** Judges who asks for money back. */
  readonly refundModel: RefundModel;
  readonly disputeModel: DisputeModel;
  readonly #accept: GroupCommit<AcceptItem, AcceptResult>;
  readonly #settle: GroupCommit<SettleItem, PaymentAnswer>;
  readonly #connections: BatchConnection[] = [];
  readonly #random: Random;
  #lockStatesUntilMs = Number.NEGATIVE_INFINITY;
  readonly #rememberedStates = new RememberedStates(REMEMBERED_STATES_MAX);
  #isEnded = false;
  readonly #recentKeys: RecentKeys;

  constructor(options: {
    pool: TenantPool;
    connection: Omit<PoolOptions, "max">;
    clock: Clock;
    ids: Ids;
    model: FraudModelPort;
    refundModel: RefundModel;
    disputeModel: DisputeModel;
    providers: readonly Provider[];
    routing: RoutingStore;
    /** What routing explores by. */
    random: Random;
    approvalSecret: Uint8Array;
    settings: PaymentSettings;
    events: PaymentEvents;
  }) {
    const { settings, clock, events } = options;
    this.pool = options.pool;
    this.clock = clock;
    this.#recentKeys = new RecentKeys(RECENT_KEYS_MAX, () => clock.monotonicMs());
    this.ids = options.ids;
    this.model = options.model;
    this.refundModel = options.refundModel;
    this.disputeModel = options.disputeModel;
    this.providers = new Map(options.providers.map((provider) => [provider.name, provider]));
    this.routing = options.routing;
    this.#random = options.random;
    this.settings = settings;
    this.approvalSecret = options.approvalSecret;
    this.events = events;
    const open = (phase: string, count: number) =>
      Array.from({ length: count }, (_, lane) => {
        const connection = new BatchConnection({
          ...options.connection,
          applicationName: `${options.connection.applicationName} ${phase} ${lane}`,
        });
        this.#connections.push(connection);
        return connection;
      });
    const [referenceLane] = open("references", 1);
    this.references = new References(referenceLane);
    const acceptLanes = open("accept", settings.lanes);
    const settleLanes = open("settle", settings.lanes);
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
          challengeLifetimeMs: settings.challengeLifetimeMs,
        }),
      onBatch: (size, durationMs) => events.batch("settle", size, durationMs),
    });
  }

  /**
   * Without locks as long as no other server is met, and without a look at keys that this process has not met as long
   * as none of them turns out to be known; see {@link AcceptDependencies}.
   */
  async #acceptBatch(items: readonly AcceptItem[], connection: BatchConnection): Promise<AcceptResult[]> {
    const run = () =>
      acceptPayments(items, connection, {
        model: this.model,
        nowMs: () => this.clock.nowMs(),
        monotonicMs: () => this.clock.monotonicMs(),
        route: ({ request, references, paymentId }, occurredAtMs, mandateChallenge) =>
          this.routeOf(chargeFactsOf(
            { ...request, paymentId, occurredAtMs, riskDecision: mandateChallenge ? "step_up" : "approve" },
            references,
          ))!,
        lockStates: this.clock.monotonicMs() < this.#lockStatesUntilMs,
        rememberedStates: this.#rememberedStates,
        recentKeys: this.#recentKeys,
        graceMs: this.graceMs,
        stepUpAt: this.settings.stepUpAt,
        challengeLifetimeMs: this.settings.challengeLifetimeMs,
      });
    try {
      return await this.#recentKeys.run(run);
    } catch (error) {
      if (!isLostRace(error)) throw error;
      this.#lockStatesUntilMs = this.clock.monotonicMs() + LOCK_STATES_FOR_MS;
      return await this.#recentKeys.run(run);
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
      return await inSpan(
        "accept",
        { "payment.id": item.paymentId },
        () => againAfterLostRace(() => this.#accept.submit(item)),
      );
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
    return inSpan("settle", { "payment.id": item.payment.paymentId }, async (note) => {
      const answer = await againAfterLostRace(() => this.#settle.submit(item));
      note({ "payment.status": answer.status });
      return answer;
    });
  }

  provider(name: string): Provider {
    const provider = this.providers.get(name);
    if (provider === undefined) throw new Error(`Provider "${name}" is not configured`);
    return provider;
  }

  /** The provider for a charge, of those that were not tried yet; null when none is left. */
  routeOf(facts: ChargeFacts, tried: readonly string[] = []): Route | null {
    const candidates = [...this.providers.values()]
      .filter(({ name, threeDSecure }) => !tried.includes(name) && (threeDSecure || !facts.mandateChallenge))
      .map((provider) => ({ provider: provider.name, feeMinor: provider.feeMinor(facts) }));
    if (candidates.length === 0) return null;
    return routePayment(facts, candidates, this.routing.known(facts.tenantId), this.#random);
  }

  /** Resolves when this process remembers what payments will need; until then they read it. */
  async warmUp(): Promise<void> {
    await warmUp(this.pool, this.#rememberedStates, () => this.#isEnded);
  }

  async end(): Promise<void> {
    this.#isEnded = true;
    await Promise.all(this.#connections.map((connection) => connection.end()));
  }
}

/** After another server was met at the same states, how long batches lock what they read. */
const LOCK_STATES_FOR_MS = 30_000;
/** Of a world of 25,000 customers; some 100 MB when full. */
const REMEMBERED_STATES_MAX = 100_000;
const RECENT_KEYS_MAX = 100_000;

export type { AcceptedPayment };
