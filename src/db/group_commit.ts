import { setImmediate } from "node:timers";
import { inSharedSpan, type TracePoint, tracePoint } from "../core/trace.ts";

/**
 * Group commit: callers that wait at the same moment share one round trip and one flush to disk.
 *
 * While a batch runs, what arrives is collected; when it ends, everything collected becomes the next batch. So a
 * lone caller waits for nobody, and under load the batch grows until the work and the disk keep up.
 */
export interface GroupCommitOptions<Item, Result> {
  name: string;
  /** Runs one batch in one transaction; a rejection means that nothing of it was committed, or that it is unknown. */
  run: (items: readonly Item[], lane: number) => Promise<Result[]>;
  /** Batches under way at once, each on a connection of its own. */
  lanes: number;
  /** Items in one batch at most: bounds how long its locks are held. */
  maxBatch: number;
  /** Items waiting at most; beyond it {@link GroupCommitFull} is thrown at once. */
  maxQueue: number;
  /** Called after each batch, for metrics. */
  onBatch?: (size: number, durationMs: number) => void;
}

export class GroupCommitFull extends Error {
  override name = "GroupCommitFull";
}

interface Waiting<Item, Result> {
  item: Item;
  from: TracePoint;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

export class GroupCommit<Item, Result> {
  readonly #options: GroupCommitOptions<Item, Result>;
  readonly #freeLanes: number[];
  #waiting: Waiting<Item, Result>[] = [];
  #scheduled = false;

  constructor(options: GroupCommitOptions<Item, Result>) {
    this.#options = options;
    this.#freeLanes = Array.from({ length: options.lanes }, (_, lane) => lane);
  }

  get queued(): number {
    return this.#waiting.length;
  }

  submit(item: Item): Promise<Result> {
    if (this.#waiting.length >= this.#options.maxQueue) {
      return Promise.reject(
        new GroupCommitFull(`${this.#options.name}: ${this.#waiting.length} items are waiting`),
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, from: tracePoint(), resolve, reject });
      this.#schedule();
    });
  }

  /** Starts batches after the present turn of the event loop, so that callers of the same turn share one. */
  #schedule(): void {
    if (this.#scheduled || this.#freeLanes.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      while (this.#waiting.length > 0 && this.#freeLanes.length > 0) {
        const lane = this.#freeLanes.pop()!;
        const batch = this.#waiting.splice(0, this.#options.maxBatch);
        this.#runBatch(batch, lane).finally(() => {
          this.#freeLanes.push(lane);
          if (this.#waiting.length > 0) this.#schedule();
        });
      }
    });
  }

  async #runBatch(batch: Waiting<Item, Result>[], lane: number): Promise<void> {
    const startedMs = performance.now();
    try {
      const results = await inSharedSpan(
        `${this.#options.name} batch`,
        batch.map(({ from }) => from),
        () => this.#options.run(batch.map(({ item }) => item), lane),
      );
      batch.forEach((waiting, i) => waiting.resolve(results[i]));
    } catch (error) {
      if (batch.length === 1) batch[0].reject(error);
      // One bad item must not fail its neighbours: each gets a transaction of its own.
      else for (const waiting of batch) await this.#runBatch([waiting], lane);
    } finally {
      this.#options.onBatch?.(batch.length, performance.now() - startedMs);
    }
  }
}
