import type { DriftReference } from "../drift/reference.ts";
import type { Calibration } from "./calibration.ts";

/** What a folder with a model says about itself: `manifest.json`, beside `model.json` and `weights.bin`. */
export interface Manifest {
  readonly formatVersion: typeof MANIFEST_FORMAT_VERSION;
  /** 12 hex digits over weights, inputs and calibration: equal models have equal versions. */
  readonly modelVersion: string;
  /** `FEATURE_HASH` of the engine that made the training vectors. */
  readonly featureHash: string;
  readonly seed: number;
  /** The world it was trained on, as given to `generateWorld`, and the days of each part. */
  readonly world: Readonly<Record<string, number>>;
  readonly trainedOn: {
    /** RFC 3339; labels that were not yet known at `labelsKnownUntil` counted as genuine. */
    readonly from: string;
    readonly until: string;
    readonly validationFrom: string;
    readonly validationUntil: string;
    readonly labelsKnownUntil: string;
    readonly rows: number;
    readonly frauds: number;
    readonly genuineSampleRate: number;
    /** Networks in the ensemble; `model.json` holds them as one (sim/train/join_members.ts). */
    readonly members: number;
    /** Boosted trees beside them, and how much they count; models trained before there were any have none. */
    readonly trees?: number;
    readonly treeShare?: number;
    /** How much of the rest the networks are together; what remains is a logistic regression's (sim/train/fit_model.ts). */
    readonly networkShare: number;
  };
  /** One for each feature, in the vector's order. */
  readonly inputs: readonly InputSpec[];
  readonly calibration: Calibration;
  readonly threshold: OperatingPoint;
  readonly metrics: { readonly validation: Metrics; readonly test: Metrics };
  /** What drift is measured against; models trained before it was kept have none. */
  readonly reference?: DriftReference;
  /** sha256 in hex by file name. */
  readonly files: Readonly<Record<string, string>>;
  readonly tfjsVersion: string;
  readonly backend: string;
}

export const MANIFEST_FORMAT_VERSION = 2;

/**
 * How a feature enters the network: piecewise linear. Edges e₀ < … < eₖ give k inputs; input j rises from 0 at
 * eⱼ to 1 at eⱼ₊₁ and stays there. Values outside are clipped. A flag has the edges 0 and 1 and stays itself;
 * a feature that never varied in training has no edges and no input.
 *
 * A category's value is a code, and its edges are places in the order of `codes`, from 0: of the category that had the least
 * fraud in training to that which had the most. So what rises along the edges is risk, as far as training showed it.
 */
export interface InputSpec {
  readonly feature: string;
  readonly edges: readonly number[];
  /** Of the training rows, of a category the commonest; what {@link FraudModel.explain} puts in the feature's place. */
  readonly median: number;
  /** A category's, by rising share of fraud; `OTHER_CODE` among them stands for all that are rare or were never seen. */
  readonly codes?: readonly number[];
  /** What each code stands for; null where that is not known. */
  readonly names?: readonly (string | null)[];
}

/** The operating point: payments with at least this probability have a risk score of 75 or more. */
export interface OperatingPoint {
  readonly riskScore: 75;
  readonly probability: number;
  /** The largest share of genuine validation payments that may score 75 or more. */
  readonly falsePositiveBudget: number;
}

export interface Metrics {
  readonly payments: number;
  readonly frauds: number;
  readonly averagePrecision: number;
  readonly rocAuc: number;
  /** At a risk score of 75 or more. */
  readonly recall: number;
  readonly precision: number;
  readonly falsePositiveRate: number;
  readonly valueDetected: number;
}
