import type { Contender, JudgedFold } from "./contender.ts";
import { costUsd } from "./cost.ts";
import { RankedRows } from "../../src/fraud/measures/draw_again.ts";
import type { LabelledPayments } from "./labelled_payments.ts";
import {
  averagePrecision,
  brierScore,
  calibrationError,
  ranking,
  recallsWithin,
  reliability,
  type ReliabilityBin,
  rocAuc,
} from "../../src/fraud/measures/metrics.ts";
import { cardPrecision } from "./metrics_card.ts";

/** False-positive rates at which recall is told without any threshold of validation's. */
export const RECALL_BUDGETS = [0.001, 0.01, 0.05] as const;

/** What one contender did on one fold's test rows. */
export interface FoldJudgement {
  readonly averagePrecision: number;
  readonly rocAuc: number;
  readonly recallWithin: readonly number[];
  readonly cardPrecision: number;
  /** Null for scores that are no probabilities. */
  readonly brier: number | null;
  readonly reliability: readonly ReliabilityBin[] | null;
  readonly calibrationError: number | null;
  readonly flagged: Flagged;
  readonly ranked: RankedRows;
}

/** The rows that matter at score ≥ 75: all fraud, and what was flagged. */
export interface Flagged {
  readonly rows: number;
  readonly genuine: number;
  readonly customer: Uint32Array;
  readonly fraud: Uint8Array;
  readonly isFlagged: Uint8Array;
  readonly amountUsd: Float64Array;
}

export function judgeFold(
  payments: LabelledPayments,
  fold: JudgedFold,
  { threshold, test: scores, isProbability }: Contender,
): FoldJudgement {
  const { test } = fold;
  const fraud = Uint8Array.from(test, (row) => payments.fraud(row));
  const customer = Uint32Array.from(test, (row) => payments.customer(row));
  const order = ranking(scores);
  const bins = isProbability ? reliability(scores, fraud) : null;
  return {
    averagePrecision: averagePrecision(scores, fraud),
    rocAuc: rocAuc(scores, fraud),
    recallWithin: recallsWithin(RECALL_BUDGETS, scores, fraud),
    cardPrecision: cardPrecision(payments, test, scores),
    brier: isProbability ? brierScore(scores, fraud) : null,
    reliability: bins,
    calibrationError: bins && calibrationError(bins),
    flagged: flaggedRows(payments, test, scores, threshold),
    ranked: new RankedRows(order, scores, customer, fraud),
  };
}

function flaggedRows(
  payments: LabelledPayments,
  test: Uint32Array,
  scores: Float64Array,
  threshold: number,
): Flagged {
  const places: number[] = [];
  let frauds = 0;
  for (let i = 0; i < test.length; i++) {
    const isFraud = payments.fraud(test[i]) === 1;
    if (isFraud) frauds++;
    if (isFraud || scores[i] >= threshold) places.push(i);
  }
  return {
    rows: test.length,
    genuine: test.length - frauds,
    customer: Uint32Array.from(places, (i) => payments.customer(test[i])),
    fraud: Uint8Array.from(places, (i) => payments.fraud(test[i])),
    isFlagged: Uint8Array.from(places, (i) => scores[i] >= threshold ? 1 : 0),
    amountUsd: Float64Array.from(places, (i) => payments.amountUsd(test[i])),
  };
}

/** The outcome at score ≥ 75 over all folds. */
export interface OperatingFigures {
  readonly accuracy: number;
  readonly balancedAccuracy: number;
  readonly recall: number;
  readonly precision: number;
  readonly falsePositiveRate: number;
  /** Share of the stolen US dollars that was flagged. */
  readonly valueDetected: number;
  /** By the assumptions of cost.ts. */
  readonly costUsdPerThousand: number;
}

/** @param weightOf how often a customer counts: 1, or as drawn again */
export function operatingFigures(
  folds: readonly Flagged[],
  weightOf: (customer: number) => number = () => 1,
): OperatingFigures {
  let [hits, misses, alarms, hitUsd, fraudUsd, cost, genuine, rows] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (const fold of folds) {
    genuine += fold.genuine;
    rows += fold.rows;
    for (let i = 0; i < fold.fraud.length; i++) {
      const weight = weightOf(fold.customer[i]);
      const isFlagged = fold.isFlagged[i] === 1;
      cost += weight * costUsd(fold.fraud[i], isFlagged, fold.amountUsd[i]);
      if (fold.fraud[i] === 0) alarms += weight;
      else {
        fraudUsd += weight * fold.amountUsd[i];
        if (isFlagged) [hits, hitUsd] = [hits + weight, hitUsd + weight * fold.amountUsd[i]];
        else misses += weight;
      }
    }
  }
  const recall = hits / (hits + misses);
  const falsePositiveRate = alarms / genuine;
  return {
    accuracy: (hits + genuine - alarms) / (hits + misses + genuine),
    balancedAccuracy: (recall + 1 - falsePositiveRate) / 2,
    recall,
    precision: hits + alarms === 0 ? NaN : hits / (hits + alarms),
    falsePositiveRate,
    valueDetected: fraudUsd === 0 ? NaN : hitUsd / fraudUsd,
    costUsdPerThousand: 1000 * cost / rows,
  };
}
