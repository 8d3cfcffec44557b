import { chooseCalibration } from "./calibrate.ts";
import { customerHalves } from "./customer_halves.ts";
import { calibrated, FALSE_POSITIVE_BUDGET } from "./fit_model.ts";
import type { PaymentRows } from "./payment_rows.ts";
import { thresholdWithin } from "../../src/fraud/measures/metrics.ts";

/** Whatever gives a payment a number: the more, the more suspicious. One fold's scores. */
export interface Contender {
  readonly name: string;
  /** Whether the scores are calibrated probabilities; those of rules are not. */
  readonly isProbability: boolean;
  /** Frozen on its own validation rows: at and above it a payment scores 75 or more. */
  readonly threshold: number;
  /** In the order of the fold's test rows. */
  readonly test: Float64Array;
}

export const MODEL_NAME = "the model";
export const ORACLE_NAME = "the oracle";

/** Which rows a fold judges by, and when its models are made. */
export interface JudgedFold {
  readonly madeAtMs: number;
  readonly validation: Uint32Array;
  readonly test: Uint32Array;
}

/** Raw scores, turned into probabilities on validation by the same choice that the model has. */
export function calibratedContender(
  name: string,
  payments: PaymentRows,
  { madeAtMs, validation }: Pick<JudgedFold, "madeAtMs" | "validation">,
  onValidation: Float64Array,
  onTest: Float64Array,
): Contender {
  const labels = Uint8Array.from(validation, (row) => payments.labelAt(row, madeAtMs));
  const halves = customerHalves(payments, validation, madeAtMs);
  const { calibration } = chooseCalibration(
    onValidation,
    labels,
    (i) => halves[payments.customer(validation[i])],
  );
  return {
    name,
    isProbability: true,
    threshold: thresholdWithin(FALSE_POSITIVE_BUDGET, calibrated(calibration, onValidation), labels),
    test: calibrated(calibration, onTest),
  };
}

/** Scores that need no training: `scoreOf` a row, and the threshold that validation gives them. */
export function plainContender(
  name: string,
  isProbability: boolean,
  payments: PaymentRows,
  { madeAtMs, validation, test }: JudgedFold,
  scoreOf: (row: number) => number,
): Contender {
  const labels = Uint8Array.from(validation, (row) => payments.labelAt(row, madeAtMs));
  return {
    name,
    isProbability,
    threshold: thresholdWithin(FALSE_POSITIVE_BUDGET, Float64Array.from(validation, scoreOf), labels),
    test: Float64Array.from(test, scoreOf),
  };
}
