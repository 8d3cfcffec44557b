import * as tf from "@tensorflow/tfjs";
import { crossEntropy, inputTimes, lossOf, times } from "../fast_gradients.ts";
import type { GruLayers, GruShape } from "./gru_layers.ts";

const PARTS = ["update", "reset", "candidate"] as const;

/**
 * The sequence model's weights while it is trained. The recurrent layer is that of `tf.layers.gru` with the sigmoid as its
 * recurrent activation, and the result equals it (gru_scorer_test.ts); spelled out, because the layer's own gradient goes
 * through products with transposed matrices (fast_gradients.ts), and so that all steps' inputs are one product.
 */
export class GruWeights {
  readonly shape: GruShape;
  /** By part: stepWidth × units, units × units, units. */
  readonly #kernel: tf.Variable[];
  readonly #recurrent: tf.Variable[];
  readonly #bias: tf.Variable[];
  readonly #denseKernel: tf.Variable | null;
  readonly #denseBias: tf.Variable;
  readonly #joinState: tf.Variable;
  readonly #joinDense: tf.Variable;
  readonly #joinBias: tf.Variable;
  readonly #outKernel: tf.Variable;
  readonly #outBias: tf.Variable;

  constructor(shape: GruShape, seed: number) {
    const { stepWidth, width, units, denseUnits, joinUnits } = shape;
    this.shape = shape;
    // Glorot's and He's initial deviations; each kernel from a number of its own.
    let drawn = 0;
    const kernel = (rows: number, columns: number, deviation: number) =>
      tf.tidy(() =>
        tf.variable(tf.randomNormal([rows, columns], 0, deviation, "float32", seed * 16 + drawn++))
      );
    const zeros = (size: number) => tf.tidy(() => tf.variable(tf.zeros([size])));
    this.#kernel = PARTS.map(() => kernel(stepWidth, units, Math.sqrt(2 / (stepWidth + units))));
    this.#recurrent = PARTS.map(() => kernel(units, units, Math.sqrt(1 / units)));
    this.#bias = PARTS.map(() => zeros(units));
    this.#denseKernel = width === 0 ? null : kernel(width, denseUnits, Math.sqrt(2 / width));
    this.#denseBias = zeros(denseUnits);
    this.#joinState = kernel(units, joinUnits, Math.sqrt(2 / (units + denseUnits)));
    this.#joinDense = kernel(denseUnits, joinUnits, Math.sqrt(2 / (units + denseUnits)));
    this.#joinBias = zeros(joinUnits);
    this.#outKernel = kernel(joinUnits, 1, Math.sqrt(2 / (joinUnits + 1)));
    this.#outBias = zeros(1);
  }

  /**
   * One step of the optimizer on a batch: `x` holds rows × width inputs, `sequences` steps × rows × stepWidth. Returns the
   * weighted cross-entropy in nats a row.
   */
  step(
    optimizer: tf.Optimizer,
    batch: { x: Float32Array; sequences: Float32Array; y: Float32Array; weights: Float32Array },
    weightDecay: number,
  ): number {
    const { steps, stepWidth, width } = this.shape;
    const rows = batch.y.length;
    return tf.tidy(() => {
      const inputs = width === 0 ? null : tf.tensor2d(batch.x, [rows, width]);
      const sequences = tf.tensor2d(batch.sequences, [steps * rows, stepWidth]);
      const labels = tf.tensor2d(batch.y, [rows, 1]);
      const counts = tf.tensor2d(batch.weights, [rows, 1]).div(rows);
      let loss = 0;
      optimizer.minimize(() => {
        const logits = this.#logits(inputs, sequences, rows);
        loss = tf.tidy(() => tf.sum(tf.mul(crossEntropy(logits, labels), counts)).dataSync()[0]);
        const penalty = tf.addN(this.#kernels().map((w) => tf.sum(tf.square(w))));
        return tf.add(lossOf(logits, labels, counts), tf.mul(penalty, weightDecay)) as tf.Scalar;
      });
      return loss;
    });
  }

  layers(): GruLayers {
    const { units, stepWidth } = this.shape;
    const data = (variable: tf.Variable) => variable.dataSync() as Float32Array;
    return {
      shape: this.shape,
      kernel: sideBySide(this.#kernel.map(data), stepWidth, units),
      recurrentKernel: sideBySide(this.#recurrent.map(data), units, units),
      bias: sideBySide(this.#bias.map(data), 1, units),
      denseKernel: this.#denseKernel === null ? new Float32Array(0) : data(this.#denseKernel).slice(),
      denseBias: data(this.#denseBias).slice(),
      joinKernel: Float32Array.of(...data(this.#joinState), ...data(this.#joinDense)),
      joinBias: data(this.#joinBias).slice(),
      outKernel: data(this.#outKernel).slice(),
      outBias: data(this.#outBias).slice(),
    };
  }

  dispose(): void {
    const biases = [...this.#bias, this.#denseBias, this.#joinBias, this.#outBias];
    for (const variable of [...this.#kernels(), ...biases]) variable.dispose();
  }

  #kernels(): tf.Variable[] {
    const dense = this.#denseKernel === null ? [] : [this.#denseKernel];
    return [
      ...this.#kernel,
      ...this.#recurrent,
      ...dense,
      this.#joinState,
      this.#joinDense,
      this.#outKernel,
    ];
  }

  /** rows × 1 */
  #logits(inputs: tf.Tensor2D | null, sequences: tf.Tensor2D, rows: number): tf.Tensor {
    const { steps, units, denseUnits } = this.shape;
    const [update, reset, candidate] = PARTS.map((_, p) =>
      tf.unstack(
        tf.reshape(tf.add(inputTimes(sequences, this.#kernel[p]), this.#bias[p]), [steps, rows, units]),
      )
    );
    let state: tf.Tensor | null = null;
    for (let step = 0; step < steps; step++) {
      const before: tf.Tensor | null = state;
      // Of the first step, the state before is 0.
      const fromState = (part: number, scaled: tf.Tensor) => times(scaled, this.#recurrent[part]);
      const z: tf.Tensor = tf.sigmoid(
        before === null ? update[step] : tf.add(update[step], fromState(0, before)),
      );
      if (before === null) {
        state = tf.mul(tf.sub(1, z), tf.tanh(candidate[step]));
        continue;
      }
      const r: tf.Tensor = tf.sigmoid(tf.add(reset[step], fromState(1, before)));
      const fresh: tf.Tensor = tf.tanh(tf.add(candidate[step], fromState(2, tf.mul(r, before))));
      state = tf.add(fresh, tf.mul(z, tf.sub(before, fresh)));
    }
    const dense = tf.relu(
      inputs === null
        ? tf.add(tf.zeros([rows, denseUnits]), this.#denseBias)
        : tf.add(inputTimes(inputs, this.#denseKernel!), this.#denseBias),
    );
    const joined = tf.relu(
      tf.addN([
        times(state!, this.#joinState),
        tf.add(times(dense, this.#joinDense), this.#joinBias),
      ]),
    );
    return tf.add(times(joined, this.#outKernel), this.#outBias);
  }
}

/** Matrices of so many rows and columns as one, row by row. */
function sideBySide(parts: readonly Float32Array[], rows: number, columns: number): Float32Array {
  const wide = parts.length * columns;
  const joined = new Float32Array(rows * wide);
  parts.forEach((part, p) => {
    for (let row = 0; row < rows; row++) {
      joined.set(part.subarray(row * columns, (row + 1) * columns), row * wide + p * columns);
    }
  });
  return joined;
}
