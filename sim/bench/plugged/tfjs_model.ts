import * as tf from "@tensorflow/tfjs";
import { dirname, join } from "node:path";
import { FEATURES } from "../../../src/fraud/features/catalogue.ts";
import { encodeInputs, inputCount } from "../../../src/fraud/model/encode_inputs.ts";
import { type FraudModel, sigmoid } from "../../../src/fraud/model/fraud_model.ts";
import { loadModel } from "../../../src/fraud/model/load_model.ts";
import type { InputSpec, Manifest } from "../../../src/fraud/model/manifest.ts";
import type { LabelledPayments } from "../../train/labelled_payments.ts";
import { startWasmBackend } from "../../train/wasm_backend.ts";
import { type Contract, parseContract } from "./contract_file.ts";
import { matrixOf } from "./matrix_file.ts";
import { PlugError } from "./plug_error.ts";
import type { PluggedModel } from "./plugged_model.ts";

const ROWS_A_RUN = 4_096;
/** Of a folder of this project's own, on which TF.js and the compiled scorer are held against each other. */
const ROWS_COMPARED = 512;
/** Between two probabilities; TF.js sums 32-bit numbers. */
const MOST_DIFFERENCE = 1e-5;

/**
 * A TF.js folder: `model.json` (layers or graph model) and its weights, with a `contract.json` if it likes. A folder of
 * this project's own, with a `manifest.json`, is fed as the manifest says.
 */
export class TfjsModel implements PluggedModel {
  readonly saysWhen: boolean;
  readonly trainedUntilMs: number | null;

  private constructor(
    readonly name: string,
    readonly model: tf.LayersModel | tf.GraphModel,
    readonly contract: Contract,
    /** How a manifest encodes the features; null: as they are. */
    readonly inputs: readonly InputSpec[] | null,
    /** The server's scorer of the same folder: TF.js multiplies by every zero of a tree's leaves. */
    readonly compiled: FraudModel | null,
  ) {
    this.saysWhen = contract.saysWhen;
    this.trainedUntilMs = contract.trainedUntilMs;
  }

  static async open(
    name: string,
    folder: string,
    isWorld: (world: Readonly<Record<string, number>>) => boolean,
  ): Promise<TfjsModel> {
    const manifest = await textOf(join(folder, "manifest.json"));
    const { inputs, contract } = manifest === null
      ? {
        inputs: null,
        contract: parseContract(await textOf(join(folder, "contract.json")), name, "contract.json"),
      }
      : fromManifest(manifest, name, isWorld);
    const model = await load(name, join(folder, "model.json"));
    const width = inputs === null ? contract.features.length : inputCount(inputs);
    const shape = model.inputs[0].shape;
    if (model.inputs.length !== 1 || shape?.length !== 2 || (shape[1] ?? width) !== width) {
      throw new PlugError(
        "model_wrong_features",
        name,
        `takes ${model.inputs.length} input(s), the first of shape [${shape}], and would be given [payments, ${width}]`,
        "Name its features, in its order, in the contract.json beside model.json.",
      );
    }
    return new TfjsModel(name, model, contract, inputs, inputs === null ? null : await compiledOf(folder));
  }

  async score(payments: LabelledPayments, rows: Uint32Array): Promise<Float64Array> {
    if (this.compiled === null) return await this.#scoreByTfjs(payments, rows);
    const scores = Float64Array.from(rows, (row) => this.#scoreCompiled(payments.vector(row)));
    const first = await this.#scoreByTfjs(payments, rows.subarray(0, ROWS_COMPARED));
    const agree = first.every((score, i) => Math.abs(score - scores[i]) <= MOST_DIFFERENCE);
    return agree ? scores : await this.#scoreByTfjs(payments, rows);
  }

  #scoreCompiled(vector: Float32Array): number {
    return sigmoid(this.compiled!.rawLogit(Float64Array.from(vector)));
  }

  async #scoreByTfjs(payments: LabelledPayments, rows: Uint32Array): Promise<Float64Array> {
    const scores = new Float64Array(rows.length);
    for (let from = 0; from < rows.length; from += ROWS_A_RUN) {
      const part = rows.subarray(from, from + ROWS_A_RUN);
      const input = this.#inputOf(payments, part);
      const output = this.model.predict(input, {});
      input.dispose();
      const answers = Array.isArray(output)
        ? output
        : output instanceof tf.Tensor
        ? [output]
        : Object.values(output);
      const columns = answers[0].size / part.length;
      if (answers.length !== 1 || answers[0].shape[0] !== part.length || (columns !== 1 && columns !== 2)) {
        throw new PlugError(
          "model_wrong_answer",
          this.name,
          `gave ${answers.length} output(s), the first of shape [${
            answers[0].shape
          }], for ${part.length} payments`,
          "The contract is one output, [payments, 1], or [payments, 2] with fraud in the second column.",
        );
      }
      const values = await answers[0].data();
      for (let i = 0; i < part.length; i++) scores[from + i] = values[i * columns + columns - 1];
      tf.dispose(output);
    }
    return scores;
  }

  #inputOf(payments: LabelledPayments, rows: Uint32Array): tf.Tensor2D {
    if (this.inputs === null) {
      const { features } = this.contract;
      return tf.tensor2d(matrixOf(payments, rows, features), [rows.length, features.length]);
    }
    const width = inputCount(this.inputs);
    const values = new Float32Array(rows.length * width);
    rows.forEach((row, i) => encodeInputs(this.inputs!, payments.vector(row), values, i * width));
    return tf.tensor2d(values, [rows.length, width]);
  }
}

/** Null for a folder that the server would not load, such as a sequence model's. */
async function compiledOf(folder: string): Promise<FraudModel | null> {
  try {
    return await loadModel(folder);
  } catch {
    return null;
  }
}

/** A folder that `deno task train` wrote. Another world's payments are none of this data's. */
function fromManifest(
  text: string,
  name: string,
  isWorld: (world: Readonly<Record<string, number>>) => boolean,
): { inputs: readonly InputSpec[]; contract: Contract } {
  let manifest: Manifest;
  try {
    manifest = JSON.parse(text) as Manifest;
  } catch {
    throw new PlugError("model_unreadable", name, "has a manifest.json that is no JSON", "Train it again.");
  }
  const inputs = manifest.inputs ?? [];
  if (
    inputs.length !== FEATURES.length || FEATURES.some((feature, f) => feature.name !== inputs[f].feature)
  ) {
    throw new PlugError(
      "model_wrong_features",
      name,
      "was trained on other features than this program computes",
      "Train it again with `deno task train`.",
    );
  }
  const until = manifest.trainedOn?.labelsKnownUntil;
  return {
    inputs,
    contract: {
      features: FEATURES.map((_, f) => f),
      trainedUntilMs: until !== undefined && isWorld(manifest.world) ? Date.parse(until) : null,
      saysWhen: until !== undefined,
    },
  };
}

async function load(name: string, path: string): Promise<tf.LayersModel | tf.GraphModel> {
  await startWasmBackend();
  try {
    const { modelTopology, weightsManifest, format, signature } = JSON.parse(await Deno.readTextFile(path));
    const paths: string[] = weightsManifest.flatMap((group: { paths: string[] }) => group.paths);
    const files = await Promise.all(paths.map((file) => Deno.readFile(join(dirname(path), file))));
    const handler: tf.io.IOHandler = {
      load: () =>
        Promise.resolve({
          modelTopology,
          format,
          signature,
          weightSpecs: weightsManifest.flatMap((group: { weights: tf.io.WeightsManifestEntry[] }) =>
            group.weights
          ),
          weightData: files.map((bytes) => bytes.buffer as ArrayBuffer),
        }),
    };
    return format === "graph-model" ? await tf.loadGraphModel(handler) : await tf.loadLayersModel(handler);
  } catch (error) {
    throw new PlugError(
      "model_unreadable",
      name,
      `is no TF.js model, ${path}: ${String((error as Error).message).split("\n")[0]}`,
      "A folder needs model.json (layers or graph model) and the weight files that it names.",
    );
  }
}

/** Null where there is no such file. */
async function textOf(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return null;
    throw error;
  }
}
