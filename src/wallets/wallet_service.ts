import type { ApprovalWays } from "../core/approval_ways.ts";
import type { Clock } from "../core/clock.ts";
import { againLater, DomainError } from "../core/errors.ts";
import { FirstCalls } from "../core/first_calls.ts";
import { inSpan } from "../core/trace.ts";
import type { Ids } from "../core/ids.ts";
import { BatchConnection } from "../db/batch_transaction.ts";
import { GroupCommit, GroupCommitFull } from "../db/group_commit.ts";
import { againAfterLostConnection, againAfterLostRace, isDuplicateOf } from "../db/lost_race.ts";
import type { PoolOptions } from "../db/pool.ts";
import type { TenantClocks } from "../db/tenant_clocks.ts";
import type { TenantPool } from "../db/tenant_pool.ts";
import { type BookItem, type BookResult, bookTransfers } from "./book_transfers.ts";
import type { RateSource } from "./rates.ts";
import type { TopUpAnswer } from "./top_up.ts";
import type { TopUpCharger } from "./top_up_charger.ts";
import type { TransferAnswer } from "./transfer.ts";
import { WalletReferences } from "./wallet_references.ts";
import { RecentKeys } from "../db/recent_keys.ts";

export interface WalletSettings {
  readonly maxBatch: number;
  readonly maxQueue: number;
  readonly lanes: number;
  /** How long a person has to approve a held transfer. */
  readonly approvalLifetimeMs: number;
  readonly approvals: ApprovalWays;
}

export interface WalletEvents {
  batch(phase: "transfer", size: number, durationMs: number): void;
}

/**
 * What the wallets domain works with. Its functions (transferFunds, getWalletBalance, walletTransactionHistory,
 * topUpWallet) take it as their first argument.
 */
export class WalletService {
  readonly pool: TenantPool;
  readonly clock: Clock;
  /** What time it is for each tenant. */
  readonly clocks: TenantClocks;
  readonly ids: Ids;
  readonly rates: RateSource;
  readonly charger: TopUpCharger;
  readonly approvalSecret: Uint8Array;
  readonly settings: WalletSettings;
  readonly references: WalletReferences;
  readonly firstTopUps = new FirstCalls<TopUpAnswer>();
  readonly firstTransfers = new FirstCalls<TransferAnswer>();
  readonly #book: GroupCommit<BookItem, BookResult>;
  readonly #connections: BatchConnection[];

  constructor(options: {
    pool: TenantPool;
    connection: Omit<PoolOptions, "max">;
    clock: Clock;
    clocks: TenantClocks;
    ids: Ids;
    rates: RateSource;
    charger: TopUpCharger;
    approvalSecret: Uint8Array;
    settings: WalletSettings;
    events: WalletEvents;
  }) {
    const { settings, clock, events, pool, connection } = options;
    this.pool = pool;
    this.clock = clock;
    this.clocks = options.clocks;
    this.ids = options.ids;
    this.rates = options.rates;
    this.charger = options.charger;
    this.approvalSecret = options.approvalSecret;
    this.settings = settings;
    this.references = new WalletReferences(pool);
    this.#connections = Array.from(
      { length: settings.lanes },
      (_, lane) =>
        new BatchConnection({
          ...connection,
          applicationName: `${connection.applicationName} transfer ${lane}`,
        }),
    );
    const recentKeys = new RecentKeys(RECENT_KEYS_MAX, () => clock.monotonicMs());
    this.#book = new GroupCommit<BookItem, BookResult>({
      name: "transfer",
      lanes: settings.lanes,
      maxBatch: settings.maxBatch,
      maxQueue: settings.maxQueue,
      run: (items, lane) =>
        recentKeys.run(() =>
          bookTransfers(items, this.#connections[lane], {
            nowMs: () => clock.nowMs(),
            clocks: this.clocks,
            recentKeys,
            approvalSecret: this.approvalSecret,
            approvalLifetimeMs: settings.approvalLifetimeMs,
            approvals: settings.approvals,
          })
        ),
      onBatch: (size, durationMs) => events.batch("transfer", size, durationMs),
    });
  }

  get queued(): number {
    return this.#book.queued;
  }

  /** Books one transfer with whatever else waits. */
  async book(item: BookItem): Promise<BookResult> {
    try {
      return await inSpan(
        "transfer",
        { "transfer.id": item.plan.transferId },
        () => againAfterLostConnection(() => againAfterLostRace(() => this.#book.submit(item))),
      );
    } catch (error) {
      if (error instanceof GroupCommitFull) {
        throw new DomainError(
          "overloaded",
          `${this.settings.maxQueue} transfers are waiting; this one was not taken.`,
          { nextMove: againLater(item.plan.request.idempotencyKey) },
        );
      }
      const committed = isDuplicateOf(error, OWN_IDS) ? await this.#committedTry(item) : undefined;
      if (committed === undefined) throw error;
      return committed;
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.end()));
  }

  /** A try whose commit was not heard of has left its audit row; the row's time says which try it was. */
  async #committedTry({ plan, tries }: BookItem): Promise<BookResult | undefined> {
    const [row] = await this.pool.of(plan.request.tenantId)<{ at: Date }[]>`
      select at from audit_events
       where tenant_id = ${plan.request.tenantId} and audit_id = ${`aud_${plan.transferId.slice(3)}_1`}`;
    return tries.find(({ atMs }) => atMs === row?.at.getTime())?.result;
  }
}

const RECENT_KEYS_MAX = 100_000;

/** Keys made of a transfer's own random id: only an earlier try of the same call can have taken them. */
const OWN_IDS = new Set([
  "transfers_pkey",
  "postings_pkey",
  "holds_pkey",
  "wallet_transfers_pkey",
  "idempotency_answers_pkey",
  "audit_events_pkey",
]);
