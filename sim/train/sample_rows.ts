import { Random } from "../../src/core/random.ts";
import type { PaymentRows } from "./payment_rows.ts";
import type { Period } from "./split.ts";
import { SampledRows } from "./weighted_rows.ts";

/** The rows of a period. */
export function rowsOf(payments: Pick<PaymentRows, "rowAt">, [fromMs, untilMs]: Period): Uint32Array {
  const from = payments.rowAt(fromMs);
  const until = payments.rowAt(untilMs);
  return Uint32Array.from({ length: until - from }, (_, i) => from + i);
}

export interface Sample {
  readonly rows: SampledRows;
  /** Share of the genuine payments that was kept, and of the fraud. */
  readonly genuineRate: number;
  readonly fraudRate: number;
}

/**
 * At most about `mostRows` of `rows`: all fraud known at `knownAtMs` unless it alone is more than half of that, and
 * genuine payments by chance. With `keepsShares` each row stands for as many as were left out, which is right for
 * judging; training lets fraud weigh more than its share, and calibration puts that right.
 */
export function sampleRows(
  payments: PaymentRows,
  rows: Uint32Array,
  knownAtMs: number,
  mostRows: number,
  seed: number,
  keepsShares: boolean,
): Sample {
  let frauds = 0;
  for (const row of rows) frauds += payments.labelAt(row, knownAtMs);
  const fraudRate = Math.min(1, mostRows / 2 / Math.max(1, frauds));
  const genuineRate = Math.min(1, (mostRows - frauds * fraudRate) / Math.max(1, rows.length - frauds));
  const chance = new Random(seed).fork("sample");
  const kept = rows.filter((row) => {
    const rate = payments.labelAt(row, knownAtMs) ? fraudRate : genuineRate;
    return rate >= 1 || chance.uniform() < rate;
  });
  const weightOf = keepsShares ? (label: number) => 1 / (label ? fraudRate : genuineRate) : () => 1;
  return { rows: new SampledRows(payments, kept, knownAtMs, weightOf), genuineRate, fraudRate };
}
