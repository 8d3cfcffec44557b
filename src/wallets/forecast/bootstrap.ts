import { Random } from "../../core/random.ts";

/** Drawn in runs of a week, so that a weekday keeps its neighbours. */
export const BLOCK_DAYS = 7;

/** Below three weeks there are too few different weeks to draw from. */
export const HISTORY_MIN_DAYS = 21;

/** Days on which something was spent: fewer say little about the next ones. */
export const SPENDING_DAYS_MIN = 8;

/** The drawn history's length, as a share of the real one's. */
const DRAWN_SHARE = 0.5;

/**
 * Futures of a series of daily net flows, by a double block bootstrap: each path first draws a history of its own, week
 * by week, and then its days from that. The first draw stands for what a short history leaves unknown about the true
 * mean. Measured on 400 simulated lives with histories of 30 to 90 days, 80% intervals covered 66% without it, 76% with
 * a drawn history as long as the real one, and 82% with one half as long.
 */
export function* bootstrapPaths(
  dailyNet: readonly number[],
  options: { paths: number; seed: number },
): Generator<() => number> {
  const random = new Random(options.seed);
  const days = dailyNet.length;
  const drawnDays = Math.max(BLOCK_DAYS, Math.round(days * DRAWN_SHARE));
  const drawn = new Float64Array(drawnDays);
  for (let path = 0; path < options.paths; path++) {
    for (let day = 0; day < drawnDays;) {
      const start = random.integer(0, days - 1);
      for (let i = 0; i < BLOCK_DAYS && day < drawnDays; i++) drawn[day++] = dailyNet[(start + i) % days];
    }
    let at = 0;
    let left = 0;
    yield () => {
      if (left-- === 0) {
        at = random.integer(0, drawnDays - 1);
        left = BLOCK_DAYS - 1;
      }
      return drawn[at++ % drawnDays];
    };
  }
}
