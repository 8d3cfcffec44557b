import { ORACLE_NAME } from "../../train/contender.ts";
import type { Scoreboard } from "../../train/scoreboard.ts";

/** What nobody can reach on the handbook preset without a look at the future: its oracle has about 0.76. */
const HANDBOOK_IMPOSSIBLE = 0.78;
/** So seldom would luck lift a row as far above the oracle as it is. */
const MOST_LUCK = 0.01;

/** What a leak may come from; goes behind {@link leakOf}'s text. */
export const LEAK_CAUSE =
  "Something of the future or of the truth reaches what is named, or, in a file of one's own, the " +
  "posterior is not the probability of fraud that it is taken for.";

/**
 * Which figures cannot be true and why, or null. Whoever beats the oracle knows what it must not know: the model, and no
 * less a regression, a forest or a model of one's own that stands beside it.
 */
export function leakOf({ lines }: Pick<Scoreboard, "lines">, isHandbook: boolean): string | null {
  const leaks = lines.flatMap(({ name, averagePrecision, overOracle }) => {
    if (name === ORACLE_NAME) return [];
    if (overOracle !== null && overOracle.luck !== null && overOracle.luck <= MOST_LUCK) {
      return [
        `the AP of "${name}" is ${overOracle.difference.toFixed(3)} above the oracle's, and not by chance`,
      ];
    }
    if (isHandbook && averagePrecision > HANDBOOK_IMPOSSIBLE) {
      return [
        `the AP of "${name}", ${
          averagePrecision.toFixed(3)
        }, is above ${HANDBOOK_IMPOSSIBLE}, which nobody can reach on ` +
        "the handbook preset",
      ];
    }
    return [];
  });
  return leaks.length === 0 ? null : leaks.join("; ");
}
