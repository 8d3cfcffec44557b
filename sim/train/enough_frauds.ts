import type { LabelledPayments } from "./labelled_payments.ts";
import { rowsOf } from "./sample_rows.ts";
import type { Fold, Period } from "./split.ts";

/** Fewer are nothing to learn from, or to judge by. */
export const LEAST_FRAUDS = 2;

/** Fewer to learn from, and what is learned is mostly chance. */
const ENOUGH_TO_LEARN_FROM = 50;

/** Which part of a fold has too few known frauds; null where each has enough. */
export function lackOf(
  payments: LabelledPayments,
  { train, validation, test, madeAtMs }: Fold,
): string | null {
  const parts = [
    { part: "training", period: train },
    { part: "validation", period: validation },
  ];
  for (const { part, period } of parts) {
    const frauds = knownFrauds(payments, period, madeAtMs);
    if (frauds < LEAST_FRAUDS) return lackText(part, period, frauds, "known");
  }
  const frauds = countIn(payments, test, (row) => payments.fraud(row));
  if (frauds < LEAST_FRAUDS) return lackText("test", test, frauds);
  return null;
}

/** A warning where a fold's models learn from few frauds: `its training, 2026-01-09 to 2026-01-30, knows of 12 frauds …`. */
export function fewFraudsNote(payments: LabelledPayments, { train, madeAtMs }: Fold): string | null {
  const frauds = knownFrauds(payments, train, madeAtMs);
  if (frauds >= ENOUGH_TO_LEARN_FROM) return null;
  return `its training, ${dayOf(train[0])} to ${
    dayOf(train[1] - 1)
  }, knows of ${frauds} frauds, fewer than ${ENOUGH_TO_LEARN_FROM}: ` +
    "what is learned from so few is mostly chance, and other data of the same kind may give quite other figures";
}

function knownFrauds(payments: LabelledPayments, period: Period, atMs: number): number {
  return countIn(payments, period, (row) => payments.labelAt(row, atMs));
}

function lackText(part: string, period: Period, frauds: number, which?: string): string {
  const counted = [frauds, which, frauds === 1 ? "fraud" : "frauds"].filter((word) => word !== undefined);
  return `its ${part}, ${dayOf(period[0])} to ${dayOf(period[1] - 1)}, has ${counted.join(" ")}`;
}

function countIn(payments: LabelledPayments, period: Period, of: (row: number) => number): number {
  return rowsOf(payments, period).reduce((sum, row) => sum + of(row), 0);
}

/** The day of an instant, UTC: `2026-01-05`. */
export function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
