import * as tf from "@tensorflow/tfjs";
import { startProgress } from "../../src/core/progress.ts";
import { Random } from "../../src/core/random.ts";
import { encodeInputs, inputCount } from "../../src/fraud/model/encode_inputs.ts";
import type { InputSpec } from "../../src/fraud/model/manifest.ts";
import { type DenseLayer, Network } from "../../src/fraud/model/network.ts";
import { averagePrecision } from "./metrics.ts";
import type { Rows } from "./rows.ts";
import { startWasmBackend } from "./wasm_backend.ts";

export interface NetworkOptions {
  readonly seed: number;
  /** Units of the relu layers; none makes a logistic regression over the inputs. */
  readonly hiddenUnits: readonly number[];
  readonly mostEpochs: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly label: string;
}

export interface TrainedNetwork {
  readonly model: tf.Sequential;
  /** Of the epoch with the best average precision on validation; `model` holds the same weights. */
  readonly layers: DenseLayer[];
  readonly bestEpoch: number;
  readonly epochs: number;
}

const BATCH_ROWS = 256;
const PATIENCE_EPOCHS = 5;

/**
 * A dense network on the encoded features. Initial weights, the order of the rows and the backend are fixed, so
 * one seed gives one model.
 */
export async function trainNetwork(
  train: Rows,
  validation: Rows,
  inputs: readonly InputSpec[],
  options: NetworkOptions,
): Promise<TrainedNetwork> {
  await startWasmBackend();
  const width = inputCount(inputs);
  const model = buildModel(width, options);
  const batches = Math.floor(train.length / BATCH_ROWS);
  const progress = startProgress(options.label, options.mostEpochs * batches, "batches");
  const order = Uint32Array.from({ length: train.length }, (_, row) => row);
  const shuffle = new Random(options.seed).fork("row order");
  const x = new Float32Array(BATCH_ROWS * width);
  const y = new Float32Array(BATCH_ROWS);
  let best = { layers: layersOf(model), averagePrecision: -1, epoch: 0 };
  let epoch = 0;
  while (epoch < options.mostEpochs && epoch - best.epoch < PATIENCE_EPOCHS) {
    epoch++;
    setLearningRate(model, options.learningRate * (1 - (epoch - 1) / options.mostEpochs));
    shuffleInPlace(order, shuffle);
    for (let batch = 0; batch < batches; batch++) {
      for (let i = 0; i < BATCH_ROWS; i++) {
        const row = order[batch * BATCH_ROWS + i];
        encodeInputs(inputs, train.vector(row), x, i * width);
        y[i] = train.label[row];
      }
      await trainOn(model, x, y, width);
      progress.update((epoch - 1) * batches + batch + 1);
    }
    const layers = layersOf(model);
    const ap = averagePrecision(logits(inputs, layers, validation), validation.label);
    if (ap > best.averagePrecision) best = { layers, averagePrecision: ap, epoch };
  }
  progress.stop();
  model.setWeights(best.layers.flatMap(({ kernel, bias, units }) => [
    tf.tensor2d(kernel, [kernel.length / units, units]),
    tf.tensor1d(bias),
  ]));
  return { model, layers: best.layers, bestEpoch: best.epoch, epochs: epoch };
}

/** The logit of every row, by the scorer that the server runs. */
export function logits(
  inputs: readonly InputSpec[],
  layers: readonly DenseLayer[],
  rows: Rows,
): Float64Array {
  const network = new Network(inputs, layers);
  return Float64Array.from({ length: rows.length }, (_, row) => network.logit(rows.vector(row)));
}

function buildModel(width: number, options: NetworkOptions): tf.Sequential {
  const { seed, hiddenUnits, weightDecay } = options;
  const model = tf.sequential({ name: options.label.replaceAll(" ", "_") });
  [...hiddenUnits, 1].forEach((units, i) => {
    const last = i === hiddenUnits.length;
    model.add(tf.layers.dense({
      name: last ? "fraud" : `hidden_${i + 1}`,
      units,
      activation: last ? "sigmoid" : "relu",
      inputShape: i === 0 ? [width] : undefined,
      kernelInitializer: last
        ? tf.initializers.glorotNormal({ seed: seed + i })
        : tf.initializers.heNormal({ seed: seed + i }),
      kernelRegularizer: tf.regularizers.l2({ l2: weightDecay }),
    }));
  });
  model.compile({ optimizer: tf.train.adam(options.learningRate), loss: "binaryCrossentropy" });
  return model;
}

async function trainOn(model: tf.Sequential, x: Float32Array, y: Float32Array, width: number): Promise<void> {
  const rows = tf.tensor2d(x, [BATCH_ROWS, width]);
  const labels = tf.tensor2d(y, [BATCH_ROWS, 1]);
  await model.trainOnBatch(rows, labels);
  rows.dispose();
  labels.dispose();
}

function setLearningRate(model: tf.Sequential, learningRate: number): void {
  // Adam reads the field at every step; the class has no setter for it.
  (model.optimizer as unknown as { learningRate: number }).learningRate = learningRate;
}

function layersOf(model: tf.Sequential): DenseLayer[] {
  return model.layers.map((layer, i) => {
    const [kernel, bias] = layer.getWeights();
    return {
      kernel: Float32Array.from(kernel.dataSync()),
      bias: Float32Array.from(bias.dataSync()),
      units: bias.shape[0]!,
      activation: i === model.layers.length - 1 ? "sigmoid" : "relu",
    };
  });
}

function shuffleInPlace(order: Uint32Array, random: Random): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.integer(0, i);
    [order[i], order[j]] = [order[j], order[i]];
  }
}
