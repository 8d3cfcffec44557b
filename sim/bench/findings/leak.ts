import { MODEL_NAME, ORACLE_NAME } from "../../train/contender.ts";
import { type Scoreboard } from "../../train/scoreboard.ts";

/** What nobody can reach on the handbook preset without a look at the future: its oracle has about 0.76. */
const HANDBOOK_IMPOSSIBLE = 0.78;

/** Why the figures cannot be true, or null. A model that beats the oracle knows what it must not know. */
export function leakOf(scoreboard: Scoreboard, isHandbook: boolean): string | null {
  const model = scoreboard.lines.find(({ name }) => name === MODEL_NAME)!;
  const overOracle = scoreboard.lift.find(({ over }) => over === ORACLE_NAME);
  if (overOracle !== undefined && overOracle.difference95[0] > 0) {
    return `the model's AP is ${overOracle.difference.toFixed(3)} above the oracle's, and not by chance`;
  }
  if (isHandbook && model.averagePrecision > HANDBOOK_IMPOSSIBLE) {
    return `an AP of ${
      model.averagePrecision.toFixed(3)
    } is above ${HANDBOOK_IMPOSSIBLE}, which nobody can reach on the handbook preset`;
  }
  return null;
}
