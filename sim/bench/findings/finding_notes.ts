import { MODEL_NAME } from "../../train/contender.ts";
import type { Scoreboard } from "../../train/scoreboard.ts";
import type { Findings } from "./findings.ts";

/** Of the AP, that the loss of one feature may cost before it is told. */
const MOST_OF_IT = 2 / 3;

/** What the findings say that somebody should check before the figures are believed, a sentence or two each. */
export function findingNotes(
  { importances }: Pick<Findings, "importances">,
  { lines, baseRate }: Pick<Scoreboard, "lines" | "baseRate">,
): string[] {
  const { averagePrecision95: [low], averagePrecisionByFold } = lines.find(({ name }) =>
    name === MODEL_NAME
  )!;
  // Where the model knows nothing, a share of that is chance.
  if (low <= baseRate) return [];
  const whole = averagePrecisionByFold[averagePrecisionByFold.length - 1];
  const [first] = importances;
  if (!(first.loss > MOST_OF_IT * whole)) return [];
  return [
    `Check ${first.feature}: without what it tells, the model's AP falls from ${whole.toFixed(3)} to ${
      Math.max(0, whole - first.loss).toFixed(3)
    } (last period). One feature that carries most of the AP may be what fraud is like in this data, or a column that was ` +
    "filled in after it was known what is fraud: look at the column that it is computed from.",
  ];
}
