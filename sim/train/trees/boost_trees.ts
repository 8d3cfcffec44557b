import { Random } from "../../../src/core/random.ts";
import { weightedAveragePrecision } from "../../../src/fraud/measures/metrics.ts";
import { edgeValue } from "../../../src/fraud/model/category_order.ts";
import { sigmoid } from "../../../src/fraud/model/fraud_model.ts";
import type { InputSpec } from "../../../src/fraud/model/manifest.ts";
import { shuffleInPlace } from "../shuffle.ts";
import type { WeightedRows } from "../weighted_rows.ts";
import { binFeatures, type BinnedFeature, binOf, type Cut } from "./binned_features.ts";
import { growTree, type Slopes, type Tree, type TreeOptions, valueOf } from "./grow_tree.ts";

export interface BoostedTrees {
  /** The logit before any tree. */
  readonly bias: number;
  readonly trees: readonly Tree[];
  /** What a split's feature and bin mean: bins up to `bin` are those below `cuts[bin]`. */
  readonly features: readonly { readonly feature: number; readonly cuts: readonly Cut[] }[];
  /** What these trees give the rows that said how many of them are best. */
  readonly stopLogits: Float64Array;
}

/** Twelve leaves: sixteen were no better, and every leaf is a unit of the first layer (trees_member.ts). */
const TREE: TreeOptions = { mostLeaves: 12, leastRows: 20, ridge: 5 };
const MOST_TREES = 100;
const SHRINKAGE = 0.12;
const PATIENCE_TREES = 40;
/** Each tree sees another part of the features and of the rows. */
const FEATURE_SHARE = 0.5;
const ROW_SHARE = 0.8;

/**
 * Trees one after the other, each a Newton step on what the ones before leave unexplained, as many as are best on `stop`.
 * They find the corners that networks of few edges round off. One seed and the same rows give the same trees.
 * @param inputs say in which order a category's codes are cut
 */
export function boostTrees(
  train: WeightedRows,
  stop: WeightedRows,
  inputs: readonly InputSpec[],
  seed: number,
): BoostedTrees {
  const binned = binFeatures(train, inputs);
  const bias = logitOfFraud(train);
  const features = binned.map(({ feature, cuts }) => ({ feature, cuts }));
  const stopLogits = new Float64Array(stop.length).fill(bias);
  if (binned.length === 0) return { bias, trees: [], features, stopLogits };
  const stopBinned = binAlike(binned, stop, inputs);
  const logits = new Float64Array(train.length).fill(bias);
  const chance = new Random(seed).fork("trees");
  const slopes = { gradient: new Float64Array(train.length), curvature: new Float64Array(train.length) };
  const places = Uint32Array.from(binned, (_, place) => place);
  const all = Uint32Array.from({ length: train.length }, (_, row) => row);
  const trees: Tree[] = [];
  let best = { averagePrecision: -1, trees: 0, stopLogits };
  while (trees.length < MOST_TREES && trees.length - best.trees < PATIENCE_TREES) {
    readSlopes(train, logits, slopes);
    shuffleInPlace(places, chance);
    const tree = growTree(
      binned,
      [...places.subarray(0, Math.ceil(FEATURE_SHARE * places.length))].sort((a, b) => a - b),
      all.filter(() => chance.uniform() < ROW_SHARE),
      slopes,
      TREE,
    );
    shrink(tree);
    trees.push(tree);
    for (let row = 0; row < train.length; row++) logits[row] += valueOf(tree, binned, row);
    for (let row = 0; row < stop.length; row++) stopLogits[row] += valueOf(tree, stopBinned, row);
    const averagePrecision = weightedAveragePrecision(stopLogits, stop.label, (row) => stop.weight[row]);
    // Where nothing is known to stop by, all trees are as good as any number.
    if (!(averagePrecision <= best.averagePrecision)) {
      best = { averagePrecision, trees: trees.length, stopLogits: stopLogits.slice() };
    }
  }
  return { bias, trees: trees.slice(0, best.trees), features, stopLogits: best.stopLogits };
}

function logitOfFraud({ label, weight }: WeightedRows): number {
  let [fraud, all] = [0.5, 1];
  for (let row = 0; row < label.length; row++) {
    all += weight[row];
    if (label[row] === 1) fraud += weight[row];
  }
  return Math.log(fraud / (all - fraud));
}

function binAlike(
  binned: readonly BinnedFeature[],
  rows: WeightedRows,
  inputs: readonly InputSpec[],
): { readonly bins: Uint8Array }[] {
  return binned.map(({ feature, cuts }) => ({
    bins: Uint8Array.from(
      { length: rows.length },
      (_, row) => binOf(cuts, edgeValue(inputs[feature], rows.vector(row)[feature])),
    ),
  }));
}

function readSlopes({ label, weight }: WeightedRows, logits: Float64Array, slopes: Slopes): void {
  for (let row = 0; row < logits.length; row++) {
    const p = sigmoid(logits[row]);
    slopes.gradient[row] = weight[row] * (p - label[row]);
    slopes.curvature[row] = weight[row] * p * (1 - p);
  }
}

function shrink(tree: Tree): void {
  if ("feature" in tree) {
    shrink(tree.below);
    shrink(tree.above);
  } else tree.value *= SHRINKAGE;
}
