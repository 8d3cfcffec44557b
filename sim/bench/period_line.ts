import { averagePrecision } from "../../src/fraud/measures/metrics.ts";
import { ORACLE_NAME } from "../train/contender.ts";
import { dayOf } from "../train/enough_frauds.ts";
import type { LabelledPayments } from "../train/labelled_payments.ts";
import type { FoldRun } from "./run_folds.ts";

/** What a period came to, before all are done: `Period 1, 2026-03-02 to …: AP logistic regression 0.349, the model 0.353; …`. */
export function periodLine(
  payments: LabelledPayments,
  number: number,
  { fold, judged, contenders, notPlotted, model }: Pick<
    FoldRun,
    "fold" | "judged" | "contenders" | "notPlotted" | "model"
  >,
): string {
  const fraud = Uint8Array.from(judged.test, (row) => payments.fraud(row));
  const learned = contenders.filter(({ name, isProbability }) =>
    isProbability && name !== ORACLE_NAME && !notPlotted.includes(name)
  );
  const figures = learned.map(({ name, test }) => `${name} ${averagePrecision(test, fraud).toFixed(3)}`);
  return `Period ${number}, ${dayOf(fold.test[0])} to ${dayOf(fold.test[1] - 1)}: AP ${
    figures.join(", ")
  }; trained on ` +
    `${model.sample.rows.frauds} known frauds, tested on ${fraud.reduce((sum, its) => sum + its, 0)}.`;
}
