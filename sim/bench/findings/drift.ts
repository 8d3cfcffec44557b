import { Random } from "../../../src/core/random.ts";
import { FEATURES } from "../../../src/fraud/features/catalogue.ts";
import { Network } from "../../../src/fraud/model/network.ts";
import type { LabelledPayments } from "../../train/labelled_payments.ts";
import { monthOf } from "../../train/recall_by.ts";
import type { FoldRun } from "../run_folds.ts";

export interface Drift {
  readonly months: readonly string[];
  /** By month. */
  readonly score: readonly number[];
  readonly features: readonly { readonly feature: string; readonly psi: readonly number[] }[];
}

const BINS = 10;
const ROWS_A_MONTH = 15_000;

/**
 * How far each month's payments lie from those that the first fold's model was validated on: the population stability
 * index of its score and of each feature. Above 0.1 something moves, above 0.25 much does.
 */
export function driftOf(payments: LabelledPayments, runs: readonly FoldRun[], seed: number): Drift {
  const [first] = runs;
  const random = new Random(seed).fork("drift");
  const reference = sample(first.judged.validation, random);
  const byMonth = new Map<string, number[]>();
  for (const { judged } of runs) {
    for (const row of judged.test) {
      const month = monthOf(payments.atMs(row));
      const rows = byMonth.get(month) ?? [];
      byMonth.set(month, rows);
      rows.push(row);
    }
  }
  const months = [...byMonth.keys()].sort();
  const rowsOf = months.map((month) => sample(Uint32Array.from(byMonth.get(month)!), random));
  const network = new Network(first.model.inputs, first.model.layers);
  const psiOf = (valueOf: (row: number) => number) => {
    const edges = quantileEdges(Float64Array.from(reference, valueOf));
    const expected = shares(edges, Float64Array.from(reference, valueOf));
    return rowsOf.map((rows) => stabilityIndex(expected, shares(edges, Float64Array.from(rows, valueOf))));
  };
  return {
    months,
    score: psiOf((row) => network.logit(payments.vector(row))),
    features: FEATURES.map(({ name }, f) => ({
      feature: name,
      psi: psiOf((row) => payments.feature(row, f)),
    })).sort((a, b) => Math.max(...b.psi) - Math.max(...a.psi)),
  };
}

function sample(rows: Uint32Array, random: Random): Uint32Array {
  const rate = Math.min(1, ROWS_A_MONTH / rows.length);
  return rows.filter(() => rate >= 1 || random.chance(rate));
}

/** Inner edges of about equally full bins; fewer where many values are equal. */
function quantileEdges(values: Float64Array): number[] {
  const sorted = values.slice().sort();
  const edges = new Set<number>();
  for (let bin = 1; bin < BINS; bin++) edges.add(sorted[Math.floor(bin / BINS * sorted.length)]);
  return [...edges].sort((a, b) => a - b);
}

function shares(edges: readonly number[], values: Float64Array): number[] {
  const counts = new Array<number>(edges.length + 1).fill(0);
  for (const value of values) {
    const at = edges.findIndex((edge) => value < edge);
    counts[at < 0 ? edges.length : at]++;
  }
  // Half a payment more in each bin keeps an empty one finite.
  return counts.map((count) => (count + 0.5) / (values.length + counts.length / 2));
}

/** Σ (now − then) × ln(now / then) over the bins. */
export function stabilityIndex(then: readonly number[], now: readonly number[]): number {
  return then.reduce((sum, share, bin) => sum + (now[bin] - share) * Math.log(now[bin] / share), 0);
}
