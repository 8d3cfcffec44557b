import type { LabelledPayments } from "./labelled_payments.ts";

export type RecallByName = Readonly<Record<string, { readonly frauds: number; readonly recall: number }>>;

/** Recall at score ≥ 75 in each kind of fraud, by name. */
export function recallByStory(
  payments: LabelledPayments,
  rows: Uint32Array,
  scores: Float64Array,
  threshold: number,
): RecallByName {
  return recallBy(payments, rows, scores, threshold, (row) => payments.story(row) ?? "unknown kind");
}

/** Recall in each calendar month, `2026-03`. */
export function recallByMonth(
  payments: LabelledPayments,
  rows: Uint32Array,
  scores: Float64Array,
  threshold: number,
): RecallByName {
  return recallBy(payments, rows, scores, threshold, (row) => monthOf(payments.atMs(row)));
}

export function monthOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 7);
}

/** Several folds' counts as one. */
export function addRecalls(all: readonly RecallByName[]): RecallByName {
  const sums: Record<string, { frauds: number; hits: number }> = {};
  for (const each of all) {
    for (const [name, { frauds, recall }] of Object.entries(each)) {
      const sum = sums[name] ??= { frauds: 0, hits: 0 };
      sum.frauds += frauds;
      sum.hits += recall * frauds;
    }
  }
  return sorted(sums);
}

function recallBy(
  payments: LabelledPayments,
  rows: Uint32Array,
  scores: Float64Array,
  threshold: number,
  nameOf: (row: number) => string,
): RecallByName {
  const sums: Record<string, { frauds: number; hits: number }> = {};
  for (let i = 0; i < rows.length; i++) {
    if (payments.fraud(rows[i]) === 0) continue;
    const sum = sums[nameOf(rows[i])] ??= { frauds: 0, hits: 0 };
    sum.frauds++;
    if (scores[i] >= threshold) sum.hits++;
  }
  return sorted(sums);
}

function sorted(sums: Record<string, { frauds: number; hits: number }>): RecallByName {
  return Object.fromEntries(
    Object.entries(sums).sort(([a], [b]) => a < b ? -1 : 1)
      .map(([name, { frauds, hits }]) => [name, { frauds, recall: hits / frauds }]),
  );
}
