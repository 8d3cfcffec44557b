/**
 * Two lost races at states so close together are a server that writes the same ones all the time; one by itself is a
 * label, which writes them once.
 */
const NEIGHBOUR_WITHIN_MS = 1_000;
/** After another server was met at the same states, how long payments lock what they read. */
const LOCK_STATES_FOR_MS = 30_000;

/** Whether another server writes the same feature states: then payments lock them instead of racing for them. */
export class NeighbourWatch {
  readonly #monotonicMs: () => number;
  #lostRaceAtMs = Number.NEGATIVE_INFINITY;
  #lockStatesUntilMs = Number.NEGATIVE_INFINITY;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  get isNear(): boolean {
    return this.#monotonicMs() < this.#lockStatesUntilMs;
  }

  /** A state was changed, or created, between its reading and its writing. */
  lostRace(): void {
    const nowMs = this.#monotonicMs();
    if (nowMs - this.#lostRaceAtMs < NEIGHBOUR_WITHIN_MS) {
      this.#lockStatesUntilMs = nowMs + LOCK_STATES_FOR_MS;
    }
    this.#lostRaceAtMs = nowMs;
  }
}
