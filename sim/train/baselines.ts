import { FEATURE_INDEX as F } from "../../src/fraud/features/catalogue.ts";
import type { InputSpec } from "../../src/fraud/model/manifest.ts";
import { fitLinearInputs } from "./fit_inputs.ts";
import type { Rows } from "./rows.ts";
import { logits, trainNetwork } from "./train_network.ts";

/** What the model has to beat: a score for each row of validation and of test. */
export interface Contender {
  readonly name: string;
  readonly validation: Float64Array;
  readonly test: Float64Array;
}

/** Rules that a payments team writes on its first afternoon. */
const RULES: readonly { readonly name: string; readonly score: (vector: Float64Array) => number }[] = [
  { name: "amount rule", score: (v) => v[F.amount_ln] },
  { name: "velocity rule: card, 1 h", score: (v) => v[F.card_count_1h] },
  {
    name: "new device, then crowd at merchant",
    score: (v) => v[F.new_device_for_customer] * v[F.merchant_new_customer_surge],
  },
  {
    name: "new device, then amount",
    score: (v) => v[F.new_device_for_customer] * 100 + v[F.amount_ln],
  },
];

export function ruleContenders(validation: Rows, test: Rows): Contender[] {
  const scores = (rows: Rows, score: (vector: Float64Array) => number) =>
    Float64Array.from({ length: rows.length }, (_, row) => score(rows.vector(row)));
  return RULES.map(({ name, score }) => ({
    name,
    validation: scores(validation, score),
    test: scores(test, score),
  }));
}

/**
 * Logistic regression twice: on the features as they are, and on the network's own piecewise-linear inputs, where
 * it is the strongest model without interactions. What the network adds must show against the second.
 */
export async function logisticContenders(
  train: Rows,
  validation: Rows,
  test: Rows,
  inputs: readonly InputSpec[],
  seed: number,
): Promise<Contender[]> {
  const contenders: Contender[] = [];
  for (
    const [name, its] of [
      ["logistic regression", fitLinearInputs(train)],
      ["logistic regression, binned", inputs],
    ] as const
  ) {
    const { layers } = await trainNetwork(train, validation, its, {
      seed,
      hiddenUnits: [],
      mostEpochs: 25,
      learningRate: 0.02,
      weightDecay: 1e-5,
      label: name,
    });
    contenders.push({
      name,
      validation: logits(its, layers, validation),
      test: logits(its, layers, test),
    });
  }
  return contenders;
}
