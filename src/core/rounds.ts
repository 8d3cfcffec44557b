/**
 * Does a piece of work again and again, one round at a time, with a pause between two, until it is stopped. A round
 * that fails is reported and followed by the next.
 */
export class Rounds {
  readonly #work: (isStopped: () => boolean) => Promise<void>;
  readonly #pauseMs: number;
  readonly #onError: (error: unknown) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;
  #wokenInRound = false;

  constructor(options: {
    /** One round; long ones look at `isStopped` and end early. */
    work: (isStopped: () => boolean) => Promise<void>;
    pauseMs: number;
    onError: (error: unknown) => void;
  }) {
    this.#work = options.work;
    this.#pauseMs = options.pauseMs;
    this.#onError = options.onError;
  }

  start(): void {
    if (this.#stopped) return;
    this.#timer = undefined;
    this.#wokenInRound = false;
    this.#running = this.#round().finally(() => {
      if (!this.#stopped) {
        this.#timer = setTimeout(() => this.start(), this.#wokenInRound ? 0 : this.#pauseMs);
      }
    });
  }

  /** Begins a round now and not at the end of the pause; a round under way is followed by another. */
  wake(): void {
    if (this.#timer === undefined) {
      this.#wokenInRound = true;
      return;
    }
    clearTimeout(this.#timer);
    this.start();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const enough = new Promise<void>((resolve) => timer = setTimeout(resolve, STOP_MAX_MS));
    await Promise.race([this.#running, enough]);
    clearTimeout(timer);
  }

  async #round(): Promise<void> {
    try {
      await this.#work(() => this.#stopped);
    } catch (error) {
      // Once stopped, the connections are closed under a round that did not end in time.
      if (!this.#stopped) this.#onError(error);
    }
  }
}

/** A round under way when the server stops gets this long; what it leaves, the next start finishes. */
const STOP_MAX_MS = 2_000;
