import { Random } from "../../src/core/random.ts";
import { drawAgain } from "../../src/fraud/measures/draw_again.ts";
import { ranking, weightedAveragePrecision } from "../../src/fraud/measures/metrics.ts";
import type { InputSpec } from "../../src/fraud/model/manifest.ts";
import { type DenseLayer, Network } from "../../src/fraud/model/network.ts";
import { joinMembers, linearMember, wholeFeatures } from "./join_members.ts";
import { fitLogistic } from "./logistic_regression.ts";
import type { SampledRows, WeightedRows } from "./weighted_rows.ts";

/** Rows to choose by, and what is drawn again: by row its group, numbers from 0 to below `groups`. */
export interface Check {
  readonly rows: WeightedRows;
  readonly group: Uint32Array;
  readonly groups: number;
}

/** Drawn again by customer, say, or by merchant. */
export function checkBy(rows: SampledRows, ownerOf: (row: number) => number): Check {
  const places = new Map<number, number>();
  const group = Uint32Array.from(rows.rows, (row) => {
    const owner = ownerOf(row);
    const place = places.get(owner) ?? places.size;
    places.set(owner, place);
    return place;
  });
  return { rows, group, groups: places.size };
}

export interface Mixture {
  readonly layers: DenseLayer[];
  /** How much the networks count together; the rest is the regression's. */
  readonly networkShare: number;
}

/** The first is what stays when validation does not tell them apart. */
const NETWORK_SHARES = [0.5, 0.75, 1, 0.25, 0] as const;
/** As in the baseline's regression. */
const RIDGE = 0.3;
const DRAWS = 100;
/** With fraud of fewer customers than that, drawing them again says next to nothing of chance. */
const LEAST_DEFRAUDED = 10;

/**
 * The ensemble's last member is a logistic regression: with little fraud to learn from it is the steadier of the two.
 * Half each, unless another mixture is better on the rows to choose by, and by more than chance: than the standard error
 * of the difference when customers are drawn again. Both mixtures are judged by the same draw, because their mistakes are
 * nearly the same and most of what one draw does to the one it does to the other. With few known frauds half it stays.
 */
export function mixWithRegression(
  train: WeightedRows,
  check: Check,
  inputs: readonly InputSpec[],
  networks: readonly (readonly DenseLayer[])[],
): Mixture {
  const [regression] = fitLogistic(train, wholeFeatures(inputs), RIDGE);
  const linear = linearMember(regression, inputs);
  const mixtures = NETWORK_SHARES.map((networkShare): Mixture => ({
    networkShare,
    layers: joinMembers([
      ...networks.map((layers) => ({ layers, weight: networkShare / networks.length })),
      { layers: linear, weight: 1 - networkShare },
    ]),
  }));
  return mixtures[
    clearlyBest(mixtures.map(({ layers }) => scoresOf(new Network(inputs, layers), check.rows)), check)
  ];
}

/**
 * The place of the best scores, or 0 where they are not better than the first by more than the standard error of the
 * difference, or the rows know fraud of fewer than ten customers. Of equals it still takes another than the first in one case of four or so.
 */
export function clearlyBest(scores: readonly Float64Array[], { rows, group, groups }: Check): number {
  const defrauded = new Set(group.filter((_, row) => rows.label[row] === 1));
  if (defrauded.size < LEAST_DEFRAUDED) return 0;
  const orders = scores.map(ranking);
  const precision = (place: number, weights: Uint8Array | null) =>
    weightedAveragePrecision(
      scores[place],
      rows.label,
      (row) => rows.weight[row] * (weights === null ? 1 : weights[group[row]]),
      orders[place],
    );
  const precisions = scores.map((_, place) => precision(place, null));
  const best = precisions.reduce((to, value, place) => value > precisions[to] ? place : to, 0);
  if (best === 0) return 0;
  const gains = drawAgain(
    groups,
    new Random(1).fork("mixture"),
    (weights) => precision(best, weights) - precision(0, weights),
    DRAWS,
  ).filter((gain) => !Number.isNaN(gain));
  const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
  const error = Math.sqrt(gains.reduce((sum, gain) => sum + (gain - mean) ** 2, 0) / (gains.length - 1));
  return precisions[best] - precisions[0] > error ? best : 0;
}

/** The logits of the rows. */
export function scoresOf(network: Network, rows: WeightedRows): Float64Array {
  return Float64Array.from({ length: rows.length }, (_, row) => network.logit(rows.vector(row)));
}
