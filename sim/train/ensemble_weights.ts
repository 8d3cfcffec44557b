import * as tf from "@tensorflow/tfjs";
import type { DenseLayer } from "../../src/fraud/model/network.ts";
import { crossEntropy, inputTimes, lossOf, times } from "./fast_gradients.ts";

/**
 * The weights of several networks of one shape, two hidden relu layers each, trained side by side, with the gradients of
 * fast_gradients.ts.
 */
export class EnsembleWeights {
  readonly #members: number;
  readonly #width: number;
  readonly #first: number;
  readonly #second: number;
  readonly #w1: tf.Variable;
  readonly #b1: tf.Variable;
  readonly #w2: tf.Variable;
  readonly #b2: tf.Variable;
  readonly #w3: tf.Variable;
  readonly #b3: tf.Variable;

  constructor(width: number, [first, second]: readonly [number, number], seeds: readonly number[]) {
    const members = seeds.length;
    [this.#members, this.#width, this.#first, this.#second] = [members, width, first, second];
    // He's and Glorot's initial deviations; each member's kernels come from its own seed.
    const kernels = (rows: number, units: number, deviation: number, layer: number) =>
      seeds.map((seed) =>
        tf.randomNormal([rows, units], 0, deviation, "float32", seed * 3 + layer) as tf.Tensor2D
      );
    [this.#w1, this.#w2, this.#w3] = tf.tidy(() => [
      tf.variable(tf.concat(kernels(width, first, Math.sqrt(2 / width), 0), 1)),
      tf.variable(tf.stack(kernels(first, second, Math.sqrt(2 / first), 1))),
      tf.variable(tf.stack(kernels(second, 1, Math.sqrt(2 / (second + 1)), 2))),
    ]);
    this.#b1 = tf.variable(tf.zeros([members * first]));
    this.#b2 = tf.variable(tf.zeros([members, 1, second]));
    this.#b3 = tf.variable(tf.zeros([members, 1, 1]));
  }

  /**
   * One step of the optimizer on a batch. `x` holds rows × width inputs, `weights` members × rows. Returns each
   * member's cross-entropy, in nats a row.
   */
  step(
    optimizer: tf.Optimizer,
    x: Float32Array,
    y: Float32Array,
    weights: Float32Array,
    weightDecay: number,
  ): Float32Array {
    const rows = y.length;
    return tf.tidy(() => {
      const inputs = tf.tensor2d(x, [rows, this.#width]);
      const labels = tf.tile(tf.tensor3d(y, [1, rows, 1]), [this.#members, 1, 1]);
      const counts = tf.tensor3d(weights, [this.#members, rows, 1]).div(rows);
      let losses: Float32Array | undefined;
      optimizer.minimize(() => {
        const logits = this.#logits(inputs, rows);
        losses = tf.tidy(() =>
          tf.sum(tf.mul(crossEntropy(logits, labels), counts), [1, 2]).dataSync() as Float32Array
        );
        const penalty = tf.addN([this.#w1, this.#w2, this.#w3].map((w) => tf.sum(tf.square(w))));
        return tf.add(lossOf(logits, labels, counts), tf.mul(penalty, weightDecay)) as tf.Scalar;
      });
      return losses!;
    });
  }

  /** One member's layers, as the scorer takes them. */
  layersOf(member: number): DenseLayer[] {
    const [first, second] = [this.#first, this.#second];
    const [w1, b1, w2, b2, w3, b3] = [this.#w1, this.#b1, this.#w2, this.#b2, this.#w3, this.#b3]
      .map((variable) => variable.dataSync() as Float32Array);
    const kernel = new Float32Array(this.#width * first);
    for (let row = 0; row < this.#width; row++) {
      const from = row * this.#members * first + member * first;
      kernel.set(w1.subarray(from, from + first), row * first);
    }
    const part = (all: Float32Array, size: number) => all.slice(member * size, (member + 1) * size);
    return [
      { kernel, bias: part(b1, first), units: first, activation: "relu" },
      { kernel: part(w2, first * second), bias: part(b2, second), units: second, activation: "relu" },
      { kernel: part(w3, second), bias: part(b3, 1), units: 1, activation: "sigmoid" },
    ];
  }

  dispose(): void {
    for (const variable of [this.#w1, this.#b1, this.#w2, this.#b2, this.#w3, this.#b3]) variable.dispose();
  }

  /** members × rows × 1 */
  #logits(inputs: tf.Tensor2D, rows: number): tf.Tensor {
    const wide = tf.relu(tf.add(inputTimes(inputs, this.#w1), this.#b1));
    const first = tf.transpose(tf.reshape(wide, [rows, this.#members, this.#first]), [1, 0, 2]);
    const second = tf.relu(tf.add(times(first, this.#w2), this.#b2));
    return tf.add(times(second, this.#w3), this.#b3);
  }
}
