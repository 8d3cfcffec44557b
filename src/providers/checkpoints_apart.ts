/** Rows between two checkpoints: some 5 MB of write-ahead log. */
const EVERY_ROWS = 2_000;

/**
 * Moves what a SQLite write-ahead log holds into its database from a thread of its own. SQLite does it by itself in
 * whichever commit fills the log, and waits for the disk there: 10 to 50 ms in which the thread that decides payments
 * decides none.
 */
export class CheckpointsApart {
  readonly #path: string;
  readonly #onFailure: () => void;
  #worker: Worker | null = null;
  #rows = 0;
  #isUnderWay = false;
  #hasFailed = false;

  /** @param onFailure called once, when there is no such thread: from then on nothing is done here */
  constructor(path: string, onFailure: () => void) {
    this.#path = path;
    this.#onFailure = onFailure;
  }

  /** To be called after each commit. */
  committed(rows: number): void {
    this.#rows += rows;
    if (this.#rows < EVERY_ROWS || this.#isUnderWay || this.#hasFailed) return;
    this.#rows = 0;
    this.#isUnderWay = true;
    this.#worker ??= this.#startWorker();
    this.#worker.postMessage(this.#path);
  }

  close(): void {
    this.#worker?.terminate();
  }

  #startWorker(): Worker {
    const worker = new Worker(new URL("./checkpoint_worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = () => this.#isUnderWay = false;
    worker.onerror = (event) => {
      event.preventDefault();
      if (this.#hasFailed) return;
      this.#hasFailed = true;
      this.#onFailure();
    };
    return worker;
  }
}
