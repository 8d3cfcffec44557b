import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { exists } from "./core/exists.ts";
import { type Config, ConfigError } from "./config.ts";
import type { FraudModel } from "./fraud/model/fraud_model.ts";
import { loadModel } from "./fraud/model/load_model.ts";
import type { Manifest } from "./fraud/model/manifest.ts";
import type { FraudModelPort } from "./fraud/screen_payment.ts";
import { championPath, readChampionFile } from "./promotion/champion_file.ts";

/** The model shipped with the program, reproduced by `deno task train --default`. */
export const SHIPPED_MODEL_DIRECTORY = fileURLToPath(new URL("../fixtures/model", import.meta.url));

export interface LoadedModel extends FraudModelPort {
  readonly directory: string;
  readonly manifest: Manifest;
}

/**
 * The model of MODEL_DIR, else the one that was promoted, else the one trained into the data folder, else the one shipped
 * in fixtures/.
 */
export async function loadFraudModel(
  config: Pick<Config, "modelDirectory" | "dataDirectory">,
): Promise<LoadedModel> {
  const { modelDirectory, dataDirectory } = config;
  // A person must act: the message alone, without a stack, and what chose the folder.
  if (modelDirectory !== null) return await load(modelDirectory, "The folder was chosen by MODEL_DIR.");
  const promoted = (await readChampionFile(dataDirectory))?.line.at(-1);
  if (promoted !== undefined) {
    const chosenBy = `The folder was chosen by ${championPath(dataDirectory)}: ` +
      "`deno task model:promote --rollback` restores the model before.";
    const model = await load(join(dataDirectory, promoted.directory), chosenBy);
    if (model.modelVersion === promoted.modelVersion) return model;
    throw new ConfigError(
      `${model.directory} holds model ${model.modelVersion}, not the promoted ${promoted.modelVersion}. ${chosenBy}`,
      { code: "model_unusable" },
    );
  }
  const trained = join(dataDirectory, "model");
  return await load(await exists(join(trained, "manifest.json")) ? trained : SHIPPED_MODEL_DIRECTORY, "");
}

/**
 * The model of CHALLENGER_MODEL_DIR; null where none is named.
 * @param namedBy what an error says the folder was chosen by, when a flag stood in for the variable
 */
export async function loadChallenger(
  { challengerDirectory }: Pick<Config, "challengerDirectory">,
  namedBy = "CHALLENGER_MODEL_DIR",
): Promise<LoadedModel | null> {
  if (challengerDirectory === null) return null;
  // Nobody asks for its reasons.
  return await load(challengerDirectory, `The folder was chosen by ${namedBy}.`, false);
}

async function load(directory: string, chosenBy: string, willExplain = true): Promise<LoadedModel> {
  let model: FraudModel;
  try {
    model = await loadModel(directory);
  } catch (error) {
    throw new ConfigError(`${(error as Error).message} ${chosenBy}`.trim(), {
      code: "model_unusable",
      cause: error,
    });
  }
  return {
    directory,
    manifest: model.manifest,
    modelVersion: model.manifest.modelVersion,
    score: willExplain ? (vector) => model.scoreToExplain(vector) : (vector) => model.score(vector),
    explain: (vector, top) => model.explain(vector, top),
  };
}
