import type { LabelledPayments } from "../../train/labelled_payments.ts";
import { HttpModel } from "./http_model.ts";
import type { ModelSpec } from "./model_spec.ts";
import { OnnxModel } from "./onnx_model.ts";
import { type PlugOptions, probabilitiesToLogits } from "./plugged_model.ts";
import { TfjsModel } from "./tfjs_model.ts";

const FIRST_PAYMENTS = 50;

type OpenModel = TfjsModel | OnnxModel | HttpModel;

/**
 * Looks whether each model is there, of a path with `{fold}` the first fold's, and whether what it says of itself holds
 * together: needs no payments, so that a mistyped path is found before the features of a whole file are computed.
 */
export async function openModels(
  specs: readonly ModelSpec[],
  { timeoutMs }: Pick<PlugOptions, "timeoutMs">,
): Promise<OpenModel[]> {
  const models: OpenModel[] = [];
  for (const { name, kind, at } of specs) {
    const path = at.replaceAll("{fold}", "1");
    models.push(
      kind === "tfjs"
        // Whose payments it has seen is asked when a fold opens it.
        ? await TfjsModel.open(name, path, () => false)
        : kind === "onnx"
        ? await OnnxModel.open(name, path)
        : await HttpModel.open(name, at, timeoutMs),
    );
  }
  return models;
}

/**
 * Asks each model for a few payments, so that one that breaks the contract is found in seconds and not after the other
 * contenders have been trained. A scorer that is yet to be fitted is only asked what it wants.
 */
export async function probeModels(models: readonly OpenModel[], payments: LabelledPayments): Promise<void> {
  const rows = Uint32Array.from({ length: Math.min(FIRST_PAYMENTS, payments.length) }, (_, row) => row);
  for (const model of models) {
    if (model instanceof HttpModel && model.wants.fits) continue;
    probabilitiesToLogits(await model.score(payments, rows), model.name, rows.length);
  }
}
