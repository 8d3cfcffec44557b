import type { Random } from "../../src/core/random.ts";
import { ranking, weightedAveragePrecision } from "../../src/fraud/measures/metrics.ts";

const DRAWS = 200;

/** One fold's scores of the same payments: a contender's, and the true probabilities of fraud. */
export interface AgainstOracle {
  readonly scores: Float64Array;
  readonly posterior: Float64Array;
}

/**
 * In what share of worlds a contender would be as far above the oracle by luck. Each world has the same payments and the same scores, and fraud
 * drawn anew from the true probabilities; so there nobody knows more than the oracle, and who is above it was lucky. Customers drawn
 * again cannot tell that: a lucky fraud at the top of the list stays there in most of the draws. Where the posterior takes few
 * values, the oracle's order among equals is as good as any other, and some are luckier.
 * @param difference mean over the folds of the contender's average precision less the oracle's
 */
export function luckAgainstOracle(
  folds: readonly AgainstOracle[],
  difference: number,
  random: Random,
): number {
  const orders = folds.map(({ scores, posterior }) => [ranking(scores), ranking(posterior)] as const);
  let reached = 0;
  for (let draw = 0; draw < DRAWS; draw++) {
    let sum = 0;
    for (const [f, { scores, posterior }] of folds.entries()) {
      const fraud = Uint8Array.from(posterior, (p) => random.chance(p) ? 1 : 0);
      const above = weightedAveragePrecision(scores, fraud, () => 1, orders[f][0]) -
        weightedAveragePrecision(posterior, fraud, () => 1, orders[f][1]);
      // A fold without fraud tells nothing.
      if (!Number.isNaN(above)) sum += above / folds.length;
    }
    if (sum >= difference) reached++;
  }
  return reached / DRAWS;
}
