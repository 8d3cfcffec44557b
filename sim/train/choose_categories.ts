import type { InputSpec } from "../../src/fraud/model/manifest.ts";
import { unseenCategory } from "./fit_inputs.ts";
import { type Check, clearlyBest } from "./mix_with_regression.ts";
import { boostTrees } from "./trees/boost_trees.ts";
import type { WeightedRows } from "./weighted_rows.ts";

/** Which categories a model may look at, by feature: more and more, and each has to be better than what was chosen so far. */
const CHOICES: readonly ((feature: string) => boolean)[] = [
  () => false,
  (feature) => feature === "merchant_category",
  () => true,
];

/** With little fraud one forest is lucky and another is not: three together are less so. */
const FORESTS = [0, 1, 2];

/** Rows to choose by, counted by whose they are and by where they were paid. */
export interface CategoryCheck {
  readonly byCustomer: Check;
  readonly byMerchant: Check;
}

/**
 * The inputs, with those of categories emptied that do not clearly help. In some data the category is the best thing to
 * know of a payment; where fraud came in few affairs, the countries of those affairs look like the countries of fraud, and
 * a model that believes it is half as good a month later. No count of training rows tells these apart, so trees are grown
 * each way and judged on validation, as the mixtures are. As one merchant's affair has many victims, and one card's many
 * merchants, a choice has to be better by more than chance when customers are drawn again, and when merchants are. Trees
 * take seconds, and what they can use of a category the networks can too.
 */
export function chooseCategories(
  train: WeightedRows,
  { byCustomer, byMerchant }: CategoryCheck,
  inputs: readonly InputSpec[],
  seed: number,
): InputSpec[] {
  const choices = CHOICES.map((isSeen) =>
    inputs.map((input) =>
      input.codes === undefined || isSeen(input.feature) ? input : unseenCategory(input.feature, input.median)
    )
  ).filter((choice, i, all) => i === 0 || seenCategories(choice).length > seenCategories(all[i - 1]).length);
  if (choices.length === 1) return choices[0];
  // Each is stopped and judged on the same rows: that flatters all alike, and what is chosen is only between them.
  const scores = choices.map((choice) => {
    const grown = FORESTS.map((offset) =>
      boostTrees(train, byCustomer.rows, choice, seed + offset).stopLogits
    );
    return grown[0].map((_, row) => grown.reduce((sum, logits) => sum + logits[row], 0));
  });
  let chosen = 0;
  for (let next = 1; next < choices.length; next++) {
    const pair = [scores[chosen], scores[next]];
    if (clearlyBest(pair, byCustomer) === 1 && clearlyBest(pair, byMerchant) === 1) chosen = next;
  }
  return choices[chosen];
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
