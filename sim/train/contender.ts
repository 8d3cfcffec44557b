import { chooseCalibration } from "./calibrate.ts";
import { calibrated } from "./fit_model.ts";
import type { LabelledPayments } from "./labelled_payments.ts";

/** Whatever gives a payment a number: the more, the more suspicious. One fold's scores. */
export interface Contender {
  readonly name: string;
  /** Whether the scores are calibrated probabilities; those of rules are not. */
  readonly isProbability: boolean;
  /** In the order of the fold's validation rows. */
  readonly validation: Float64Array;
  /** In the order of the fold's test rows. */
  readonly test: Float64Array;
}

/** Which rows a fold judges by, and when its models are made. */
export interface JudgedFold {
  readonly madeAtMs: number;
  readonly validation: Uint32Array;
  readonly test: Uint32Array;
}

/** Raw scores, turned into probabilities on validation by the same choice that the model has. */
export function calibratedContender(
  name: string,
  payments: LabelledPayments,
  { madeAtMs, validation }: Pick<JudgedFold, "madeAtMs" | "validation">,
  onValidation: Float64Array,
  onTest: Float64Array,
): Contender {
  const labels = Uint8Array.from(validation, (row) => payments.labelAt(row, madeAtMs));
  const { calibration } = chooseCalibration(
    onValidation,
    labels,
    (i) => payments.customer(validation[i]) % 2,
  );
  return {
    name,
    isProbability: true,
    validation: calibrated(calibration, onValidation),
    test: calibrated(calibration, onTest),
  };
}
