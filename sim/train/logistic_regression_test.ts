import { expect } from "expect";
import { Random } from "../../src/core/random.ts";
import { sigmoid } from "../../src/fraud/model/fraud_model.ts";
import { informativeSplits } from "./informative_splits.ts";
import { fitLogistic, solveSymmetric } from "./logistic_regression.ts";

const INPUTS = [
  { feature: "a", edges: [0, 1], median: 0 },
  { feature: "b", edges: [0, 1], median: 0 },
  { feature: "never varies", edges: [], median: 0 },
];

Deno.test("fitLogistic() finds the weights that made the labels, rows counting as often as they stand for", () => {
  const random = new Random(3);
  const vectors = Array.from(
    { length: 60_000 },
    () => Float64Array.of(random.uniform(), random.uniform(), 0),
  );
  const label = Uint8Array.from(vectors, ([a, b]) => random.chance(sigmoid(3 * a - 2 * b - 1)) ? 1 : 0);
  const weight = new Float32Array(vectors.length).fill(1);
  const rows = { length: vectors.length, vector: (row: number) => vectors[row], label, weight };
  const [{ kernel, bias }] = fitLogistic(rows, INPUTS, 1e-3);
  expect(Math.abs(kernel[0] - 3)).toBeLessThan(0.15);
  expect(Math.abs(kernel[1] + 2)).toBeLessThan(0.15);
  expect(Math.abs(bias[0] + 1)).toBeLessThan(0.1);

  // Half of the genuine rows, each standing for two, tell the same.
  const kept = vectors.map((_, row) => row).filter((row) => label[row] === 1 || row % 2 === 0);
  const [again] = fitLogistic(
    {
      length: kept.length,
      vector: (row) => vectors[kept[row]],
      label: Uint8Array.from(kept, (row) => label[row]),
      weight: Float32Array.from(kept, (row) => label[row] === 1 ? 1 : 2),
    },
    INPUTS,
    1e-3,
  );
  expect(Math.abs(again.bias[0] - bias[0])).toBeLessThan(0.1);
});

Deno.test("solveSymmetric() solves, and bears an input that another one repeats", () => {
  const a = Float64Array.of(4, 0, 0, 2, 3, 0, 1, 1, 2);
  const x = solveSymmetric(a.slice(), Float64Array.of(9, 8, 5));
  // The lower triangle stands for a symmetric matrix.
  const full = [[4, 2, 1], [2, 3, 1], [1, 1, 2]];
  full.forEach((row, i) =>
    expect(row.reduce((sum, value, j) => sum + value * x[j], 0)).toBeCloseTo([9, 8, 5][i], 9)
  );
  const twice = solveSymmetric(Float64Array.of(1, 0, 1, 1), Float64Array.of(1, 1));
  expect(twice.every(Number.isFinite)).toBe(true);
});

Deno.test("informativeSplits() finds where the share of fraud jumps, and nothing where it does not", () => {
  const random = new Random(9);
  const values = Float64Array.from({ length: 20_000 }, () => random.between(0, 300));
  const weight = new Float32Array(values.length).fill(1);
  const label = Uint8Array.from(values, (value) => random.chance(value > 220 ? 0.9 : 0.01) ? 1 : 0);
  const [first] = informativeSplits(values, label, weight, 3);
  expect(Math.abs(first - 220)).toBeLessThan(5);
  const chance = Uint8Array.from(values, () => random.chance(0.02) ? 1 : 0);
  expect(informativeSplits(values, chance, weight, 3)).toEqual([]);
});
