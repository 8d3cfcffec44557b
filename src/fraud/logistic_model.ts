import { assert } from "../core/assert.ts";

/** A logistic regression over a few named inputs: small enough to read, and stored as JSON. */
export interface LogisticModel {
  readonly bias: number;
  readonly inputs: readonly {
    readonly name: string;
    /** Over the training rows: the effect of an input is told against it. */
    readonly mean: number;
    readonly weight: number;
  }[];
}

/** Log-odds of a row, inputs in the model's order. */
export function logOddsOf({ bias, inputs }: LogisticModel, row: ArrayLike<number>): number {
  assert(row.length === inputs.length, `The model takes ${inputs.length} inputs, not ${row.length}`);
  let sum = bias;
  for (let i = 0; i < inputs.length; i++) sum += inputs[i].weight * row[i];
  return sum;
}

/** What moved the log-odds most against an average row, strongest first. */
export function effectsOf(
  { inputs }: LogisticModel,
  row: ArrayLike<number>,
  top: number,
): { feature: string; value: number; effect: number }[] {
  return inputs.map(({ name, mean, weight }, i) => ({
    feature: name,
    value: row[i],
    effect: weight * (row[i] - mean),
  })).sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect)).slice(0, top);
}

export function sigmoid(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds));
}
