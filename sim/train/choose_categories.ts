import { Random } from "../../src/core/random.ts";
import { drawAgain } from "../../src/fraud/measures/draw_again.ts";
import { ranking, weightedAveragePrecision, weightedRocAuc } from "../../src/fraud/measures/metrics.ts";
import type { InputSpec } from "../../src/fraud/model/manifest.ts";
import { unseenCategory } from "./fit_inputs.ts";
import type { Check } from "./mix_with_regression.ts";
import { boostTrees } from "./trees/boost_trees.ts";
import type { WeightedRows } from "./weighted_rows.ts";

/** Groups of categories that a model may look at, asked one after the other, each beside what was chosen so far. */
const GROUPS: readonly ReadonlySet<string>[] = [
  new Set(["merchant_category"]),
  new Set(["merchant_country", "payment_country", "customer_country"]),
];

/** With little fraud one forest is lucky and another is not: three together are less so. */
const FORESTS = [0, 1, 2];

const DRAWS = 200;
/** In so many of them the average precision has to rise. */
const LEAST_SHARE = 0.95;
/**
 * Or in so many, where the AUC rises in nearly all: with some dozens of frauds the average precision hangs on the luckiest few, and a
 * category that lifts most of the others is seen by the AUC.
 */
const LEAST_SHARE_WITH_AUC = 0.8;
const LEAST_AUC_SHARE = 0.99;
/** Fraud of fewer customers, or at fewer merchants, says next to nothing when they are drawn again. */
const LEAST_DEFRAUDED = 5;
/** Of fewer merchants altogether, fraud is at few of them whatever it is; they say nothing, and are not asked. */
const LEAST_GROUPS = 10;

/** The same rows to choose by, three ways to draw them again. */
export interface CategoryCheck {
  readonly byCustomer: Check;
  readonly byMerchant: Check;
  /** Asked where there are too few customers and too few merchants to draw. */
  readonly byPayment: Check;
}

/**
 * The inputs, with those of categories emptied that do not surely help. In some data the category is the best thing to
 * know of a payment; where fraud came in few affairs, the countries of those affairs look like the countries of fraud, and
 * a model that believes it is half as good a month later. No count of training rows tells these apart, so trees are grown
 * each way and judged on validation. As one merchant's affair has many victims, and one card's many merchants, a category
 * has to help in nearly all draws of customers, and of merchants. Trees take seconds, and what they can use of a category
 * the networks can too.
 */
export function chooseCategories(
  train: WeightedRows,
  check: CategoryCheck,
  inputs: readonly InputSpec[],
  seed: number,
): InputSpec[] {
  const { rows } = check.byPayment;
  // Each is stopped and judged on the same rows: that flatters all alike, and what is chosen is only between them.
  const scoresOf = (choice: readonly InputSpec[]) => {
    const grown = FORESTS.map((offset) => boostTrees(train, rows, choice, seed + offset).stopLogits);
    return grown[0].map((_, row) => grown.reduce((sum, logits) => sum + logits[row], 0));
  };
  const seen = new Set<string>();
  let chosen: InputSpec[] = blindTo(inputs, seen);
  let scores: Float64Array | undefined;
  for (const group of GROUPS) {
    const next = blindTo(inputs, seen.union(group));
    if (seenCategories(next).length === seenCategories(chosen).length) continue;
    scores ??= scoresOf(chosen);
    const nextScores = scoresOf(next);
    if (!surelyHelps(nextScores, scores, check)) continue;
    [chosen, scores] = [next, nextScores];
    for (const feature of group) seen.add(feature);
  }
  return chosen;
}

function blindTo(inputs: readonly InputSpec[], seen: ReadonlySet<string>): InputSpec[] {
  return inputs.map((input) =>
    input.codes === undefined || seen.has(input.feature) ? input : unseenCategory(input.feature, input.median)
  );
}

function surelyHelps(
  scores: Float64Array,
  without: Float64Array,
  { byCustomer, byMerchant, byPayment }: CategoryCheck,
): boolean {
  const telling = [byCustomer, byMerchant].filter(({ groups }) => groups >= LEAST_GROUPS);
  const orders = [ranking(scores), ranking(without)];
  return (telling.length === 0 ? [byPayment] : telling).every(({ rows, group, groups }) => {
    if (new Set(group.filter((_, row) => rows.label[row] === 1)).size < LEAST_DEFRAUDED) return false;
    const gains = drawAgain(groups, new Random(1).fork("categories"), (weights) => {
      const weightOf = (row: number) => rows.weight[row] * weights[group[row]];
      const gainIn = (measure: typeof weightedRocAuc) =>
        measure(scores, rows.label, weightOf, orders[0]) - measure(without, rows.label, weightOf, orders[1]);
      return { averagePrecision: gainIn(weightedAveragePrecision), auc: gainIn(weightedRocAuc) };
    }, DRAWS).filter(({ averagePrecision }) => !Number.isNaN(averagePrecision));
    const share = (of: "averagePrecision" | "auc") =>
      gains.filter((gain) => gain[of] > 0).length / gains.length;
    return share("averagePrecision") >= LEAST_SHARE ||
      share("averagePrecision") >= LEAST_SHARE_WITH_AUC && share("auc") >= LEAST_AUC_SHARE;
  });
}

/** The categories that a model with these inputs looks at, by feature. */
export function seenCategories(inputs: readonly InputSpec[]): string[] {
  return inputs.filter(({ codes, edges }) => codes !== undefined && edges.length > 0).map(({ feature }) =>
    feature
  );
}

/** `merchant_category`; or that there are none. */
export function categoriesText(inputs: readonly InputSpec[]): string {
  return seenCategories(inputs).join(" and ") || "none";
}
