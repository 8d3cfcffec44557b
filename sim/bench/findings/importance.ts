import { Random } from "../../../src/core/random.ts";
import { startProgress } from "../../../src/core/progress.ts";
import { FEATURES } from "../../../src/fraud/features/catalogue.ts";
import { Network } from "../../../src/fraud/model/network.ts";
import type { LabelledPayments } from "../../train/labelled_payments.ts";
import { weightedAveragePrecision } from "../../../src/fraud/measures/metrics.ts";
import { sampleRows } from "../../train/sample_rows.ts";
import type { FoldRun } from "../run_folds.ts";

export interface Importance {
  readonly feature: string;
  /** How much average precision falls when the feature's values are dealt out anew among the payments. */
  readonly loss: number;
}

const ROWS = 12_000;

/** Permutation importance on the last fold's test rows: all fraud, and a sample of the rest that stands for it. */
export function importances(payments: LabelledPayments, run: FoldRun, seed: number): Importance[] {
  const { rows } = sampleRows(payments, run.judged.test, Infinity, ROWS, seed, true);
  const fraud = Uint8Array.from(rows.rows, (row) => payments.fraud(row));
  const network = new Network(run.model.inputs, run.model.layers);
  const vectors = Array.from(rows.rows, (row) => payments.vector(row).slice());
  const averagePrecision = () =>
    weightedAveragePrecision(
      Float64Array.from(vectors, (vector) => network.logit(vector)),
      fraud,
      (row) => rows.weight[row],
    );
  const whole = averagePrecision();
  const progress = startProgress("feature importance", FEATURES.length, "features");
  const found = FEATURES.map(({ name }, f) => {
    progress.update(f + 1);
    if (run.model.inputs[f].edges.length === 0) return { feature: name, loss: 0 };
    const values = Float32Array.from(vectors, (vector) => vector[f]);
    const dealt = values.slice();
    shuffle(dealt, new Random(seed).fork(name));
    vectors.forEach((vector, i) => vector[f] = dealt[i]);
    const loss = whole - averagePrecision();
    vectors.forEach((vector, i) => vector[f] = values[i]);
    return { feature: name, loss };
  });
  progress.stop();
  return found.sort((a, b) => b.loss - a.loss || (a.feature < b.feature ? -1 : 1));
}

function shuffle(values: Float32Array, random: Random): void {
  for (let i = values.length - 1; i > 0; i--) {
    const j = random.integer(0, i);
    [values[i], values[j]] = [values[j], values[i]];
  }
}
