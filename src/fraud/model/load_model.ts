import { createHash } from "node:crypto";
import { FEATURE_HASH, FEATURES } from "../features/catalogue.ts";
import { FraudModel } from "./fraud_model.ts";
import { type Manifest, MANIFEST_FORMAT_VERSION } from "./manifest.ts";
import type { DenseLayer } from "./network.ts";

/**
 * Reads `manifest.json`, `model.json` and `weights.bin` (TF.js layers format) from `directory`. Throws when the
 * model was trained on other features, when a file is not the one the manifest describes, or when the network is
 * of a form the scorer does not run. Never loads TF.js: a server must be ready in seconds.
 */
export async function loadModel(directory: string): Promise<FraudModel> {
  const read = async (name: string) => {
    try {
      return await Deno.readFile(`${directory}/${name}`);
    } catch (cause) {
      throw refused(directory, `${name} cannot be read`, "Train one with `deno task train`.", cause);
    }
  };
  const manifest = parseJson(directory, "manifest.json", await read("manifest.json")) as Manifest;
  if (manifest.formatVersion !== MANIFEST_FORMAT_VERSION) {
    throw refused(
      directory,
      `its format is ${manifest.formatVersion}, not ${MANIFEST_FORMAT_VERSION}`,
      RETRAIN,
    );
  }
  const names = manifest.inputs.map((input) => input.feature);
  if (
    manifest.featureHash !== FEATURE_HASH || names.length !== FEATURES.length ||
    FEATURES.some((feature, i) => feature.name !== names[i])
  ) {
    throw refused(
      directory,
      `it was trained on the features ${manifest.featureHash}, this program computes ${FEATURE_HASH}`,
      RETRAIN,
    );
  }
  const [topology, weights] = [await read("model.json"), await read("weights.bin")];
  for (const [name, bytes] of [["model.json", topology], ["weights.bin", weights]] as const) {
    const checksum = createHash("sha256").update(bytes).digest("hex");
    if (manifest.files[name] !== checksum) {
      throw refused(directory, `${name} has sha256 ${checksum}, not the manifest's`, RETRAIN);
    }
  }
  return new FraudModel(
    manifest,
    denseLayers(directory, parseJson(directory, "model.json", topology), weights),
  );
}

const RECURRENT = new Set(["GRU", "LSTM", "SimpleRNN", "RNN", "Bidirectional"]);
const RETRAIN = "Train it again with `deno task train`, or restore the files.";

interface LayersModel {
  readonly modelTopology: {
    readonly config: {
      readonly layers: readonly {
        readonly class_name: string;
        readonly config: { readonly name: string; readonly units: number; readonly activation: string };
      }[];
    };
  };
  readonly weightsManifest: readonly {
    readonly weights: readonly {
      readonly name: string;
      readonly shape: readonly number[];
      readonly dtype: string;
    }[];
  }[];
}

function denseLayers(directory: string, model: unknown, bytes: Uint8Array): DenseLayer[] {
  const { modelTopology, weightsManifest } = model as LayersModel;
  const weights = new Map<string, Float32Array>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  for (const { name, shape, dtype } of weightsManifest.flatMap((group) => group.weights)) {
    const length = shape.reduce((product, size) => product * size, 1);
    if (dtype !== "float32" || offset + length * 4 > bytes.length) {
      throw refused(directory, `weights.bin does not hold ${name} as float32`, RETRAIN);
    }
    const values = new Float32Array(length);
    for (let i = 0; i < length; i++) values[i] = view.getFloat32(offset + i * 4, true);
    weights.set(name, values);
    offset += length * 4;
  }
  const layers: DenseLayer[] = [];
  const described = modelTopology?.config?.layers;
  if (!Array.isArray(described)) throw refused(directory, "model.json lists no layers", RETRAIN);
  for (const { class_name, config } of described as LayersModel["modelTopology"]["config"]["layers"]) {
    if (class_name === "InputLayer") continue;
    const kernel = weights.get(`${config.name}/kernel`);
    const bias = weights.get(`${config.name}/bias`);
    const { activation, units } = config;
    if (RECURRENT.has(class_name)) {
      throw refused(
        directory,
        `layer ${config.name} (${class_name}) reads a customer's payments one after the other, and the screen has the ` +
          "present payment's features alone",
        "Measure a sequence model with `deno task bench:fraud`; serve an ensemble of `deno task train`.",
      );
    }
    if (class_name !== "Dense" || !kernel || !bias || (activation !== "relu" && activation !== "sigmoid")) {
      throw refused(
        directory,
        `layer ${config.name} (${class_name}, ${activation}) is not a dense one`,
        RETRAIN,
      );
    }
    layers.push({ kernel, bias, units, activation });
  }
  return layers;
}

function parseJson(directory: string, name: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw refused(directory, `${name} is not JSON`, RETRAIN, cause);
  }
}

function refused(directory: string, why: string, nextMove: string, cause?: unknown): Error {
  return new Error(`Cannot use the fraud model in "${directory}": ${why}. ${nextMove}`, { cause });
}
