import type { ApprovalWays } from "../core/approval_ways.ts";
import type { Clock } from "../core/clock.ts";
import { againLater, DomainError } from "../core/errors.ts";
import { FirstCalls } from "../core/first_calls.ts";
import { inSpan } from "../core/trace.ts";
import type { Ids } from "../core/ids.ts";
import { BatchConnection } from "../db/batch_transaction.ts";
import { isDuplicateOf } from "../db/lost_race.ts";
import { GroupCommitFull } from "../db/group_commit.ts";
import type { PoolOptions } from "../db/pool.ts";
import { TenantClocks } from "../db/tenant_clocks.ts";
import type { TenantPool } from "../db/tenant_pool.ts";
import type { DeclineExploration } from "../fraud/explore_declines.ts";
import type { DisputeModel } from "../fraud/disputes/dispute_model.ts";
import type { RefundModel } from "../fraud/refunds/refund_model.ts";
import type { FraudModelPort } from "../fraud/screen_payment.ts";
import type { Provider } from "../providers/provider.ts";
import type { Random } from "../core/random.ts";
import { type Route, routePayment } from "../routing/route_payment.ts";
import type { RoutingStore } from "../routing/routing_store.ts";
import type { AcceptedPayment, AcceptItem, AcceptResult } from "./accept_payments.ts";
import { type ChargeFacts, chargeFactsOf } from "./charge_facts.ts";
import type { PaymentAnswer } from "./payment_answer.ts";
import { PaymentBatches } from "./payment_batches.ts";
import { RecentKeys } from "../db/recent_keys.ts";
import { References } from "./references.ts";
import { RememberedStates } from "./remembered_states.ts";
import { warmUpAccounts, warmUpStates } from "./warm_up.ts";
import type { RefundAnswer } from "./refunds/refund.ts";
import type { SettleItem } from "./settle_payments.ts";
import { KnownAccounts } from "./store_settled.ts";

export interface PaymentSettings {
  /** How long a provider may take before a charge counts as unknown. */
  readonly providerTimeoutMs: number;
  readonly maxBatch: number;
  readonly maxQueue: number;
  /** Whether a payment that the first provider is known not to have charged goes to a second one. */
  readonly failover: boolean;
  /** The score from which the customer has to prove who pays; null for never. */
  readonly stepUpAt: number | null;
  /** How long a customer has to pass a challenge. */
  readonly challengeLifetimeMs: number;
  /** How long a person has to approve a refund. */
  readonly approvalLifetimeMs: number;
  readonly approvals: ApprovalWays;
}

export interface PaymentEvents {
  /** A stage of one payment or batch ended. */
  stage(stage: "queue" | "screen" | "accept" | "charge" | "settle" | "total", durationMs: number): void;
  outcome(status: string, declinedBy: string | null): void;
  batch(phase: "accept" | "settle", size: number, durationMs: number): void;
  /** Chance has decided about a payment that the model would decline. */
  explored(decision: "approve" | "decline"): void;
}

/**
 * What the payments domain works with: its connections, its group commits and its neighbours. The domain's
 * functions (createPayment, completeOpenPayments, getPaymentStatus) take it as their first argument.
 */
export class PaymentService {
  readonly pool: TenantPool;
  readonly clock: Clock;
  /** What time it is for each tenant. */
  readonly clocks: TenantClocks;
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
  readonly #batches: PaymentBatches;
  readonly #connections: BatchConnection[] = [];
  readonly #random: Random;
  readonly #rememberedStates = new RememberedStates(REMEMBERED_STATES_MAX);
  readonly #knownAccounts = new KnownAccounts();
  #isEnded = false;

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
    exploration: DeclineExploration | null;
    settings: PaymentSettings;
    events: PaymentEvents;
  }) {
    const { settings, clock, events } = options;
    this.pool = options.pool;
    this.clock = clock;
    this.clocks = new TenantClocks(options.pool, clock);
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
    const open = (purpose: string) => {
      const connection = new BatchConnection({
        ...options.connection,
        applicationName: `${options.connection.applicationName} ${purpose}`,
      });
      this.#connections.push(connection);
      return connection;
    };
    const lookUps = open("look-ups");
    this.references = new References(lookUps);
    this.#batches = new PaymentBatches({
      connections: {
        batches: open("batches"),
        lookUps,
        locking: open("locking"),
        booking: open("booking"),
      },
      accepting: {
        model: options.model,
        nowMs: () => clock.nowMs(),
        clocks: this.clocks,
        monotonicMs: () => clock.monotonicMs(),
        route: ({ request, references, paymentId }, occurredAtMs, mandateChallenge) =>
          this.routeOf(chargeFactsOf(
            { ...request, paymentId, occurredAtMs, riskDecision: mandateChallenge ? "step_up" : "approve" },
            references,
          ))!,
        rememberedStates: this.#rememberedStates,
        recentKeys: new RecentKeys(RECENT_KEYS_MAX, () => clock.monotonicMs()),
        graceMs: this.graceMs,
        stepUpAt: settings.stepUpAt,
        exploration: options.exploration,
        challengeLifetimeMs: settings.challengeLifetimeMs,
      },
      settleTimes: () => ({
        nowMs: clock.nowMs(),
        graceMs: this.graceMs,
        challengeLifetimeMs: settings.challengeLifetimeMs,
      }),
      knownAccounts: this.#knownAccounts,
      maxBatch: settings.maxBatch,
      maxQueue: settings.maxQueue,
      onBatch: (phase, size, durationMs) => events.batch(phase, size, durationMs),
    });
  }

  /** Longer than any live call takes: after it the completer may take a payment over. */
  get graceMs(): number {
    return 2 * this.settings.providerTimeoutMs + 6_000;
  }

  get queued(): { accept: number; settle: number } {
    return this.#batches.queued;
  }

  async accept(item: AcceptItem): Promise<AcceptResult> {
    try {
      return await inSpan("accept", { "payment.id": item.paymentId }, () => this.#batches.accept(item));
    } catch (error) {
      // An earlier try of this very call was stored although its answer was lost with the connection.
      if (isDuplicateOf(error, MADE_OF_OWN_ID)) return { kind: "in_flight", paymentId: item.paymentId };
      if (!(error instanceof GroupCommitFull)) throw error;
      throw new DomainError(
        "overloaded",
        `${this.settings.maxQueue} payments are waiting; this one was not taken.`,
        {
          nextMove: againLater(item.request.idempotencyKey),
        },
      );
    }
  }

  settle(item: SettleItem): Promise<PaymentAnswer> {
    return inSpan("settle", { "payment.id": item.payment.paymentId }, async (note) => {
      const answer = await this.#batches.settle(item);
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
    const isEnded = () => this.#isEnded;
    await this.references.warmUp(this.pool, isEnded);
    await warmUpAccounts(this.pool, this.#knownAccounts, isEnded);
    await warmUpStates(this.pool, this.#rememberedStates, isEnded);
  }

  async end(): Promise<void> {
    this.#isEnded = true;
    await Promise.all(this.#connections.map((connection) => connection.end()));
  }
}

/** Of a world of 25,000 customers; some 100 MB when full. */
const REMEMBERED_STATES_MAX = 100_000;
const RECENT_KEYS_MAX = 100_000;

/** Keys made of a payment's own random id: which of them a second try meets first is PostgreSQL's choice. */
const MADE_OF_OWN_ID = new Set([
  "payments_pkey",
  "open_payments_pkey",
  "audit_events_pkey",
  "idempotency_answers_pkey",
  "payment_challenges_pkey",
  "transfers_pkey",
  "holds_pkey",
]);

export type { AcceptedPayment };
