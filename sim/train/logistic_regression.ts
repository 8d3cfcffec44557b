import { encodeInputs, inputCount } from "../../src/fraud/model/encode_inputs.ts";
import type { InputSpec } from "../../src/fraud/model/manifest.ts";
import { sigmoid } from "../../src/fraud/model/fraud_model.ts";
import type { DenseLayer } from "../../src/fraud/model/network.ts";
import type { WeightedRows } from "./weighted_rows.ts";

const MOST_STEPS = 25;
const ENOUGH = 1e-6;

/**
 * The logistic regression with the least penalized loss, by Newton's method: it has one optimum, and finding it leaves
 * nothing to a learning rate. The penalty is `ridge` / 2 × the squares of the weights, those of inputs scaled to 0 … 1.
 */
export function fitLogistic(rows: WeightedRows, inputs: readonly InputSpec[], ridge: number): DenseLayer[] {
  const width = inputCount(inputs);
  const size = width + 1;
  const x = new Float32Array(width);
  const weights = new Float64Array(size);
  let before = Infinity;
  for (let step = 0; step < MOST_STEPS; step++) {
    const gradient = new Float64Array(size);
    const hessian = new Float64Array(size * size);
    let loss = 0;
    for (let row = 0; row < rows.length; row++) {
      encodeInputs(inputs, rows.vector(row), x, 0);
      let logit = weights[width];
      for (let i = 0; i < width; i++) logit += weights[i] * x[i];
      const p = sigmoid(logit);
      const label = rows.label[row];
      loss -= rows.weight[row] * Math.log(Math.max(1e-12, label ? p : 1 - p));
      addRow(gradient, hessian, x, rows.weight[row] * (p - label), rows.weight[row] * p * (1 - p));
    }
    for (let i = 0; i < size; i++) {
      // The intercept is left free, but for a whisper that keeps the matrix invertible.
      const penalty = i === width ? 1e-9 : ridge;
      loss += penalty / 2 * weights[i] * weights[i];
      gradient[i] += penalty * weights[i];
      hessian[i * size + i] += penalty;
    }
    if (Math.abs(before - loss) < ENOUGH * Math.max(1, loss)) break;
    before = loss;
    const move = solveSymmetric(hessian, gradient);
    // A full step can overshoot where the weights are still far off.
    const longest = move.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const shorten = Math.min(1, 8 / longest);
    for (let i = 0; i < size; i++) weights[i] -= shorten * move[i];
  }
  return [{
    kernel: Float32Array.from(weights.subarray(0, width)),
    bias: Float32Array.of(weights[width]),
    units: 1,
    activation: "sigmoid",
  }];
}

/** Adds one row to the gradient and to the lower triangle of the Hessian. */
function addRow(
  gradient: Float64Array,
  hessian: Float64Array,
  x: Float32Array,
  error: number,
  curvature: number,
): void {
  const width = x.length;
  const size = width + 1;
  for (let i = 0; i < width; i++) {
    const value = x[i];
    if (value === 0) continue;
    gradient[i] += error * value;
    const scaled = curvature * value;
    const at = i * size;
    for (let j = 0; j <= i; j++) hessian[at + j] += scaled * x[j];
  }
  gradient[width] += error;
  const last = width * size;
  for (let j = 0; j < width; j++) hessian[last + j] += curvature * x[j];
  hessian[last + width] += curvature;
}

/** Solves a x = b by Cholesky's method from the lower triangle of a positive definite `a`, which it overwrites. */
export function solveSymmetric(a: Float64Array, b: Float64Array): Float64Array {
  const n = b.length;
  for (let j = 0; j < n; j++) {
    let diagonal = a[j * n + j];
    for (let k = 0; k < j; k++) diagonal -= a[j * n + k] ** 2;
    // Inputs that depend on each other leave nothing of the diagonal; such a one gets no weight of its own.
    const root = diagonal > 1e-12 ? Math.sqrt(diagonal) : 1e6;
    a[j * n + j] = root;
    for (let i = j + 1; i < n; i++) {
      let rest = a[i * n + j];
      for (let k = 0; k < j; k++) rest -= a[i * n + k] * a[j * n + k];
      a[i * n + j] = rest / root;
    }
  }
  const x = Float64Array.from(b);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i] -= a[i * n + k] * x[k];
    x[i] /= a[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i] -= a[k * n + i] * x[k];
    x[i] /= a[i * n + i];
  }
  return x;
}
