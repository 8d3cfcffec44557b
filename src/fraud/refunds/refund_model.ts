import { assert } from "../../core/assert.ts";
import { effectsOf, type LogisticModel, logOddsOf, sigmoid } from "../logistic_model.ts";
import { REFUND_FEATURES, type RefundAsked, refundFeatures, type RefundHistory } from "./refund_features.ts";

/** What `deno task train:refunds` writes. */
export interface RefundManifest {
  readonly formatVersion: 1;
  readonly modelVersion: string;
  readonly model: LogisticModel;
  /** Shares of not_as_described, not_received and duplicate among the training rows. */
  readonly reasonShares: readonly [number, number, number];
  /** From these probabilities on a person is asked, or the refund is refused. */
  readonly reviewAt: number;
  readonly refuseAt: number;
}

export interface RefundRisk {
  /** 0 to 100: 50 where a person begins to be asked. */
  readonly score: number;
  /** Probability that the reason would be found untrue. */
  readonly probability: number;
  readonly decision: "approve" | "review" | "refuse";
  readonly decidedBy: "model" | "test_payment_method" | "open_dispute";
  readonly reasons: readonly { feature: string; value: number; effect: number }[];
  readonly modelVersion: string;
}

/** The score from which a person is asked. */
export const REVIEW_AT_SCORE = 50;
const REASONS_SHOWN = 3;

export class RefundModel {
  readonly modelVersion: string;
  /** The score from which a refund is refused. */
  readonly refuseAtScore: number;
  readonly #manifest: RefundManifest;

  constructor(manifest: RefundManifest) {
    assert(
      manifest.formatVersion === 1 && manifest.reviewAt > 0 && manifest.refuseAt > manifest.reviewAt &&
        manifest.refuseAt < 1 &&
        manifest.model.inputs.map(({ name }) => name).join() === REFUND_FEATURES.join(),
      "The refund model is not for this program's features: train it again with deno task train:refunds",
    );
    this.#manifest = manifest;
    this.modelVersion = manifest.modelVersion;
    this.refuseAtScore = this.#score(manifest.refuseAt);
  }

  static async load(file: URL): Promise<RefundModel> {
    return new RefundModel(JSON.parse(await Deno.readTextFile(file)));
  }

  /** @param ordered what the payment's test method orders; null for a payment like any other */
  assess(asked: RefundAsked, history: RefundHistory, ordered: RefundRisk["decision"] | null): RefundRisk {
    const { model, reasonShares, reviewAt, refuseAt } = this.#manifest;
    const row = refundFeatures(asked, history, reasonShares);
    const probability = sigmoid(logOddsOf(model, row));
    return {
      score: this.#score(probability),
      probability,
      decision: ordered ??
        (probability >= refuseAt ? "refuse" : probability >= reviewAt ? "review" : "approve"),
      decidedBy: ordered === null ? "model" : "test_payment_method",
      reasons: effectsOf(model, row, REASONS_SHOWN),
      modelVersion: this.modelVersion,
    };
  }

  /** The odds against those at which a person is asked; rounded down, so that just below never shows 50. */
  #score(probability: number): number {
    const odds = probability / (1 - probability);
    const reviewOdds = this.#manifest.reviewAt / (1 - this.#manifest.reviewAt);
    const share = probability === this.#manifest.reviewAt ? 0.5 : odds / (odds + reviewOdds);
    return Math.floor(share * 1_000) / 10;
  }
}
