import { bootstrapPaths, HISTORY_MIN_DAYS, SPENDING_DAYS_MIN } from "./bootstrap.ts";
import { quantile } from "./quantiles.ts";

const PATHS = 500;
const HORIZON_DAYS = 365;
export const RUN_OUT_LEVEL = 0.8;

export const RUN_OUT_METHOD =
  "double block bootstrap (weeks) over daily net flows without top-ups, 500 paths of up to 365 days";

export type RunOut =
  | { basis: "insufficient_data"; sampleDays: number; missing: string }
  | {
    basis: "forecast";
    sampleDays: number;
    /** Share of the paths that run out within the horizon. */
    probability: number;
    horizonDays: number;
    /** Days from now until the balance is used up; null beyond the horizon. */
    medianDays: number | null;
    lowDays: number | null;
    highDays: number | null;
  };

/**
 * When a balance is used up if nothing is topped up, and everything else goes on as it did.
 *
 * @param dailyNet whole days, oldest first, in minor units: what came in less what went out, without top-ups
 */
export function forecastRunOut(balanceMinor: number, dailyNet: readonly number[], seed: number): RunOut {
  const sampleDays = dailyNet.length;
  const missing = missingHistory(dailyNet);
  if (missing !== null) return { basis: "insufficient_data", sampleDays, missing };
  const ends: number[] = [];
  for (const draw of bootstrapPaths(dailyNet, { paths: PATHS, seed })) {
    let left = balanceMinor;
    let day = 0;
    while (left > 0 && day < HORIZON_DAYS) {
      left += draw();
      day++;
    }
    ends.push(left > 0 ? Number.POSITIVE_INFINITY : day);
  }
  ends.sort((a, b) => a - b);
  const within = (share: number) => {
    const days = quantile(ends, share);
    return Number.isFinite(days) ? Math.round(days) : null;
  };
  const tail = (1 - RUN_OUT_LEVEL) / 2;
  return {
    basis: "forecast",
    sampleDays,
    probability: ends.filter(Number.isFinite).length / PATHS,
    horizonDays: HORIZON_DAYS,
    medianDays: within(0.5),
    lowDays: within(tail),
    highDays: within(1 - tail),
  };
}

/** What a forecast still lacks, in words; null when nothing is. */
export function missingHistory(dailyNet: readonly number[]): string | null {
  const spendingDays = dailyNet.filter((net) => net < 0).length;
  if (dailyNet.length < HISTORY_MIN_DAYS) {
    return `${
      HISTORY_MIN_DAYS - dailyNet.length
    } more days of history: a forecast needs ${HISTORY_MIN_DAYS}.`;
  }
  if (spendingDays < SPENDING_DAYS_MIN) {
    return `${
      SPENDING_DAYS_MIN - spendingDays
    } more days with spending: a forecast needs ${SPENDING_DAYS_MIN}.`;
  }
  return null;
}
