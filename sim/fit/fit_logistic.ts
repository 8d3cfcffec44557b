import type { LogisticModel } from "../../src/fraud/logistic_model.ts";
import { sigmoid } from "../../src/fraud/logistic_model.ts";

/** Pulls each weight of a standardised input a little towards zero, as if it had been seen at zero before. */
const RIDGE = 1;
const STEPS_MAX = 50;
const STEP_ENOUGH = 1e-9;

/**
 * Fits a logistic regression by Newton's method, on standardised inputs with a small ridge; the weights come back in
 * the inputs' own units. Deterministic: the same rows give the same model.
 */
export function fitLogistic(
  names: readonly string[],
  rows: readonly ArrayLike<number>[],
  labels: readonly boolean[],
): LogisticModel {
  const width = names.length;
  const mean = names.map((_, i) => rows.reduce((sum, row) => sum + row[i], 0) / rows.length);
  const deviation = names.map((_, i) =>
    Math.sqrt(rows.reduce((sum, row) => sum + (row[i] - mean[i]) ** 2, 0) / rows.length) || 1
  );
  const scaled = rows.map((row) => Float64Array.from(mean, (m, i) => (row[i] - m) / deviation[i]));
  const weights = new Float64Array(width + 1);
  for (let step = 0; step < STEPS_MAX; step++) {
    const gradient = new Float64Array(width + 1);
    const hessian = Array.from({ length: width + 1 }, () => new Float64Array(width + 1));
    for (let r = 0; r < scaled.length; r++) {
      const x = scaled[r];
      let logOdds = weights[width];
      for (let i = 0; i < width; i++) logOdds += weights[i] * x[i];
      const p = sigmoid(logOdds);
      const error = (labels[r] ? 1 : 0) - p;
      const curvature = p * (1 - p);
      for (let i = 0; i <= width; i++) {
        const xi = i < width ? x[i] : 1;
        gradient[i] += error * xi;
        for (let j = 0; j <= i; j++) hessian[i][j] += curvature * xi * (j < width ? x[j] : 1);
      }
    }
    for (let i = 0; i < width; i++) {
      gradient[i] -= RIDGE * weights[i];
      hessian[i][i] += RIDGE;
    }
    const change = solve(hessian, gradient);
    for (let i = 0; i <= width; i++) weights[i] += change[i];
    if (change.every((value) => Math.abs(value) < STEP_ENOUGH)) break;
  }
  const own = mean.map((_, i) => weights[i] / deviation[i]);
  return {
    bias: weights[width] - mean.reduce((sum, m, i) => sum + own[i] * m, 0),
    inputs: names.map((name, i) => ({ name, mean: mean[i], weight: own[i] })),
  };
}

/** Cholesky, from the lower triangle of a positive definite matrix. */
function solve(lower: readonly Float64Array[], right: Float64Array): Float64Array {
  const size = right.length;
  const factor = lower.map((row) => Float64Array.from(row));
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = factor[i][j];
      for (let k = 0; k < j; k++) sum -= factor[i][k] * factor[j][k];
      factor[i][j] = i === j ? Math.sqrt(sum) : sum / factor[j][j];
    }
  }
  const solution = Float64Array.from(right);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) solution[i] -= factor[i][k] * solution[k];
    solution[i] /= factor[i][i];
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) solution[i] -= factor[k][i] * solution[k];
    solution[i] /= factor[i][i];
  }
  return solution;
}
