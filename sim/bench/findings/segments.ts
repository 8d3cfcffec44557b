import type { LabelledPayments } from "../../train/labelled_payments.ts";
import type { FoldRun } from "../run_folds.ts";

export interface SegmentRate {
  readonly segment: string;
  readonly genuine: number;
  /** Share of the segment's genuine payments that score 75 or more. */
  readonly falsePositiveRate: number;
}

export interface Segmentation {
  readonly by: string;
  readonly segments: readonly SegmentRate[];
  /** The highest rate over the lowest; null when a segment has none, or there is only one. */
  readonly ratio: number | null;
}

/** Smaller segments' rates are chance at a false-positive rate of a quarter of a percent. */
const LEAST_GENUINE = 4_000;

/** Who bears the false alarms: the false-positive rate by the customer's country, the category and the amount. */
export function segmentations(payments: LabelledPayments, runs: readonly FoldRun[]): Segmentation[] {
  const amounts = runs.flatMap(({ judged }) =>
    Array.from(judged.test.filter((_, i) => i % 20 === 0), (row) => payments.amountUsd(row))
  ).sort((a, b) => a - b);
  const quarters = [0.25, 0.5, 0.75].map((q) => amounts[Math.floor(q * amounts.length)]);
  const quarterNames = quarters.map((edge) => `up to ${edge.toFixed(2)}`).concat(
    `above ${quarters[2].toFixed(2)}`,
  );
  return [
    segmentation(
      "customer's country",
      payments,
      runs,
      (row) => payments.countries.names[payments.country(row)],
    ),
    segmentation("category", payments, runs, (row) => payments.categories.names[payments.category(row)]),
    segmentation("amount", payments, runs, (row) => {
      const at = quarters.findIndex((edge) => payments.amountUsd(row) <= edge);
      return quarterNames[at < 0 ? 3 : at];
    }),
  ].filter(({ segments }) => segments.length > 1);
}

function segmentation(
  by: string,
  payments: LabelledPayments,
  runs: readonly FoldRun[],
  nameOf: (row: number) => string,
): Segmentation {
  const counts = new Map<string, { genuine: number; alarms: number }>();
  for (const { judged, modelScores, model } of runs) {
    for (let i = 0; i < judged.test.length; i++) {
      const row = judged.test[i];
      if (payments.fraud(row) === 1) continue;
      const name = nameOf(row);
      const count = counts.get(name) ?? { genuine: 0, alarms: 0 };
      counts.set(name, count);
      count.genuine++;
      if (modelScores[i] >= model.threshold) count.alarms++;
    }
  }
  const segments = [...counts]
    .filter(([, { genuine }]) => genuine >= LEAST_GENUINE)
    .map(([segment, { genuine, alarms }]) => ({ segment, genuine, falsePositiveRate: alarms / genuine }))
    .sort((a, b) => b.falsePositiveRate - a.falsePositiveRate || (a.segment < b.segment ? -1 : 1));
  const [highest, lowest] = [segments[0]?.falsePositiveRate, segments.at(-1)?.falsePositiveRate];
  return { by, segments, ratio: segments.length > 1 && lowest! > 0 ? highest / lowest! : null };
}
