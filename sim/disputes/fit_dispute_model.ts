import { createHash } from "node:crypto";
import { Random } from "../../src/core/random.ts";
import {
  DISPUTE_FEATURES,
  disputeFeatures,
  type DisputeManifest,
  DisputeModel,
} from "../../src/fraud/disputes/dispute_model.ts";
import { logOddsOf } from "../../src/fraud/logistic_model.ts";
import { DECLINE_AT_SCORE } from "../../src/fraud/screen_payment.ts";
import { type Estimate, withInterval } from "../fit/bootstrap_interval.ts";
import { fitLogistic } from "../fit/fit_logistic.ts";
import type { DisputeRow } from "./dispute_rows.ts";

/** Days of the world: fitted on payments whose reports had arrived by `knownUntil`, tested on later ones. */
export interface DisputeSplit {
  readonly fit: readonly [from: number, until: number];
  readonly knownUntil: number;
  readonly test: readonly [from: number, until: number];
}

export const DEFAULT_SPLIT: DisputeSplit = { fit: [20, 80], knownUntil: 110, test: [80, 140] };

/** As if each category had been seen so often at the average rate. */
const CATEGORY_PRIOR_PAYMENTS = 5_000;
const LAST_DAY = 60;

/** Fits on payments that the screen lets pass: a declined one is never disputed. */
export function fitDisputeModel(
  all: readonly DisputeRow[],
  split: DisputeSplit,
  fraudModelVersion: string,
): DisputeManifest {
  const rows = passed(all, split.fit);
  const isKnown = (row: DisputeRow) =>
    row.disputedAfterDays !== null && row.day + 1 + row.disputedAfterDays <= split.knownUntil;
  const disputed = rows.filter(isKnown);
  const base = disputed.length / rows.length;
  const logOdds = (p: number) => Math.log(p / (1 - p));
  const categories: Record<string, number> = {};
  for (const [category, own] of Map.groupBy(rows, (row) => row.category)) {
    const hits = own.filter(isKnown).length;
    categories[category] = logOdds(
      (hits + base * CATEGORY_PRIOR_PAYMENTS) / (own.length + CATEGORY_PRIOR_PAYMENTS),
    );
  }
  const tables = { categories, averageCategory: logOdds(base) };
  const features = rows.map((row) => disputeFeatures(row, tables));
  const model = fitLogistic(DISPUTE_FEATURES, features, rows.map(isKnown));
  const parts = {
    formatVersion: 1 as const,
    fraudModelVersion,
    model,
    curve: calibrationCurve(
      rows.map((row, i) => ({ logOdds: logOddsOf(model, features[i]), hit: isKnown(row) })),
    ),
    ...tables,
    arrivedByDay: Array.from(
      { length: LAST_DAY },
      (_, day) =>
        disputed.filter(({ disputedAfterDays }) => disputedAfterDays! <= day + 1).length / disputed.length,
    ),
    payments: rows.length,
    disputes: disputed.length,
  };
  const modelVersion = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 12);
  const untested = { modelVersion, ...parts, calibration: { error: 0, low: 0, high: 0, payments: 0 } };
  const { error, payments } = calibrationOf(new DisputeModel(untested), all, split.test);
  return { ...untested, calibration: { error: error.value, low: error.low, high: error.high, payments } };
}

/** Shares of the rows, by rising log-odds, that one point of the curve stands for; finer where the disputes are. */
const CURVE_EDGES = [0, 0.25, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1];

/** What was observed at each level, made to rise by pooling neighbours that do not (isotonic regression). */
function calibrationCurve(rows: { logOdds: number; hit: boolean }[]): DisputeManifest["curve"] {
  rows.sort((a, b) => a.logOdds - b.logOdds);
  const pools: { rows: number; hits: number; logOdds: number }[] = [];
  for (let i = 0; i + 1 < CURVE_EDGES.length; i++) {
    const part = rows.slice(
      Math.floor(CURVE_EDGES[i] * rows.length),
      Math.floor(CURVE_EDGES[i + 1] * rows.length),
    );
    if (part.length === 0) continue;
    pools.push({
      rows: part.length,
      hits: part.filter(({ hit }) => hit).length,
      logOdds: part.reduce((sum, { logOdds }) => sum + logOdds, 0) / part.length,
    });
    for (let last = pools.length - 1; last > 0; last--) {
      const [a, b] = [pools[last - 1], pools[last]];
      if (a.hits / a.rows <= b.hits / b.rows) break;
      const both = a.rows + b.rows;
      pools.splice(last - 1, 2, {
        rows: both,
        hits: a.hits + b.hits,
        logOdds: (a.logOdds * a.rows + b.logOdds * b.rows) / both,
      });
    }
  }
  return pools.map(({ rows, hits, logOdds }) => ({ logOdds, probability: hits / rows }));
}

export interface ReliabilityBin {
  readonly payments: number;
  readonly predicted: number;
  readonly observed: number;
  /** 95% interval of the observed share (Wilson). */
  readonly low: number;
  readonly high: number;
}

export interface Calibration {
  readonly payments: number;
  readonly disputes: number;
  readonly bins: readonly ReliabilityBin[];
  /** Expected calibration error: the mean distance of predicted and observed, weighted by payments. */
  readonly error: Estimate;
}

const BINS = 10;

/** Predicted against observed on the test days, in ten bins of equally many payments, by rising prediction. */
export function calibrationOf(
  model: DisputeModel,
  all: readonly DisputeRow[],
  test: readonly [number, number],
): Calibration {
  const scored = passed(all, test).map((row) => ({
    customer: String(row.customer),
    predicted: model.probability(row, 0),
    disputed: row.disputedAfterDays !== null,
  })).sort((a, b) => a.predicted - b.predicted);
  type Scored = typeof scored[0];
  const binned = Array.from(
    { length: BINS },
    (_, bin) =>
      scored.slice(Math.floor(bin * scored.length / BINS), Math.floor((bin + 1) * scored.length / BINS)),
  );
  const errorOf = (weightOf: (row: Scored) => number) => {
    let [sum, all] = [0, 0];
    for (const bin of binned) {
      let difference = 0;
      for (const row of bin) {
        const weight = weightOf(row);
        all += weight;
        difference += weight * (row.predicted - (row.disputed ? 1 : 0));
      }
      sum += Math.abs(difference);
    }
    return sum / all;
  };
  return {
    payments: scored.length,
    disputes: scored.filter(({ disputed }) => disputed).length,
    bins: binned.map((bin) => {
      const hits = bin.filter(({ disputed }) => disputed).length;
      const [low, high] = wilson(hits, bin.length);
      return {
        payments: bin.length,
        predicted: bin.reduce((sum, { predicted }) => sum + predicted, 0) / bin.length,
        observed: hits / bin.length,
        low,
        high,
      };
    }),
    error: withInterval(scored, ({ customer }) => customer, errorOf, new Random(1), 100),
  };
}

export interface StepUpEdge {
  readonly from: number;
  /** Of the genuine payments, and of the frauds by the truth, the share that scores from here to the decline. */
  readonly genuineShare: number;
  readonly fraudShare: number;
}

/** Further down far more genuine payments would be challenged than may be declined. */
const LOWEST_EDGE = 50;

/** Whom each lower edge of the challenge band would challenge. */
export function stepUpTable(all: readonly DisputeRow[], test: readonly [number, number]): StepUpEdge[] {
  const rows = all.filter(({ day }) => day >= test[0] && day < test[1]);
  const frauds = rows.filter(({ truthFraud }) => truthFraud);
  const genuine = rows.filter(({ truthFraud }) => !truthFraud);
  const edges = Array.from({ length: DECLINE_AT_SCORE - LOWEST_EDGE }, (_, i) => LOWEST_EDGE + i);
  return edges.map((from) => {
    const within = (some: readonly DisputeRow[]) =>
      some.filter(({ riskScore }) => riskScore >= from && riskScore < DECLINE_AT_SCORE).length / some.length;
    return { from, genuineShare: within(genuine), fraudShare: within(frauds) };
  });
}

function passed(rows: readonly DisputeRow[], [from, until]: readonly [number, number]): DisputeRow[] {
  return rows.filter(({ day, riskScore }) => day >= from && day < until && riskScore < DECLINE_AT_SCORE);
}

function wilson(hits: number, of: number): [number, number] {
  const z = 1.96;
  const share = hits / of;
  const middle = (share + z * z / (2 * of)) / (1 + z * z / of);
  const half = z * Math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of);
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}
