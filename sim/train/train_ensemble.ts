import * as tf from "@tensorflow/tfjs";
import { startProgress } from "../../src/core/progress.ts";
import { Random } from "../../src/core/random.ts";
import { inputCount } from "../../src/fraud/model/encode_inputs.ts";
import type { InputSpec } from "../../src/fraud/model/manifest.ts";
import { type DenseLayer, Network } from "../../src/fraud/model/network.ts";
import { EncodedRows } from "./encoded_rows.ts";
import { EnsembleWeights } from "./ensemble_weights.ts";
import { weightedAveragePrecision } from "../../src/fraud/measures/metrics.ts";
import { BATCH_ROWS, batchesOf, mostPasses } from "./most_passes.ts";
import { rowCounts, shuffleInPlace } from "./shuffle.ts";
import type { WeightedRows } from "./weighted_rows.ts";
import { startWasmBackend } from "./wasm_backend.ts";

export interface EnsembleOptions {
  /** One network a seed. */
  readonly seeds: readonly number[];
  readonly hiddenUnits: readonly [number, number];
  /** Passes through enough rows; few are gone through more often (most_passes.ts). */
  readonly mostEpochs: number;
  readonly learningRate: number;
  /** Of the L2 penalty on all kernels. */
  readonly weightDecay: number;
  readonly label: string;
}

export interface LearningCurve {
  readonly seed: number;
  /** By pass through the training rows, from 1. */
  readonly trainingLoss: readonly number[];
  readonly validationAveragePrecision: readonly number[];
  /** The pass whose weights are kept. */
  readonly bestPass: number;
  /** After how many passes training would have ended at the latest. */
  readonly mostPasses: number;
}

export interface TrainedEnsemble {
  /** One network a seed, its weights averaged over passes up to its own best on validation. */
  readonly members: readonly DenseLayer[][];
  readonly curves: readonly LearningCurve[];
}

const PATIENCE_PASSES = 4;
/**
 * How much of the average of the weights stays from one pass to the next. A pass by itself is good or bad by chance,
 * and the best of several is so partly by the chance of the rows that judge it.
 */
const KEPT_A_PASS = 0.6;

/**
 * Several networks on the same batches, side by side as one wide one: the rows are encoded once and the first layer is
 * one product, which takes five networks the time of two. They share nothing but the batches; seeds differ in initial
 * weights, and in how often each row counts (once on average, by chance), so that their errors differ. Seeds, order of
 * rows and backend are fixed: one list of seeds gives one ensemble.
 */
export async function trainEnsemble(
  train: WeightedRows,
  validation: WeightedRows,
  inputs: readonly InputSpec[],
  options: EnsembleOptions,
): Promise<TrainedEnsemble> {
  await startWasmBackend();
  const { seeds } = options;
  const width = inputCount(inputs);
  const weights = new EnsembleWeights(width, options.hiddenUnits, seeds);
  const optimizer = tf.train.adam(options.learningRate);
  const batches = batchesOf(train.length);
  const most = mostPasses(options.mostEpochs, train.length);
  const patience = Math.max(PATIENCE_PASSES, Math.ceil(most / 3));
  const order = Uint32Array.from({ length: train.length }, (_, row) => row);
  const shuffle = new Random(seeds[0]).fork("row order");
  const counts = seeds.map((seed) => rowCounts(train.length, new Random(seed).fork("row counts")));
  const encoded = new EncodedRows(train, inputs);
  const x = new Float32Array(BATCH_ROWS * width);
  const y = new Float32Array(BATCH_ROWS);
  const rowWeights = new Float32Array(seeds.length * BATCH_ROWS);
  const best = seeds.map((_, m) => ({ layers: weights.layersOf(m), averagePrecision: -1, pass: 0 }));
  const averaged: (DenseLayer[] | undefined)[] = seeds.map(() => undefined);
  const curves = seeds.map(() => ({ loss: [] as number[], averagePrecision: [] as number[] }));
  const progress = startProgress(options.label, most * batches, "batches");

  for (let pass = 1; pass <= most; pass++) {
    if (best.every((its) => pass - 1 - its.pass >= patience)) break;
    // Adam reads the field at every step; the class has no setter for it.
    (optimizer as unknown as { learningRate: number }).learningRate = options.learningRate *
      (1 - (pass - 1) / most);
    shuffleInPlace(order, shuffle);
    const loss = new Float64Array(seeds.length);
    for (let batch = 0; batch < batches; batch++) {
      for (let i = 0; i < BATCH_ROWS; i++) {
        const row = order[(batch * BATCH_ROWS + i) % train.length];
        encoded.write(row, x, i * width);
        y[i] = train.label[row];
        for (let m = 0; m < seeds.length; m++) {
          rowWeights[m * BATCH_ROWS + i] = train.weight[row] * counts[m][row];
        }
      }
      const losses = weights.step(optimizer, x, y, rowWeights, options.weightDecay);
      for (let m = 0; m < seeds.length; m++) loss[m] += losses[m] / batches;
      progress.update((pass - 1) * batches + batch + 1);
      // Lets a bar be drawn and a signal be heard.
      if (batch % 32 === 0) await Promise.resolve();
    }
    for (let m = 0; m < seeds.length; m++) {
      const layers = averageOf(averaged[m], weights.layersOf(m));
      averaged[m] = layers;
      const averagePrecision = averagePrecisionOn(validation, new Network(inputs, layers));
      curves[m].loss.push(loss[m]);
      curves[m].averagePrecision.push(averagePrecision);
      // Where validation knows no fraud, the last pass is as good as any.
      if (!(averagePrecision <= best[m].averagePrecision)) best[m] = { layers, averagePrecision, pass };
    }
  }
  progress.stop();
  weights.dispose();
  optimizer.dispose();
  return {
    members: best.map(({ layers }) => layers),
    curves: seeds.map((seed, m) => ({
      seed,
      trainingLoss: curves[m].loss,
      validationAveragePrecision: curves[m].averagePrecision,
      bestPass: best[m].pass,
      mostPasses: most,
    })),
  };
}

/** The average so far, moved towards the weights of one more pass. */
function averageOf(before: readonly DenseLayer[] | undefined, now: DenseLayer[]): DenseLayer[] {
  if (before === undefined) return now;
  const moved = (old: Float32Array, to: Float32Array) =>
    to.map((weight, i) => KEPT_A_PASS * old[i] + (1 - KEPT_A_PASS) * weight);
  return now.map((layer, l) => ({
    ...layer,
    kernel: moved(before[l].kernel, layer.kernel),
    bias: moved(before[l].bias, layer.bias),
  }));
}

function averagePrecisionOn(rows: WeightedRows, network: Network): number {
  const scores = Float64Array.from({ length: rows.length }, (_, row) => network.logit(rows.vector(row)));
  return weightedAveragePrecision(scores, rows.label, (row) => rows.weight[row]);
}
