import * as tf from "@tensorflow/tfjs";
import { startProgress } from "../../../src/core/progress.ts";
import { Random } from "../../../src/core/random.ts";
import { weightedAveragePrecision } from "../../../src/fraud/measures/metrics.ts";
import { BATCH_ROWS, batchesOf, mostPasses } from "../most_passes.ts";
import { rowCounts, shuffleInPlace } from "../shuffle.ts";
import type { LearningCurve } from "../train_ensemble.ts";
import { startWasmBackend } from "../wasm_backend.ts";
import type { GruLayers, GruShape } from "./gru_layers.ts";
import { GruScorer } from "./gru_scorer.ts";
import { GruWeights } from "./gru_weights.ts";
import { sequenceLogits } from "./sequence_logits.ts";

/** Payments to train on or to judge by, each with what came before it. */
export interface SequenceRows {
  readonly length: number;
  /** 1 where fraud had been reported when the model was made. */
  readonly label: Uint8Array;
  /** How many payments each row stands for. */
  readonly weight: Float32Array;
  /** Writes the inputs about the row's own payment from `offset` on. */
  writeInputs(row: number, out: Float32Array, offset: number): void;
  /** Writes step `step`'s inputs from `offset` on; the last step is the row's own payment. */
  writeStep(row: number, step: number, out: Float32Array, offset: number): void;
  /**
   * Where steps tell of payments: a number for the one that a step tells of, −1 for none. A payment is a step of several
   * rows, and its inputs are the same in each but for the last one.
   */
  paymentAt?(row: number, step: number): number;
  /** The last input of a step alone. */
  lastInputAt?(row: number, step: number): number;
}

export interface GruOptions {
  readonly shape: GruShape;
  readonly seed: number;
  /** Passes through enough rows; few are gone through more often, as in the ensemble. */
  readonly mostEpochs: number;
  readonly learningRate: number;
  /** Of the L2 penalty on all kernels. */
  readonly weightDecay: number;
  readonly label: string;
}

const PATIENCE_PASSES = 4;

/**
 * Trains the sequence model on TF.js's wasm backend and keeps the pass that does best on validation. As in the ensemble,
 * each seed draws how often a row counts, so that several differ in their errors. Seed, order of rows and backend are
 * fixed: one seed gives one model.
 */
export async function trainGru(
  train: SequenceRows,
  validation: SequenceRows,
  options: GruOptions,
): Promise<{ layers: GruLayers; curve: LearningCurve }> {
  await startWasmBackend();
  const { shape, seed } = options;
  const { steps, stepWidth, width } = shape;
  const weights = new GruWeights(shape, seed);
  const optimizer = tf.train.adam(options.learningRate);
  const batches = batchesOf(train.length);
  const most = mostPasses(options.mostEpochs, train.length);
  const patience = Math.max(PATIENCE_PASSES, Math.ceil(most / 3));
  const order = Uint32Array.from({ length: train.length }, (_, row) => row);
  const shuffle = new Random(seed).fork("row order");
  const counts = rowCounts(train.length, new Random(seed).fork("row counts"));
  const writeStep = stepWriter(train, shape);
  const batch = {
    x: new Float32Array(BATCH_ROWS * width),
    sequences: new Float32Array(steps * BATCH_ROWS * stepWidth),
    y: new Float32Array(BATCH_ROWS),
    weights: new Float32Array(BATCH_ROWS),
  };
  const curve = { loss: [] as number[], averagePrecision: [] as number[] };
  let best = { layers: weights.layers(), averagePrecision: -1, pass: 0 };
  const progress = startProgress(options.label, most * batches, "batches");
  for (let pass = 1; pass <= most && pass - 1 - best.pass < patience; pass++) {
    // Adam reads the field at every step; the class has no setter for it.
    (optimizer as unknown as { learningRate: number }).learningRate = options.learningRate *
      (1 - (pass - 1) / most);
    shuffleInPlace(order, shuffle);
    let loss = 0;
    for (let number = 0; number < batches; number++) {
      for (let i = 0; i < BATCH_ROWS; i++) {
        const row = order[(number * BATCH_ROWS + i) % train.length];
        train.writeInputs(row, batch.x, i * width);
        // Step by step, all rows of a step together: so a step is a tensor of its own without a copy.
        for (let s = 0; s < steps; s++) {
          writeStep(row, s, batch.sequences, (s * BATCH_ROWS + i) * stepWidth);
        }
        batch.y[i] = train.label[row];
        batch.weights[i] = train.weight[row] * counts[row];
      }
      loss += weights.step(optimizer, batch, options.weightDecay) / batches;
      progress.update((pass - 1) * batches + number + 1);
      // Lets a bar be drawn and a signal be heard.
      if (number % 32 === 0) await Promise.resolve();
    }
    const layers = weights.layers();
    const scores = sequenceLogits(new GruScorer(layers), shape, validation);
    const averagePrecision = weightedAveragePrecision(
      scores,
      validation.label,
      (row) => validation.weight[row],
    );
    curve.loss.push(loss);
    curve.averagePrecision.push(averagePrecision);
    // Where validation knows no fraud, the last pass is as good as any.
    if (!(averagePrecision <= best.averagePrecision)) best = { layers, averagePrecision, pass };
  }
  progress.stop();
  weights.dispose();
  optimizer.dispose();
  return {
    layers: best.layers,
    curve: {
      seed,
      trainingLoss: curve.loss,
      validationAveragePrecision: curve.averagePrecision,
      bestPass: best.pass,
      mostPasses: most,
    },
  };
}

/** Of 8 steps with 20 inputs they take 130 MB. More rows are read anew each time. */
const MOST_KEPT = 200_000;

/** Writes steps as {@link SequenceRows.writeStep} does, of rows that are gone through many times. */
function stepWriter(rows: SequenceRows, { steps, stepWidth }: GruShape): SequenceRows["writeStep"] {
  if (rows.length > MOST_KEPT) return (...step) => rows.writeStep(...step);
  const kept = new Float32Array(rows.length * steps * stepWidth);
  for (let row = 0; row < rows.length; row++) {
    for (let step = 0; step < steps; step++) {
      rows.writeStep(row, step, kept, (row * steps + step) * stepWidth);
    }
  }
  return (row, step, out, offset) => {
    const from = (row * steps + step) * stepWidth;
    for (let i = 0; i < stepWidth; i++) out[offset + i] = kept[from + i];
  };
}
