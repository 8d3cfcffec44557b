import { expect } from "expect";
import { Random } from "../../src/core/random.ts";
import { FEATURE_INDEX as F, FEATURES } from "../../src/fraud/features/catalogue.ts";
import { categoryCode } from "../../src/fraud/features/category_code.ts";
import { averagePrecision } from "../../src/fraud/measures/metrics.ts";
import { OTHER_CODE } from "../../src/fraud/model/category_order.ts";
import { inputPosition } from "../../src/fraud/model/encode_inputs.ts";
import type { InputSpec } from "../../src/fraud/model/manifest.ts";
import { Network } from "../../src/fraud/model/network.ts";
import { fitInputs, fitLinearInputs } from "./fit_inputs.ts";
import { wholeFeatures } from "./join_members.ts";
import { fitLogistic } from "./logistic_regression.ts";
import { boostTrees } from "./trees/boost_trees.ts";
import { refineInputs } from "./trees/refine_inputs.ts";
import { cutsUsed, treesMember } from "./trees/trees_member.ts";
import type { WeightedRows } from "./weighted_rows.ts";

/** Of as many categories, each fourth is risky; the codes are hashes, so nothing lies in their size. */
const nameOf = (category: number) => `category ${category}`;
const isRisky = (category: number) => category % 4 === 1;

/** Fraud by category, and hardly by amount. */
function rowsByCategory(length: number, categories: number, seed: number): WeightedRows {
  const random = new Random(seed);
  const label = new Uint8Array(length);
  const vectors = Array.from({ length }, (_, row) => {
    const vector = new Float32Array(FEATURES.length);
    const category = random.integer(0, categories - 1);
    label[row] = random.chance(isRisky(category) ? 0.3 : 0.005) ? 1 : 0;
    vector[F.amount_usd] = random.between(1, 100);
    vector[F.merchant_category] = categoryCode(nameOf(category));
    return vector;
  });
  return { length, vector: (row) => vectors[row], label, weight: new Float32Array(length).fill(1) };
}

const scoresOf = (network: Network, rows: WeightedRows) =>
  Float64Array.from({ length: rows.length }, (_, row) => network.logit(rows.vector(row)));

function categoryOf(inputs: readonly InputSpec[]): InputSpec & { readonly codes: readonly number[] } {
  const input = inputs[F.merchant_category];
  expect(input.codes).toBeDefined();
  return input as InputSpec & { readonly codes: readonly number[] };
}

for (const categories of [12, 120]) {
  Deno.test(`of ${categories} categories the risky ones come last, and rows of others find them by regression and trees`, () => {
    const [train, stop, fresh] = [1, 2, 3].map((seed) => rowsByCategory(12_000, categories, seed));
    const names = new Map(
      Array.from({ length: categories }, (_, i) => [categoryCode(nameOf(i)), nameOf(i)]),
    );
    const inputs = fitInputs(train, names);
    const input = categoryOf(inputs);
    const risky = (code: number) => isRisky(Number(names.get(code)!.split(" ")[1]));
    const known = input.codes.filter((code) => code !== OTHER_CODE);
    // Of a hundred rows each, a few are the average but for chance.
    expect(known.length).toBeGreaterThan(0.8 * categories);
    expect(known.slice(-categories / 4).every(risky)).toBe(true);
    expect(input.names).toEqual(input.codes.map((code) => names.get(code) ?? null));
    // Unseen: riskier than the safe ones, safer than the risky ones.
    const position = (category: string) => inputPosition(input, categoryCode(category));
    expect(position("never seen")).toBeGreaterThanOrEqual(position(nameOf(0)));
    expect(position("never seen")).toBeLessThan(position(nameOf(1)));

    // Nobody can do better than the share of fraud in the risky quarter, of which the others dilute little.
    const attainable = 0.28;
    for (const its of [wholeFeatures(inputs), fitLinearInputs(train)]) {
      const regression = new Network(its, fitLogistic(train, its, 0.3));
      expect(averagePrecision(scoresOf(regression, fresh), fresh.label)).toBeGreaterThan(0.8 * attainable);
    }
    const boosted = boostTrees(train, stop, inputs, 7);
    const finer = refineInputs(inputs, cutsUsed(boosted));
    expect(categoryOf(finer).codes).toEqual(input.codes);
    const trees = new Network(finer, treesMember(boosted, finer));
    expect(averagePrecision(scoresOf(trees, fresh), fresh.label)).toBeGreaterThan(0.9 * attainable);
  });
}

Deno.test("the order is of the training rows' labels: turned over, it turns over, and other rows' labels have no part in it", () => {
  const train = rowsByCategory(4_000, 8, 1);
  const codes = categoryOf(fitInputs(train)).codes;
  const turned = { ...train, label: train.label.map((label) => 1 - label) };
  expect(categoryOf(fitInputs(turned)).codes).toEqual(codes.toReversed());
});

Deno.test("a category that is nowhere known has no input", () => {
  const inputs = fitInputs(rowsByCategory(500, 8, 1));
  const nowhere = inputs[F.payment_country];
  expect(nowhere).toEqual({
    feature: "payment_country",
    edges: [],
    codes: [OTHER_CODE],
    median: 0,
  });
  expect(categoryOf(inputs).edges.length).toBeGreaterThan(4);
  expect(categoryOf(inputs).names).toBeUndefined();
});
