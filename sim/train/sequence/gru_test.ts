import * as tf from "@tensorflow/tfjs";
import { expect } from "expect";
import { Random } from "../../../src/core/random.ts";
import { rocAuc } from "../../../src/fraud/measures/metrics.ts";
import { startWasmBackend } from "../wasm_backend.ts";
import type { GruLayers, GruShape } from "./gru_layers.ts";
import { GruScorer } from "./gru_scorer.ts";
import { sequenceLogits } from "./sequence_logits.ts";
import { type SequenceRows, trainGru } from "./train_gru.ts";

/** Four steps of two inputs: three of noise, and a small and a large payment of which one comes first. */
class OrderedPairs implements SequenceRows {
  readonly label: Uint8Array;
  readonly weight: Float32Array;
  readonly #steps: Float32Array[];

  constructor(readonly length: number, seed: number) {
    const random = new Random(seed);
    this.label = Uint8Array.from({ length }, () => random.chance(0.3) ? 1 : 0);
    this.weight = new Float32Array(length).fill(1);
    this.#steps = Array.from(this.label, (label) => {
      const [low, high] = [random.between(0, 0.4), random.between(0.6, 1)];
      const first = random.integer(0, STEPS - 2);
      const second = random.integer(first + 1, STEPS - 1);
      const amounts = Array.from({ length: STEPS }, () => 0.5);
      // A test with a small amount before the large one is fraud; the large one first is not.
      [amounts[first], amounts[second]] = label === 1 ? [low, high] : [high, low];
      return Float32Array.from(amounts.flatMap((amount) => [1, amount]));
    });
  }

  writeInputs(): void {}

  writeStep(row: number, step: number, out: Float32Array, offset: number): void {
    out.set(this.#steps[row].subarray(step * 2, step * 2 + 2), offset);
  }

  amounts(row: number): number[] {
    return Array.from(this.#steps[row]).filter((_, i) => i % 2 === 1);
  }
}

const STEPS = 4;
const SHAPE: GruShape = { steps: STEPS, stepWidth: 2, width: 0, units: 8, denseUnits: 1, joinUnits: 4 };

Deno.test("trainGru() learns which of two payments came first, which no bag of the same payments tells", async () => {
  const [train, validation, test] = [4_096, 1_000, 2_000].map((rows, i) => new OrderedPairs(rows, i + 1));
  const { layers, curve } = await trainGru(train, validation, {
    shape: SHAPE,
    seed: 5,
    mostEpochs: 4,
    learningRate: 0.02,
    weightDecay: 0,
    label: "test",
  });
  expect(tf.getBackend()).toBe("wasm");
  expect(curve.trainingLoss[curve.bestPass - 1]).toBeLessThan(curve.trainingLoss[0]);
  const scores = sequenceLogits(new GruScorer(layers), SHAPE, test);
  expect(rocAuc(scores, test.label)).toBeGreaterThan(0.98);

  // Every row's bag is drawn from the same law whatever its label: the best that a bag can do is a coin's.
  for (
    const summary of [Math.min, Math.max, (...bag: number[]) => bag.reduce((sum, value) => sum + value, 0)]
  ) {
    const scores = Float64Array.from({ length: test.length }, (_, row) => summary(...test.amounts(row)));
    expect(Math.abs(rocAuc(scores, test.label) - 0.5)).toBeLessThan(0.05);
  }
  // The same sequences turned round turn the judgement round.
  const turned: SequenceRows = {
    ...test,
    length: test.length,
    writeInputs: () => {},
    writeStep: (row, step, out, offset) => test.writeStep(row, STEPS - 1 - step, out, offset),
  };
  expect(rocAuc(sequenceLogits(new GruScorer(layers), SHAPE, turned), test.label)).toBeLessThan(0.2);
});

Deno.test("trainGru() gives the same weights for the same seed", async () => {
  const rows = new OrderedPairs(1_024, 1);
  const options = {
    shape: SHAPE,
    seed: 3,
    mostEpochs: 1,
    learningRate: 0.01,
    weightDecay: 1e-4,
    label: "test",
  };
  const first = await trainGru(rows, rows, options);
  expect((await trainGru(rows, rows, options)).layers).toEqual(first.layers);
  expect((await trainGru(rows, rows, { ...options, seed: 4 })).layers).not.toEqual(first.layers);
});

/** The same model of TF.js's own layers. */
function referenceOf(layers: GruLayers): tf.LayersModel {
  const { steps, stepWidth, width, units, denseUnits, joinUnits } = layers.shape;
  const sequence = tf.input({ shape: [steps, stepWidth] });
  const inputs = tf.input({ shape: [width] });
  const state = tf.layers.gru({ units, recurrentActivation: "sigmoid" }).apply(sequence);
  const dense = tf.layers.dense({ units: denseUnits, activation: "relu" }).apply(inputs);
  const both = tf.layers.concatenate().apply([state, dense] as tf.SymbolicTensor[]);
  const joined = tf.layers.dense({ units: joinUnits, activation: "relu" }).apply(both);
  const out = tf.layers.dense({ units: 1, activation: "sigmoid" }).apply(joined);
  const model = tf.model({ inputs: [sequence, inputs], outputs: out as tf.SymbolicTensor });
  model.layers.find(({ name }) => name.startsWith("gru"))!.setWeights([
    tf.tensor2d(layers.kernel, [stepWidth, 3 * units]),
    tf.tensor2d(layers.recurrentKernel, [units, 3 * units]),
    tf.tensor1d(layers.bias),
  ]);
  const [denseLayer, joinLayer, outLayer] = model.layers.filter(({ name }) => name.startsWith("dense"));
  denseLayer.setWeights([
    tf.tensor2d(layers.denseKernel, [width, denseUnits]),
    tf.tensor1d(layers.denseBias),
  ]);
  joinLayer.setWeights([
    tf.tensor2d(layers.joinKernel, [units + denseUnits, joinUnits]),
    tf.tensor1d(layers.joinBias),
  ]);
  outLayer.setWeights([tf.tensor2d(layers.outKernel, [joinUnits, 1]), tf.tensor1d(layers.outBias)]);
  return model;
}

Deno.test("the compiled sequence scorer equals TF.js's own GRU layer within 1e-6", async () => {
  await startWasmBackend();
  const random = new Random(9);
  const shape = { steps: 8, stepWidth: 20, width: 60, units: 16, denseUnits: 32, joinUnits: 16 };
  const drawn = (length: number, deviation: number) =>
    Float32Array.from({ length }, () => random.normal() * deviation);
  const layers: GruLayers = {
    shape,
    kernel: drawn(20 * 48, 0.4),
    recurrentKernel: drawn(16 * 48, 0.4),
    bias: drawn(48, 0.2),
    denseKernel: drawn(60 * 32, 0.2),
    denseBias: drawn(32, 0.2),
    joinKernel: drawn(48 * 16, 0.2),
    joinBias: drawn(16, 0.2),
    outKernel: drawn(16, 0.4),
    outBias: drawn(1, 0.4),
  };
  const rows = 500;
  const inputs = Float32Array.from({ length: rows * 60 }, () => random.pick([0, 1, random.uniform()]));
  const sequences = Float32Array.from({ length: rows * 160 }, () => random.pick([0, 1, random.uniform()]));
  const scorer = new GruScorer(layers);
  for (const backend of ["wasm", "cpu"]) {
    await tf.setBackend(backend);
    const expected = tf.tidy(() =>
      (referenceOf(layers).predict([
        tf.tensor3d(sequences, [rows, 8, 20]),
        tf.tensor2d(inputs, [rows, 60]),
      ]) as tf.Tensor).dataSync()
    );
    let worst = 0;
    for (let row = 0; row < rows; row++) {
      const logit = scorer.logit(
        inputs.subarray(row * 60, (row + 1) * 60),
        sequences.subarray(row * 160, (row + 1) * 160),
      );
      worst = Math.max(worst, Math.abs(1 / (1 + Math.exp(-logit)) - expected[row]));
    }
    expect(worst).toBeLessThan(1e-6);
  }
  await tf.setBackend("wasm");
});
