import { createHash } from "node:crypto";
import { Random } from "../../src/core/random.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { logOddsOf, sigmoid } from "../../src/fraud/logistic_model.ts";
import { REFUND_FEATURES } from "../../src/fraud/refunds/refund_features.ts";
import type { RefundManifest } from "../../src/fraud/refunds/refund_model.ts";
import { type Estimate, withInterval } from "../fit/bootstrap_interval.ts";
import { fitLogistic } from "../fit/fit_logistic.ts";
import { labelKnownAt } from "../world/labels.ts";
import type { World } from "../world/world.ts";
import { type RefundRow, refundRows } from "./refund_rows.ts";

/** Days of the world; what is trained on is older than what the thresholds are set on, and both than what is tested. */
export interface RefundSplit {
  readonly train: readonly [from: number, until: number];
  /** Labels that arrive later are not known to the training. */
  readonly labelsUntil: number;
  readonly thresholds: readonly [from: number, until: number];
  readonly test: readonly [from: number, until: number];
}

export const DEFAULT_SPLIT: RefundSplit = {
  train: [30, 110],
  labelsUntil: 130,
  thresholds: [110, 140],
  test: [140, 200],
};

/**
 * What a person can be asked about, and what may be refused outright: shares of all requests. A threshold set so needs no
 * labels, so it can be set on the latest weeks, whose lies are not found out yet.
 */
export const REVIEW_SHARE = 0.1;
export const REFUSE_SHARE = 0.01;

export interface TestedThreshold {
  readonly requests: number;
  readonly precision: Estimate;
  readonly recall: Estimate;
}

export interface RefundScoreboard {
  readonly requests: number;
  readonly untrue: number;
  /** Those that a person is asked about or that are refused. */
  readonly review: TestedThreshold;
  readonly refuse: TestedThreshold;
  /** The best that anybody could do who knew the customers' traits, at as many requests as `review`. */
  readonly oracle: TestedThreshold;
}

/** Trains on what had been found out by then, never on the truth. */
export function trainRefundModel(
  world: World,
  split: RefundSplit,
): { manifest: RefundManifest; rows: RefundRow[] } {
  const rows = refundRows(world);
  const train = within(rows, split.train);
  const knownAtMs = world.config.startMs + split.labelsUntil * DAY_MS;
  const model = fitLogistic(
    REFUND_FEATURES,
    train.map(({ features }) => features),
    train.map(({ request }) => labelKnownAt(request, knownAtMs)),
  );
  const probabilities = within(rows, split.thresholds)
    .map(({ features }) => sigmoid(logOddsOf(model, features))).sort((a, b) => b - a);
  const thresholdAt = (share: number) => probabilities[Math.floor(probabilities.length * share)];
  const parts = {
    formatVersion: 1 as const,
    model,
    reasonShares: model.inputs.slice(0, 3).map(({ mean }) => mean) as unknown as [number, number, number],
    reviewAt: thresholdAt(REVIEW_SHARE),
    refuseAt: thresholdAt(REFUSE_SHARE),
  };
  const modelVersion = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 12);
  return { manifest: { modelVersion, ...parts }, rows };
}

/** What the thresholds catch on the test days, against the truth, which nobody in the world knows. */
export function scoreRefundModel(
  { model, reviewAt, refuseAt }: RefundManifest,
  rows: readonly RefundRow[],
  test: readonly [number, number],
): RefundScoreboard {
  const tested = within(rows, test).map((row) => ({
    row,
    probability: sigmoid(logOddsOf(model, row.features)),
    untrue: row.request.truth.fraud,
  }));
  type Tested = typeof tested[0];
  const judge = (flagged: (one: Tested) => boolean): TestedThreshold => {
    const figure = (denominator: (one: Tested) => boolean) => (weightOf: (one: Tested) => number) => {
      let [hits, all] = [0, 0];
      for (const one of tested) {
        if (!denominator(one)) continue;
        all += weightOf(one);
        if (flagged(one) && one.untrue) hits += weightOf(one);
      }
      return all === 0 ? NaN : hits / all;
    };
    const interval = (denominator: (one: Tested) => boolean) =>
      withInterval(tested, ({ row }) => row.request.customerId, figure(denominator), new Random(1));
    return {
      requests: tested.filter(flagged).length,
      precision: interval(flagged),
      recall: interval(({ untrue }) => untrue),
    };
  };
  const review = judge(({ probability }) => probability >= reviewAt);
  const posteriors = tested.map(({ row }) => row.request.truth.posterior).sort((a, b) => b - a);
  const oracleAt = posteriors[review.requests - 1];
  return {
    requests: tested.length,
    untrue: tested.filter(({ untrue }) => untrue).length,
    review,
    refuse: judge(({ probability }) => probability >= refuseAt),
    oracle: judge(({ row }) => row.request.truth.posterior >= oracleAt),
  };
}

function within(rows: readonly RefundRow[], [from, until]: readonly [number, number]): RefundRow[] {
  return rows.filter(({ day }) => day >= from && day < until);
}
