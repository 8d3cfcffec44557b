/**
 * `deno task bench:examples`: makes `tfjs_logistic/` and `logistic.onnx`, the same logistic regression in two formats, and
 * says how it was trained in the contract beside each. It learns from a world of its own (seed 108), so it has seen nothing
 * of the worlds that it is judged on.
 */
import * as tf from "@tensorflow/tfjs";
import { fileURLToPath } from "node:url";
import { DAY_MS } from "../../../src/fraud/features/windows.ts";
import type { InputSpec } from "../../../src/fraud/model/manifest.ts";
import type { DenseLayer } from "../../../src/fraud/model/network.ts";
import { refuseArguments, runCommand } from "../../../src/core/run_command.ts";
import { fitLinearInputs } from "../../train/fit_inputs.ts";
import { fitLogistic } from "../../train/logistic_regression.ts";
import { rowsOf, sampleRows } from "../../train/sample_rows.ts";
import { streamFeatures } from "../../train/stream_features.ts";
import { startWasmBackend } from "../../train/wasm_backend.ts";
import { worldSource } from "../../train/world_source.ts";
import { serializeModel } from "../../train/write_model.ts";
import { onnxOf } from "./write_onnx.ts";

const WORLD = { seed: 108, days: 45, customers: 2_000, startMs: Date.UTC(2026, 0, 5) };
const WARM_UP_DAYS = 5;
const MOST_ROWS = 20_000;
const RIDGE = 0.3;
const HERE = fileURLToPath(new URL(".", import.meta.url));

/** A regression on features scaled to 0 … 1 between two edges, the first step to any model of one's own. */
export interface ScaledRegression {
  /** By feature, what becomes 0, and how many times the rest is taken before it is cut at 1. */
  readonly low: Float32Array;
  readonly scale: Float32Array;
  readonly weights: Float32Array;
  readonly bias: number;
  readonly features: readonly string[];
}

async function makeExamples(args: readonly string[]): Promise<void> {
  refuseArguments(args);
  const payments = streamFeatures(worldSource(WORLD));
  const untilMs = WORLD.startMs + WORLD.days * DAY_MS;
  const rows = rowsOf(payments, [WORLD.startMs + WARM_UP_DAYS * DAY_MS, untilMs]);
  const { rows: train } = sampleRows(payments, rows, untilMs, MOST_ROWS, WORLD.seed, false);
  // A code is no measure, and such a model has no place to look it up.
  const inputs = fitLinearInputs(train, () => false);
  const regression = scaledRegression(inputs, fitLogistic(train, inputs, RIDGE)[0]);

  const contract = `${JSON.stringify({ trainedUntil: null, features: regression.features }, null, 1)}\n`;
  const folder = `${HERE}tfjs_logistic`;
  await Deno.mkdir(folder, { recursive: true });
  const { modelJson, weights } = await serializeModel(await tfjsOf(regression));
  await Deno.writeTextFile(`${folder}/model.json`, modelJson);
  await Deno.writeFile(`${folder}/weights.bin`, weights);
  await Deno.writeTextFile(`${folder}/contract.json`, contract);
  await Deno.writeFile(`${HERE}logistic.onnx`, onnxOf(regression));
  await Deno.writeTextFile(`${HERE}logistic.contract.json`, contract);
  console.log(
    `${train.length} payments, ${train.frauds} known frauds: tfjs_logistic/ and logistic.onnx in ${HERE}`,
  );
}

/** A feature that never varied has no edges and no weight: the contract leaves it out. */
function scaledRegression(inputs: readonly InputSpec[], { kernel, bias }: DenseLayer): ScaledRegression {
  const used = inputs.filter(({ edges }) => edges.length === 2);
  return {
    low: Float32Array.from(used, ({ edges }) => edges[0]),
    scale: Float32Array.from(used, ({ edges }) => 1 / (edges[1] - edges[0])),
    weights: kernel,
    bias: bias[0],
    features: used.map(({ feature }) => feature),
  };
}

/** Scaling as a dense layer with a diagonal, cutting as a ReLU up to 1. */
async function tfjsOf({ low, scale, weights, bias, features }: ScaledRegression): Promise<tf.Sequential> {
  await startWasmBackend();
  const width = features.length;
  const model = tf.sequential({ name: "logistic" });
  model.add(
    tf.layers.dense({ name: "scale", units: width, inputShape: [width], kernelInitializer: "zeros" }),
  );
  model.add(tf.layers.reLU({ name: "cut", maxValue: 1 }));
  model.add(tf.layers.dense({ name: "fraud", units: 1, activation: "sigmoid", kernelInitializer: "zeros" }));
  model.setWeights([
    tf.diag(tf.tensor1d(scale)) as tf.Tensor2D,
    tf.tensor1d(low.map((value, f) => -value * scale[f])),
    tf.tensor2d(weights, [width, 1]),
    tf.tensor1d([bias]),
  ]);
  return model;
}

if (import.meta.main) await runCommand("bench:examples", makeExamples, 2);
