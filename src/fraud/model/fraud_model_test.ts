import { expect } from "expect";
import { OTHER_CODE } from "./category_order.ts";
import { FraudModel } from "./fraud_model.ts";
import { type Manifest, MANIFEST_FORMAT_VERSION } from "./manifest.ts";

/** One layer: the logit rises by 2 with each place of the category, and by 1 along the amount. */
const INPUTS: Manifest["inputs"] = [
  { feature: "amount_usd", edges: [0, 100], median: 0 },
  {
    feature: "merchant_category",
    codes: [700, OTHER_CODE, 12],
    names: ["grocery", null, "gaming"],
    edges: [0, 1, 2],
    median: 700,
  },
];
const model = new FraudModel(
  {
    formatVersion: MANIFEST_FORMAT_VERSION,
    inputs: INPUTS,
    calibration: { method: "platt", slope: 1, intercept: 0 },
    threshold: { riskScore: 75, probability: 0.5, falsePositiveBudget: 0.01 },
  } as unknown as Manifest,
  [{ kernel: Float32Array.of(1, 2, 2), bias: Float32Array.of(-5), units: 1, activation: "sigmoid" }],
);

Deno.test("explain() calls a category by its name, and says of a strange or missing one what it is", () => {
  const reasonsOf = (amount: number, code: number) => model.explain(Float64Array.of(amount, code), 2);
  expect(reasonsOf(50, 12)).toEqual([
    { feature: "merchant_category", value: "gaming", effect: 4 },
    { feature: "amount_usd", value: 50, effect: 0.5 },
  ]);
  expect(reasonsOf(0, 99)).toEqual([{ feature: "merchant_category", value: "code 99", effect: 2 }]);
  expect(reasonsOf(0, 0)).toEqual([{ feature: "merchant_category", value: "not known", effect: 2 }]);
  // The commonest is what a payment is held against, so it is no reason.
  expect(reasonsOf(0, 700)).toEqual([]);
});
