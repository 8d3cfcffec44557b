import { calibratedLogOdds, calibratedProbability } from "./calibration.ts";
import { readableValue } from "./category_order.ts";
import type { Manifest } from "./manifest.ts";
import { type DenseLayer, Network } from "./network.ts";
import { riskScore } from "./risk_score.ts";

export interface Score {
  /** Calibrated probability that the payment is fraud, 0 … 1. */
  readonly probability: number;
  /** 0 … 100 with one decimal, rounded down; 75 is the operating point. */
  readonly riskScore: number;
}

export interface Reason {
  readonly feature: string;
  /** A category's is words (category_order.ts: {@link readableValue}). */
  readonly value: number | string;
  /** How much the feature's value adds to the log-odds of fraud against its training median; may be negative. */
  readonly effect: number;
}

/** Those of which the exact effect is asked, so that one that the estimate puts too low is still among them. */
const CANDIDATES_PER_REASON = 3;

/** A trained model ready to score one payment at a time: some 20 µs a score, three times that an explanation. */
export class FraudModel {
  readonly manifest: Manifest;
  readonly #network: Network;

  constructor(manifest: Manifest, layers: readonly DenseLayer[]) {
    this.manifest = manifest;
    this.#network = new Network(manifest.inputs, layers);
  }

  /** The network's own output before calibration, as TF.js computes it. */
  rawLogit(vector: Float64Array): number {
    return this.#network.logit(vector);
  }

  /** What the vector of `readFeatures` says about the payment. */
  score(vector: Float64Array): Score {
    return this.#scoreOf(this.#network.logit(vector));
  }

  /** The same, of a vector that {@link explain} will be asked about, which then finds the first layer done. */
  scoreToExplain(vector: Float64Array): Score {
    return this.#scoreOf(this.#network.logitToExplain(vector));
  }

  #scoreOf(logit: number): Score {
    const probability = calibratedProbability(this.manifest.calibration, logit);
    return { probability, riskScore: riskScore(probability, this.manifest.threshold.probability) };
  }

  /** The `top` features that moved the score most, strongest first; features without effect are left out. */
  explain(vector: Float64Array, top: number): Reason[] {
    const { inputs, calibration } = this.manifest;
    const { logit, effects } = this.#network.occlusionOfLargest(vector, CANDIDATES_PER_REASON * top);
    const logOdds = calibratedLogOdds(calibration, logit);
    const strongest = effects.filter(({ effect }) => effect !== 0)
      .sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect) || a.feature - b.feature);
    return strongest.slice(0, top).map(({ feature, effect }) => ({
      feature: inputs[feature].feature,
      value: readableValue(inputs[feature], vector[feature]),
      effect: logOdds - calibratedLogOdds(calibration, logit - effect),
    }));
  }
}

export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
