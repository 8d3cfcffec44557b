import type { LabelledPayments } from "../../train/labelled_payments.ts";
import { HttpModel } from "./http_model.ts";
import type { ModelSpec } from "./model_spec.ts";
import { OnnxModel } from "./onnx_model.ts";
import { type PlugOptions, probabilitiesToLogits } from "./plugged_model.ts";
import { TfjsModel } from "./tfjs_model.ts";

const FIRST_PAYMENTS = 50;

/**
 * Asks each model for a few payments, so that one that breaks the contract is found in seconds and not after the other
 * contenders have been trained. A scorer that is yet to be fitted is only asked what it wants.
 */
export async function probeModels(
  specs: readonly ModelSpec[],
  payments: LabelledPayments,
  options: PlugOptions,
): Promise<void> {
  const rows = Uint32Array.from({ length: Math.min(FIRST_PAYMENTS, payments.length) }, (_, row) => row);
  for (const { name, kind, at } of specs) {
    const path = at.replaceAll("{fold}", "1");
    const model = kind === "tfjs"
      ? await TfjsModel.open(name, path, options.isWorld)
      : kind === "onnx"
      ? await OnnxModel.open(name, path)
      : await HttpModel.open(name, at, options.timeoutMs);
    if (model instanceof HttpModel && model.wants.fits) continue;
    probabilitiesToLogits(await model.score(payments, rows), name, rows.length);
  }
}
