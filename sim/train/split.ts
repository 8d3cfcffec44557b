import { assert } from "../../src/core/assert.ts";

/** Which days serve what, each from its first day to before its last. Later data never helps earlier. */
export interface Split {
  readonly train: readonly [number, number];
  readonly validation: readonly [number, number];
  /** The model is made at the start of this day and knows the labels that had arrived by then. */
  readonly cutOffDay: number;
  readonly test: readonly [number, number];
}

const SHORTEST_WORLD_DAYS = 20;

/**
 * A world of 60 days: days 0–3 only warm the feature states up, 4–29 train, 30–31 are a gap so that few campaigns
 * straddle the border, 32–39 validate, 40–45 let labels arrive, the model is made on day 46, 46–59 test.
 */
export function splitDays(days: number): Split {
  assert(days >= SHORTEST_WORLD_DAYS, `Training needs ${SHORTEST_WORLD_DAYS} days at least, not ${days}.`);
  const at = (share: number) => Math.round(days * share);
  return {
    train: [at(0.067), at(0.5)],
    validation: [at(0.533), at(0.667)],
    cutOffDay: at(0.767),
    test: [at(0.767), days],
  };
}
