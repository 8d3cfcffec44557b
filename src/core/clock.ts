/**
 * Time is passed in, never taken from the air, so that a test can say what time it is and a simulation can run
 * a month in a second.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch, an integer. */
  nowMs(): number;
  /** Monotonic milliseconds with a fraction; only differences mean anything. */
  monotonicMs(): number;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** A clock that stands still until it is told to advance. */
export class ManualClock implements Clock {
  #nowMs: number;
  constructor(startMs: number) {
    this.#nowMs = startMs;
  }
  nowMs(): number {
    return this.#nowMs;
  }
  monotonicMs(): number {
    return this.#nowMs;
  }
  advance(durationMs: number): void {
    this.#nowMs += durationMs;
  }
}

/** RFC 3339 in UTC with milliseconds, the only form times take in answers. */
export function toRfc3339(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

const HOUR_MS = 3_600_000;

/** The hour of the day, UTC, with its fraction. */
export function hourUtc(epochMs: number): number {
  const ofDayMs = epochMs % (24 * HOUR_MS);
  return (ofDayMs < 0 ? ofDayMs + 24 * HOUR_MS : ofDayMs) / HOUR_MS;
}
