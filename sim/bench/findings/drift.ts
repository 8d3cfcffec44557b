import { Random } from "../../../src/core/random.ts";
import { FEATURES, isCategory } from "../../../src/fraud/features/catalogue.ts";
import { binValues, countCodes, stabilityOf } from "../../../src/fraud/drift/stability.ts";
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
  const psiOf = (
    valueOf: (row: number) => number,
    summary: typeof binValues | typeof countCodes = binValues,
  ) => {
    const expected = summary(Float64Array.from(reference, valueOf));
    return rowsOf.map((rows) => stabilityOf(expected, Float64Array.from(rows, valueOf)));
  };
  return {
    months,
    score: psiOf((row) => network.logit(payments.vector(row))),
    features: FEATURES.map(({ name }, f) => ({
      feature: name,
      psi: psiOf((row) => payments.feature(row, f), isCategory(f) ? countCodes : binValues),
    })).sort((a, b) => Math.max(...b.psi) - Math.max(...a.psi)),
  };
}

function sample(rows: Uint32Array, random: Random): Uint32Array {
  const rate = Math.min(1, ROWS_A_MONTH / rows.length);
  return rows.filter(() => rate >= 1 || random.chance(rate));
}
