import { assert } from "../../core/assert.ts";
import { DAY_MS } from "../features/windows.ts";
import { type LogisticModel, logOddsOf } from "../logistic_model.ts";

/** What `deno task train:disputes` writes. */
export interface DisputeManifest {
  readonly formatVersion: 1;
  readonly modelVersion: string;
  /** Of the fraud model whose probabilities it was fitted on. */
  readonly fraudModelVersion: string;
  readonly model: LogisticModel;
  /** From the model's log-odds to the probability, in rising points: what cannot be told from the inputs has a floor. */
  readonly curve: readonly { readonly logOdds: number; readonly probability: number }[];
  /** Log-odds of a dispute by merchant category, drawn towards the average where there is little to go by. */
  readonly categories: Readonly<Record<string, number>>;
  /** For categories that were never seen. */
  readonly averageCategory: number;
  /** Share of disputes that have arrived by the end of day 0, 1, 2 … after the payment. */
  readonly arrivedByDay: readonly number[];
  readonly payments: number;
  readonly disputes: number;
  /** Of the payments it was tested on, later ones. */
  readonly calibration: {
    readonly error: number;
    readonly low: number;
    readonly high: number;
    readonly payments: number;
  };
}

export const DISPUTE_FEATURES = ["fraud_log_odds", "amount_ln", "category_log_odds", "has_device"] as const;

/** A captured payment, as far as it tells whether it will be disputed. */
export interface DisputedPayment {
  readonly fraudProbability: number;
  /** At the fixed reference rate. */
  readonly amountUsd: number;
  readonly category: string;
  readonly hasDevice: boolean;
}

const LEAST_PROBABILITY = 1e-9;

/** The model's inputs in the order of {@link DISPUTE_FEATURES}; the same code serves and trains. */
export function disputeFeatures(
  payment: DisputedPayment,
  { categories, averageCategory }: Pick<DisputeManifest, "categories" | "averageCategory">,
): number[] {
  const p = Math.min(1 - LEAST_PROBABILITY, Math.max(LEAST_PROBABILITY, payment.fraudProbability));
  return [
    Math.log(p / (1 - p)),
    Math.log1p(payment.amountUsd),
    categories[payment.category] ?? averageCategory,
    payment.hasDevice ? 1 : 0,
  ];
}

/** How likely a captured payment is to be charged back, calibrated on the simulated world's chargebacks. */
export class DisputeModel {
  constructor(readonly manifest: DisputeManifest) {
    assert(
      manifest.formatVersion === 1 &&
        manifest.model.inputs.map(({ name }) => name).join() === DISPUTE_FEATURES.join(),
      "The dispute model is not for this program's features: fit it again with deno task train:disputes",
    );
  }

  static async load(file: URL): Promise<DisputeModel> {
    return new DisputeModel(JSON.parse(await Deno.readTextFile(file)));
  }

  /**
   * The probability that a payment of this age, which nobody has disputed yet, will be: each day without one makes it
   * less likely.
   */
  probability(payment: DisputedPayment, ageMs: number): number {
    const ever = this.#calibrated(logOddsOf(this.manifest.model, disputeFeatures(payment, this.manifest)));
    const arrived = this.arrivedAfter(ageMs);
    return ever * (1 - arrived) / (1 - ever * arrived);
  }

  #calibrated(logOdds: number): number {
    const { curve } = this.manifest;
    const above = curve.findIndex((point) => point.logOdds > logOdds);
    if (above === 0) return curve[0].probability;
    if (above === -1) return curve.at(-1)!.probability;
    const [low, high] = [curve[above - 1], curve[above]];
    return low.probability +
      (high.probability - low.probability) * (logOdds - low.logOdds) / (high.logOdds - low.logOdds);
  }

  /** Share of disputes that come within so long; all have after the table's last day. */
  arrivedAfter(ageMs: number): number {
    const { arrivedByDay } = this.manifest;
    const days = Math.max(0, ageMs) / DAY_MS;
    const whole = Math.floor(days);
    if (whole >= arrivedByDay.length) return 1;
    const before = whole === 0 ? 0 : arrivedByDay[whole - 1];
    return before + (arrivedByDay[whole] - before) * (days - whole);
  }

  /** Days after which no dispute is expected any more. */
  get lastDay(): number {
    return this.manifest.arrivedByDay.length;
  }
}
