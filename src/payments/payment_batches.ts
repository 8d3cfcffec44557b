import { setImmediate } from "node:timers";
import { inSharedSpan, tracePoint } from "../core/trace.ts";
import type { BatchConnection } from "../db/batch_transaction.ts";
import { GroupCommit, GroupCommitFull } from "../db/group_commit.ts";
import {
  againAfterLostConnection,
  againAfterLostRace,
  isDeadlock,
  isKnownKey,
  isLostRace,
  isWithoutTenant,
} from "../db/lost_race.ts";
import {
  type AcceptDependencies,
  type AcceptItem,
  type AcceptResult,
  acceptUnderLock,
  decidePayments,
  type Decisions,
  rememberKeys,
} from "./accept_payments.ts";
import { forgetStates, rememberStates } from "./batch_states.ts";
import { NeighbourWatch } from "./neighbour_watch.ts";
import type { PaymentAnswer } from "./payment_answer.ts";
import { newStateVersion } from "./remembered_states.ts";
import { asOneStatement, type SettleItem, settlePayments, type SettleTimes } from "./settle_payments.ts";
import { acceptedPart } from "./store_accepted.ts";
import { type StatementPart, storeBatch } from "./store_batch.ts";
import { type KnownAccounts, settledPart } from "./store_settled.ts";
import {
  type Accepting,
  type Batch,
  batchOf,
  mayBeStored,
  type Settling,
  withTriesLeft,
} from "./waiting_batch.ts";

/** Batches on their way to PostgreSQL at once: it begins the next one without waiting for this process. */
const UNDER_WAY_MAX = 3;

export interface PaymentBatchesOptions {
  /** One each for what is one statement, for what reads before it, for what locks, and for what books by a transaction. */
  readonly connections: Readonly<Record<"batches" | "lookUps" | "locking" | "booking", BatchConnection>>;
  readonly accepting: AcceptDependencies;
  readonly settleTimes: () => SettleTimes;
  readonly knownAccounts: KnownAccounts;
  /** Payments of one phase in one batch at most: bounds how long its locks are held. */
  readonly maxBatch: number;
  /** Payments waiting to be accepted at most; beyond it {@link GroupCommitFull} is thrown at once. */
  readonly maxQueue: number;
  /** Called after each batch, for metrics, once for each phase that was in it. */
  readonly onBatch: (phase: "accept" | "settle", size: number, durationMs: number) => void;
}

/**
 * Group commit of both phases of payments: all that waits to be accepted and all that waits to be settled become one
 * statement, one round trip and one flush to disk. While PostgreSQL works on it, what arrives becomes the next batch,
 * which is sent before the first has ended, so neither process waits for the other to wake.
 *
 * The next batch goes on from the feature states that the one before it is about to store, and names their version. When
 * that one fails the next fails as well, and both are run again.
 *
 * Apart from these go payments that need locks, each phase with a connection and a transaction of its own: wallets pay
 * from a balance that must not move meanwhile, and where another server writes the same states they are locked, too.
 * While some of them run no other payment is accepted.
 */
export class PaymentBatches {
  readonly #options: PaymentBatchesOptions;
  readonly #bookings: GroupCommit<SettleItem, PaymentAnswer>;
  readonly #neighbour: NeighbourWatch;
  #accepting: Accepting[] = [];
  #locking: Accepting[] = [];
  #settling: Settling[] = [];
  /** Of batches that failed: each gets a statement of its own, so that one bad payment does not fail its neighbours. */
  #alone: Batch[] = [];
  #underWay = 0;
  #acceptingUnderWay = 0;
  /** So far. One that has failed since a batch took its states may be what that one went on from. */
  #failedBatches = 0;
  /**
   * After a failure, until all that was under way has ended: a new batch would go on from one that goes on from the one
   * that failed, and so would each after it.
   */
  #isDraining = false;
  /** A batch that has taken its states and not sent what becomes of them. */
  #isDeciding = false;
  #isLocked = false;
  /** Whether locking payments go before others. */
  #isTheirTurn = true;
  #isScheduled = false;

  constructor(options: PaymentBatchesOptions) {
    this.#options = options;
    this.#neighbour = new NeighbourWatch(options.accepting.monotonicMs);
    this.#bookings = new GroupCommit<SettleItem, PaymentAnswer>({
      name: "booking",
      lanes: 1,
      maxBatch: options.maxBatch,
      // Settling is never refused: the charge has been made.
      maxQueue: Number.POSITIVE_INFINITY,
      run: (items) =>
        settlePayments(items, options.connections.booking, options.knownAccounts, options.settleTimes()),
      onBatch: (size, durationMs) => options.onBatch("settle", size, durationMs),
    });
  }

  get queued(): { accept: number; settle: number } {
    return {
      accept: this.#accepting.length + this.#locking.length,
      settle: this.#settling.length + this.#bookings.queued,
    };
  }

  accept(item: AcceptItem): Promise<AcceptResult> {
    const { accept } = this.queued;
    if (accept >= this.#options.maxQueue) {
      return Promise.reject(new GroupCommitFull(`accept: ${accept} items are waiting`));
    }
    return new Promise((resolve, reject) => {
      const waiting: Accepting = { item, from: tracePoint(), tries: 0, resolve, reject };
      (item.request.method === "wallet" ? this.#locking : this.#accepting).push(waiting);
      this.#schedule();
    });
  }

  settle(item: SettleItem): Promise<PaymentAnswer> {
    const { knownAccounts, settleTimes } = this.#options;
    const write = asOneStatement(item, knownAccounts, settleTimes());
    if (write === null) {
      return againAfterLostConnection(() => againAfterLostRace(() => this.#bookings.submit(item)));
    }
    return new Promise((resolve, reject) => {
      this.#settling.push({ item: write, from: tracePoint(), tries: 0, resolve, reject });
      this.#schedule();
    });
  }

  /** Starts batches after the present turn of the event loop, so that callers of the same turn share one. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#startLocked();
      for (let batch = this.#nextBatch(); batch !== null; batch = this.#nextBatch()) void this.#run(batch);
    });
  }

  #startLocked(): void {
    if (this.#neighbour.isNear) {
      this.#locking.push(...this.#accepting.splice(0));
    }
    const mayStart = !this.#isLocked && !this.#isDeciding && this.#acceptingUnderWay === 0;
    if (mayStart && this.#locking.length > 0 && (this.#isTheirTurn || this.#accepting.length === 0)) {
      void this.#runLocked(this.#locking.splice(0, this.#options.maxBatch));
    }
  }

  #nextBatch(): Batch | null {
    if (this.#underWay >= UNDER_WAY_MAX) return null;
    const mayAccept = !this.#isLocked && !this.#isDeciding && !this.#isDraining;
    if (this.#alone.length > 0 && (mayAccept || this.#alone[0].accepting.length === 0)) {
      return this.#alone.shift()!;
    }
    const { maxBatch } = this.#options;
    const goesFirst = this.#locking.length > 0 && this.#isTheirTurn;
    const accepting = mayAccept && !goesFirst ? this.#accepting.splice(0, maxBatch) : [];
    const settling = this.#settling.splice(0, maxBatch);
    return accepting.length + settling.length === 0 ? null : batchOf(accepting, settling);
  }

  async #run(batch: Batch): Promise<void> {
    const { accepting, settling } = batch;
    const startedMs = performance.now();
    this.#underWay++;
    if (accepting.length > 0) {
      this.#acceptingUnderWay++;
      this.#isTheirTurn = true;
    }
    try {
      const results = await inSharedSpan(
        "payments batch",
        [...accepting, ...settling].map(({ from }) => from),
        () => this.#decideAndStore(batch),
      );
      accepting.forEach((waiting, i) => waiting.resolve(results[i]));
      for (const { item, resolve } of settling) resolve(item.answer);
    } catch (error) {
      this.#failed(batch, error);
    } finally {
      this.#underWay--;
      if (accepting.length > 0) this.#acceptingUnderWay--;
      if (this.#acceptingUnderWay === 0) this.#isDraining = false;
      const durationMs = performance.now() - startedMs;
      if (accepting.length > 0) this.#options.onBatch("accept", accepting.length, durationMs);
      if (settling.length > 0) this.#options.onBatch("settle", settling.length, durationMs);
      this.#schedule();
    }
  }

  async #decideAndStore(batch: Batch): Promise<readonly AcceptResult[]> {
    const { accepting, settling } = batch;
    const { connections, accepting: dependencies, settleTimes } = this.#options;
    const items = accepting.map(({ item }) => item);
    batch.failedBefore = this.#failedBatches;
    const decisions = accepting.length === 0 ? null : await this.#decide(items);
    const isWritten = decisions !== null && decisions.writes.length > 0;
    const version = newStateVersion();
    let stored: Promise<unknown> | null = null;
    try {
      const writer = connections.batches.alone([
        ...items.map(({ request }) => request.tenantId),
        ...settling.map(({ item }) => item.item.payment.tenantId),
      ]);
      const parts: StatementPart[] = [];
      if (isWritten) parts.push(acceptedPart(writer, decisions, version, dependencies));
      if (settling.length > 0) {
        parts.push(settledPart(writer, settling.map(({ item }) => item), settleTimes()));
      }
      if (parts.length > 0) stored = storeBatch(writer, parts);
      if (decisions !== null && (isWritten || !this.#isOnFailed(batch))) {
        rememberStates(decisions.states, isWritten ? version : null, dependencies.rememberedStates);
      }
    } finally {
      if (decisions !== null) this.#isDeciding = false;
    }
    this.#schedule();
    try {
      await stored;
    } catch (error) {
      if (decisions !== null) forgetStates(decisions.states, version, dependencies.rememberedStates);
      throw error;
    }
    if (isWritten) dependencies.clocks.advanced(decisions.clocks);
    rememberKeys(items, dependencies);
    return decisions?.results ?? [];
  }

  async #decide(items: readonly AcceptItem[]): Promise<Decisions> {
    const { connections, accepting } = this.#options;
    this.#isDeciding = true;
    try {
      const reader = connections.lookUps.reader(items.map(({ request }) => request.tenantId));
      return await decidePayments(items, reader, accepting, false);
    } catch (error) {
      this.#isDeciding = false;
      throw error;
    }
  }

  /** Nothing of the batch was committed, or it is unknown: it is run again where that can help. */
  #failed(batch: Batch, error: unknown): void {
    const isOnFailed = this.#isOnFailed(batch);
    this.#failedBatches++;
    this.#isDraining = true;
    const { accepting, settling } = batch;
    if (!this.#isWorthAnother(error, isOnFailed)) {
      const all = [...accepting, ...settling];
      if (all.length === 1 && !mayBeStored(all, error)) return all[0].reject(error);
      this.#alone.push(
        ...accepting.map((waiting) => batchOf([waiting], [])),
        ...settling.map((waiting) => batchOf([], [waiting])),
      );
      return;
    }
    this.#accepting.unshift(...withTriesLeft(accepting, error));
    this.#settling.unshift(...withTriesLeft(settling, error));
  }

  /** Whether it may have gone on from states that have never been. */
  #isOnFailed({ failedBefore }: Batch): boolean {
    return this.#failedBatches > failedBefore;
  }

  /** Notes what the failure tells of others, too. */
  #isWorthAnother(error: unknown, isOnFailed: boolean): boolean {
    if (isWithoutTenant(error)) return true;
    if (!isLostRace(error)) return false;
    if (isKnownKey(error)) this.#options.accepting.recentKeys.lookUpAll();
    else if (!isOnFailed && !isDeadlock(error)) this.#neighbour.lostRace();
    return true;
  }

  async #runLocked(waiting: readonly Accepting[]): Promise<void> {
    this.#isLocked = true;
    this.#isTheirTurn = false;
    const startedMs = performance.now();
    try {
      await this.#acceptLocked(waiting);
    } finally {
      this.#isLocked = false;
      this.#options.onBatch("accept", waiting.length, performance.now() - startedMs);
      this.#schedule();
    }
  }

  async #acceptLocked(waiting: readonly Accepting[]): Promise<void> {
    const { connections, accepting } = this.#options;
    try {
      const results = await inSharedSpan(
        "locking batch",
        waiting.map(({ from }) => from),
        () => acceptUnderLock(waiting.map(({ item }) => item), connections.locking, accepting),
      );
      waiting.forEach(({ resolve }, i) => resolve(results[i]));
    } catch (error) {
      if (this.#isWorthAnother(error, false)) this.#locking.unshift(...withTriesLeft(waiting, error));
      else if (waiting.length === 1 && !mayBeStored(waiting, error)) waiting[0].reject(error);
      else for (const one of waiting) await this.#acceptLocked([one]);
    }
  }
}
