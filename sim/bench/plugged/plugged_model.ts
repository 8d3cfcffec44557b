import type { LabelledPayments } from "../../train/labelled_payments.ts";
import type { WeightedRows } from "../../train/weighted_rows.ts";
import { calibratedContender, type Contender, type JudgedFold } from "../../train/contender.ts";
import { HttpModel } from "./http_model.ts";
import type { ModelSpec } from "./model_spec.ts";
import { OnnxModel } from "./onnx_model.ts";
import { PlugError } from "./plug_error.ts";
import { TfjsModel } from "./tfjs_model.ts";

/** A model of one's own, opened for one fold. */
export interface PluggedModel {
  /** Whether it says until when it was trained; the scoreboard tells of those that do not. */
  readonly saysWhen: boolean;
  /** The latest instant of the data that it has seen; null where it saw none of it, or says nothing. */
  readonly trainedUntilMs: number | null;
  /** One number a payment, in the order of `rows`, which are in order of time. */
  score(payments: LabelledPayments, rows: Uint32Array): Promise<Float64Array>;
}

/** The rows a fold's own models are trained on, with the labels as they were known when the fold's model was made. */
export interface TrainingRows extends WeightedRows {
  readonly rows: Uint32Array;
}

export interface PlugOptions {
  /** For each call of an HTTP scorer. */
  readonly timeoutMs: number;
  /** Says whether the run's data is the world of a manifest: a model from another world saw nothing of this one. */
  readonly isWorld: (world: Readonly<Record<string, number>>) => boolean;
}

/** The row of one model in one fold: opened, fitted where it fits itself, asked, checked, calibrated as all others. */
export async function pluggedContender(
  spec: ModelSpec,
  foldNumber: number,
  payments: LabelledPayments,
  train: TrainingRows,
  fold: JudgedFold,
  options: PlugOptions,
): Promise<Contender & { readonly saysWhen: boolean }> {
  const model = await openModel(spec, foldNumber, payments, train, fold, options);
  const { trainedUntilMs } = model;
  if (trainedUntilMs !== null && trainedUntilMs > fold.madeAtMs) {
    throw new PlugError(
      "model_saw_the_test",
      spec.name,
      `was trained until ${
        new Date(trainedUntilMs).toISOString()
      }, and fold ${foldNumber} judges payments from ${new Date(fold.madeAtMs).toISOString()} on`,
      "Train it on earlier payments, one model a fold with {fold} in its path (--folds-out DIR writes what to train on).",
    );
  }
  const scored = await model.score(payments, concat(fold.validation, fold.test));
  const logits = probabilitiesToLogits(scored, spec.name, fold.validation.length + fold.test.length);
  return {
    ...calibratedContender(
      spec.name,
      payments,
      fold,
      logits.slice(0, fold.validation.length),
      logits.slice(fold.validation.length),
    ),
    saysWhen: model.saysWhen,
  };
}

async function openModel(
  spec: ModelSpec,
  foldNumber: number,
  payments: LabelledPayments,
  train: TrainingRows,
  fold: JudgedFold,
  options: PlugOptions,
): Promise<PluggedModel> {
  const at = spec.at.replaceAll("{fold}", String(foldNumber));
  if (spec.kind === "tfjs") return await TfjsModel.open(spec.name, at, options.isWorld);
  if (spec.kind === "onnx") return await OnnxModel.open(spec.name, at);
  const model = await HttpModel.open(spec.name, spec.at, options.timeoutMs);
  await model.fit(payments, train, foldNumber, fold.madeAtMs);
  return model;
}

/** Far enough from 0 and 1 that no logit is infinite, and nearer than any calibration tells apart. */
const NEAREST = 1e-12;

/** Checks that each number is a probability; the calibration of all contenders works on log-odds. */
export function probabilitiesToLogits(scores: Float64Array, model: string, payments: number): Float64Array {
  if (scores.length !== payments) {
    throw new PlugError(
      "model_wrong_answer",
      model,
      `gave ${scores.length} numbers for ${payments} payments`,
      "The contract is one probability a payment, in the order of the payments.",
    );
  }
  return scores.map((p, i) => {
    if (!(p >= 0 && p <= 1)) {
      throw new PlugError(
        "model_no_probability",
        model,
        `gave ${p} for payment ${i + 1} of ${payments}`,
        "The contract is a probability of fraud from 0 to 1: put a sigmoid behind log-odds, and look for missing values.",
      );
    }
    const inside = Math.min(1 - NEAREST, Math.max(NEAREST, p));
    return Math.log(inside / (1 - inside));
  });
}

function concat(first: Uint32Array, second: Uint32Array): Uint32Array {
  const both = new Uint32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
