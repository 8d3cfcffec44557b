import * as tf from "@tensorflow/tfjs";
import { createHash } from "node:crypto";
import type { Manifest } from "../../src/fraud/model/manifest.ts";

export interface ModelFiles {
  readonly modelJson: string;
  readonly weights: Uint8Array;
}

/** The model in the TF.js layers format, as `tf.loadLayersModel` reads it. */
export async function serializeModel(model: tf.Sequential): Promise<ModelFiles> {
  const saved = await new Promise<tf.io.ModelArtifacts>((resolve, reject) => {
    model.save(tf.io.withSaveHandler((artifacts) => {
      resolve(artifacts);
      const modelArtifactsInfo = { dateSaved: new Date(0), modelTopologyType: "JSON" as const };
      return Promise.resolve({ modelArtifactsInfo });
    })).catch(reject);
  });
  const modelJson = JSON.stringify({
    format: "layers-model",
    generatedBy: `TensorFlow.js tfjs-layers v${tf.version.tfjs}`,
    convertedBy: null,
    modelTopology: saved.modelTopology,
    weightsManifest: [{ paths: ["weights.bin"], weights: saved.weightSpecs }],
  });
  const weights = new Uint8Array(tf.io.CompositeArrayBuffer.join(saved.weightData));
  return { modelJson, weights };
}

/** Checksums of the files, and the version that names model, inputs and calibration together. */
export function identify(
  { modelJson, weights }: ModelFiles,
  rest: Pick<Manifest, "inputs" | "calibration" | "threshold" | "featureHash">,
): Pick<Manifest, "modelVersion" | "files"> {
  const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");
  const files = { "model.json": sha256(modelJson), "weights.bin": sha256(weights) };
  return { files, modelVersion: sha256(JSON.stringify({ files, ...rest })).slice(0, 12) };
}

/** Writes the folder that `loadModel` reads; the manifest last, so that half a model is never taken for one. */
export async function writeModel(directory: string, files: ModelFiles, manifest: Manifest): Promise<void> {
  await Deno.mkdir(directory, { recursive: true });
  await Deno.writeTextFile(`${directory}/model.json`, files.modelJson);
  await Deno.writeFile(`${directory}/weights.bin`, files.weights);
  await Deno.writeTextFile(`${directory}/manifest.json`, `${JSON.stringify(manifest, null, 1)}\n`);
}
