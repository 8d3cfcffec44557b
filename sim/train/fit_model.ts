import { calibratedProbability, type Calibration } from "../../src/fraud/model/calibration.ts";
import type { InputSpec } from "../../src/fraud/model/manifest.ts";
import { type DenseLayer, Network } from "../../src/fraud/model/network.ts";
import { chooseCategories } from "./choose_categories.ts";
import { chooseCalibration, type ChosenCalibration } from "./calibrate.ts";
import { customerHalves } from "./customer_halves.ts";
import { fitInputs } from "./fit_inputs.ts";
import type { PaymentRows } from "./payment_rows.ts";
import { checkBy, mixWithRegression } from "./mix_with_regression.ts";
import { mixWithTrees } from "./mix_with_trees.ts";
import { thresholdWithin } from "../../src/fraud/measures/metrics.ts";
import { type Sample, sampleRows } from "./sample_rows.ts";
import { boostTrees } from "./trees/boost_trees.ts";
import { type EnsembleOptions, type LearningCurve, trainEnsemble } from "./train_ensemble.ts";

/** Share of genuine payments that may score 75 or more. */
export const FALSE_POSITIVE_BUDGET = 0.0025;

export interface FitOptions {
  readonly seeds: readonly number[];
  /** Payments to train on, fraud and a sample of the rest. */
  readonly mostRows: number;
  /** Passes through enough rows; few are gone through more often (most_passes.ts). */
  readonly mostEpochs: number;
  readonly label: string;
}

/** Rows in the judgement of each epoch; calibration and the threshold take all of validation. */
const EPOCH_CHECK_ROWS = 15_000;
const NETWORK: Pick<EnsembleOptions, "hiddenUnits" | "learningRate" | "weightDecay"> = {
  hiddenUnits: [32, 16],
  learningRate: 0.002,
  weightDecay: 1e-4,
};

export interface FittedModel {
  readonly inputs: readonly InputSpec[];
  /** The ensemble as one network. */
  readonly layers: readonly DenseLayer[];
  /** What the networks alone were trained on; {@link inputs} are these with the trees' cuts between. */
  readonly networkInputs: readonly InputSpec[];
  readonly networks: readonly (readonly DenseLayer[])[];
  /** How much the trees count; the rest is shared by networks and regression. */
  readonly treeShare: number;
  /** How many trees count. */
  readonly trees: number;
  /** How much of that rest the networks are together; what remains is the regression's. */
  readonly networkShare: number;
  readonly curves: readonly LearningCurve[];
  readonly calibration: ChosenCalibration;
  /** The probability at and above which a payment scores 75 or more. */
  readonly threshold: number;
  readonly sample: Sample;
  /** Of the validation rows, calibrated. */
  readonly validation: Float64Array;
}

/** What is learned from, and how features become inputs: the same for every model of a fold. */
export interface Prepared {
  readonly sample: Sample;
  readonly networkInputs: readonly InputSpec[];
}

export function prepareFit(
  payments: PaymentRows,
  train: Uint32Array,
  validation: Uint32Array,
  madeAtMs: number,
  { seeds, mostRows }: Pick<FitOptions, "seeds" | "mostRows">,
): Prepared {
  const sample = sampleRows(payments, train, madeAtMs, mostRows, seeds[0], false);
  const { rows: check } = sampleRows(payments, validation, madeAtMs, 2 * EPOCH_CHECK_ROWS, seeds[0], true);
  const checks = {
    byCustomer: checkBy(check, (row) => payments.customer(row)),
    byMerchant: checkBy(check, (row) => payments.merchant(row)),
    byPayment: checkBy(check, (row) => row),
  };
  const inputs = fitInputs(sample.rows, payments.categoryNames);
  return { sample, networkInputs: chooseCategories(sample.rows, checks, inputs, seeds[0]) };
}

/**
 * The model as the server runs it: inputs, ensemble, calibration and operating point, all from labels known at
 * `madeAtMs`.
 */
export async function fitModel(
  payments: PaymentRows,
  train: Uint32Array,
  validation: Uint32Array,
  madeAtMs: number,
  options: FitOptions,
  { sample, networkInputs }: Prepared = prepareFit(payments, train, validation, madeAtMs, options),
): Promise<FittedModel> {
  const { seeds, mostEpochs, label } = options;
  // Networks that were stopped where they did best on some rows look better on them than they are. So the rows that
  // choose between networks and regression are those of other customers.
  const halves = customerHalves(payments, validation, madeAtMs);
  const halfOf = (row: number) => halves[payments.customer(row)];
  const [stopping, mixing] = [0, 1].map((half) =>
    sampleRows(
      payments,
      validation.filter((row) => halfOf(row) === half),
      madeAtMs,
      EPOCH_CHECK_ROWS,
      seeds[0],
      true,
    ).rows
  );
  const { members: networks, curves } = await trainEnsemble(sample.rows, stopping, networkInputs, {
    ...NETWORK,
    seeds,
    mostEpochs,
    label,
  });
  const check = checkBy(mixing, (row) => payments.customer(row));
  const mixture = mixWithRegression(sample.rows, check, networkInputs, networks);
  const boosted = boostTrees(sample.rows, stopping, networkInputs, seeds[0]);
  const { inputs, layers, treeShare } = mixWithTrees(mixture, boosted, check, networkInputs);
  const logits = logitsOf(new Network(inputs, layers), payments, validation);
  const labels = Uint8Array.from(validation, (row) => payments.labelAt(row, madeAtMs));
  const calibration = chooseCalibration(logits, labels, (i) => halfOf(validation[i]));
  const probabilities = calibrated(calibration.calibration, logits);
  return {
    inputs,
    layers,
    networkInputs,
    networks,
    treeShare,
    trees: treeShare === 0 ? 0 : boosted.trees.length,
    networkShare: mixture.networkShare,
    curves,
    calibration,
    threshold: thresholdWithin(FALSE_POSITIVE_BUDGET, probabilities, labels),
    sample,
    validation: probabilities,
  };
}

export function logitsOf(network: Network, payments: PaymentRows, rows: Uint32Array): Float64Array {
  const logits = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) logits[i] = network.logit(payments.vector(rows[i]));
  return logits;
}

export function calibrated(calibration: Calibration, logits: Float64Array): Float64Array {
  return logits.map((logit) => calibratedProbability(calibration, logit));
}
