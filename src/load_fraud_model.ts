import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Config, ConfigError } from "./config.ts";
import type { FraudModel } from "./fraud/model/fraud_model.ts";
import { loadModel } from "./fraud/model/load_model.ts";
import type { FraudModelPort } from "./fraud/screen_payment.ts";

/** The model shipped with the program, reproduced by `deno task train --default`. */
export const SHIPPED_MODEL_DIRECTORY = fileURLToPath(new URL("../fixtures/model", import.meta.url));

/** The model of MODEL_DIR, else the one trained into the data folder, else the one shipped in fixtures/. */
export async function loadFraudModel(
  config: Pick<Config, "modelDirectory" | "dataDirectory">,
): Promise<FraudModelPort & { directory: string }> {
  const trained = join(config.dataDirectory, "model");
  const directory = config.modelDirectory ??
    (await exists(join(trained, "manifest.json")) ? trained : SHIPPED_MODEL_DIRECTORY);
  let model: FraudModel;
  try {
    model = await loadModel(directory);
  } catch (error) {
    // A person must act: the message alone, without a stack, and the variable that chose the folder.
    const chosenBy = config.modelDirectory === null ? "" : " The folder was chosen by MODEL_DIR.";
    throw new ConfigError(`${(error as Error).message}${chosenBy}`, { cause: error });
  }
  return {
    directory,
    modelVersion: model.manifest.modelVersion,
    score: (vector) => model.scoreToExplain(vector),
    explain: (vector, top) => model.explain(vector, top),
  };
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
