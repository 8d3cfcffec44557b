import { FEATURES } from "../../../src/fraud/features/catalogue.ts";
import { PlugError } from "./plug_error.ts";

/** What a model says about itself: `contract.json` in its folder, or `NAME.contract.json` beside `NAME.onnx`. */
export interface Contract {
  /** Places in the catalogue of the features it takes, in the order of its inputs. */
  readonly features: readonly number[];
  /** The latest instant of which it saw anything of the data it is judged on; null: nothing of that data. */
  readonly trainedUntilMs: number | null;
  /** Whether it says so at all. */
  readonly saysWhen: boolean;
}

/** @param text the file's, or null where there is none: then all features, and nothing said of its training */
export function parseContract(text: string | null, model: string, file: string): Contract {
  if (text === null) return { features: FEATURES.map((_, f) => f), trainedUntilMs: null, saysWhen: false };
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    throw new PlugError("model_unreadable", model, `has a ${file} that is no JSON`, "Mend or remove it.");
  }
  return contractOf(said, model, file);
}

/** The same from JSON that has been parsed. */
export function contractOf(said: unknown, model: string, from: string): Contract {
  if (typeof said !== "object" || said === null || Array.isArray(said)) {
    throw new PlugError(
      "model_unreadable",
      model,
      `has a ${from} that is no JSON object`,
      "Mend or remove it.",
    );
  }
  const { features, trainedUntil } = said as Record<string, unknown>;
  return {
    features: featurePlaces(features, model),
    trainedUntilMs: trainedUntilMs(trainedUntil, model, from),
    saysWhen: trainedUntil !== undefined,
  };
}

function featurePlaces(names: unknown, model: string): number[] {
  if (names === undefined) return FEATURES.map((_, f) => f);
  if (!Array.isArray(names) || names.length === 0) {
    throw new PlugError("model_wrong_features", model, "names no list of features", CATALOGUE);
  }
  return names.map((name) => {
    const place = FEATURES.findIndex((feature) => feature.name === name);
    if (place >= 0) return place;
    throw new PlugError(
      "model_wrong_features",
      model,
      `asks for the feature ${JSON.stringify(name)}`,
      CATALOGUE,
    );
  });
}

const CATALOGUE =
  "The names are those of src/fraud/features/catalogue.ts, in the order of the model's inputs.";

function trainedUntilMs(text: unknown, model: string, from: string): number | null {
  if (text === undefined || text === null) return null;
  const atMs = typeof text === "string" ? Date.parse(text) : NaN;
  if (!Number.isNaN(atMs)) return atMs;
  throw new PlugError(
    "model_unreadable",
    model,
    `says trainedUntil ${JSON.stringify(text)} in its ${from}`,
    "Give a time such as 2026-02-01T00:00:00Z, or null for a model that saw nothing of this data.",
  );
}
