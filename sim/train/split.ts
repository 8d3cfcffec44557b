import { assert } from "../../src/core/assert.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";

/** From the first instant to before the second, in milliseconds since the epoch. */
export type Period = readonly [fromMs: number, untilMs: number];

/** Which payments serve what. Later data never helps earlier; labels count as they were known when the model was made. */
export interface Fold {
  readonly train: Period;
  readonly validation: Period;
  readonly madeAtMs: number;
  readonly test: Period;
}

const SHORTEST_WORLD_DAYS = 20;

/**
 * For the model that goes into a server. A world of 60 days: days 0–3 only warm the feature states up, 4–29 train,
 * 30–31 are a gap so that few campaigns straddle the border, 32–39 validate, 40–45 let labels arrive, the model is made
 * on day 46, 46–59 test.
 */
export function splitDays(startMs: number, days: number): Fold {
  assert(days >= SHORTEST_WORLD_DAYS, `Training needs ${SHORTEST_WORLD_DAYS} days at least, not ${days}.`);
  const at = (share: number) => startMs + Math.round(days * share) * DAY_MS;
  return {
    train: [at(0.067), at(0.5)],
    validation: [at(0.533), at(0.667)],
    madeAtMs: at(0.767),
    test: [at(0.767), startMs + days * DAY_MS],
  };
}

/** What {@link rollingFolds} needs at least. */
export const shortestSpanDays = (folds: number, labelDelayDays: number) => folds + 3 + labelDelayDays;

/**
 * The benchmark's folds, each a block of test days with a model of its own: some days of warm-up, training, a block of
 * validation, the days that labels need, then test. The blocks are as long as the span allows and follow each other to
 * its end; training grows from fold to fold.
 */
export function rollingFolds(span: Period, folds: number, labelDelayDays: number): Fold[] {
  const days = (span[1] - span[0]) / DAY_MS;
  const least = shortestSpanDays(folds, labelDelayDays);
  assert(days >= least, `${folds} folds need ${least} days at least, not ${days.toFixed(1)}.`);
  const warmUp = Math.floor(0.08 * days);
  // The first fold trains on two blocks and validates on one.
  const block = Math.max(1, Math.floor((days - warmUp - labelDelayDays) / (folds + 3)));
  return Array.from({ length: folds }, (_, fold) => {
    const madeAtMs = span[1] - (folds - fold) * block * DAY_MS;
    const knownUntilMs = madeAtMs - labelDelayDays * DAY_MS;
    const validationFromMs = knownUntilMs - block * DAY_MS;
    return {
      train: [span[0] + Math.min(warmUp, days) * DAY_MS, validationFromMs],
      validation: [validationFromMs, knownUntilMs],
      madeAtMs,
      test: [madeAtMs, madeAtMs + block * DAY_MS],
    };
  });
}
