import { bootstrapPaths } from "./bootstrap.ts";
import { quantile } from "./quantiles.ts";
import { type RunOut } from "./run_out.ts";

const PATHS = 500;
/** How long one top-up should last. */
export const COVER_DAYS = 30;
/** How sure it should be to last that long. */
export const COVER_SHARE = 0.9;

export interface TopUpAdvice {
  /** Days from now: while nine in ten futures still have money. */
  readonly inDays: number;
  readonly amountMinor: number;
  /** What a month costs in the middle, and in nine of ten futures. */
  readonly monthMedianMinor: number;
  readonly monthHighMinor: number;
}

/**
 * When to top up next, and by how much, so that the money then lasts a month in nine of ten futures: the forecast's
 * early end is the date, the month's 90% quantile of spending is the amount, rounded up to a round sum. Null where no
 * top-up is needed within the horizon.
 *
 * @param unit minor units of a round sum
 */
export function adviseTopUp(
  dailyNet: readonly number[],
  runOut: RunOut,
  unit: number,
  seed: number,
): TopUpAdvice | null {
  if (runOut.basis !== "forecast" || runOut.lowDays === null) return null;
  const spent: number[] = [];
  for (const draw of bootstrapPaths(dailyNet, { paths: PATHS, seed: seed + 1 })) {
    let month = 0;
    for (let day = 0; day < COVER_DAYS; day++) month -= draw();
    spent.push(month);
  }
  spent.sort((a, b) => a - b);
  const monthHighMinor = Math.max(0, Math.round(quantile(spent, COVER_SHARE)));
  if (monthHighMinor === 0) return null;
  return {
    inDays: Math.max(0, runOut.lowDays - 1),
    amountMinor: Math.ceil(monthHighMinor / unit) * unit,
    monthMedianMinor: Math.round(quantile(spent, 0.5)),
    monthHighMinor,
  };
}
