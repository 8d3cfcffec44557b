import { wilson95 } from "../fraud/measures/wilson.ts";
import type { Comparison } from "./compare_models.ts";

/** Why a challenger is not promoted: a stable code, what was found, what to do. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly found: string;
  readonly nextMove: string;
}

/** In the order in which they are looked at: the first that applies is told. */
export type RefusalCode = "too_few_frauds" | "not_better" | "lower_recall" | "too_many_false_positives";

export interface Demands {
  /** Reported frauds without which nothing is decided. */
  readonly leastFrauds: number;
  /** Share of genuine payments that the challenger's operating point was chosen for. */
  readonly falsePositiveBudget: number;
}

/** Null where the evidence speaks for the challenger. */
export function refusalOf(
  comparison: Comparison,
  { leastFrauds, falsePositiveBudget }: Demands,
): Refusal | null {
  const { frauds, payments, champion, challenger, averagePrecisionGain, recallGain } = comparison;
  if (frauds < leastFrauds) {
    return {
      code: "too_few_frauds",
      found: `${frauds} of ${payments} mature payments are known to be fraud; ${leastFrauds} are needed.`,
      nextMove: "Leave the challenger in the shadow until more is reported, and bring what is known with " +
        "`deno task labels`.",
    };
  }
  const [low, high] = averagePrecisionGain.interval95;
  if (!(low > 0)) {
    return {
      code: "not_better",
      found:
        `The challenger's average precision differs by ${signed(averagePrecisionGain.difference)} (95%: ` +
        `${signed(low)} to ${signed(high)}), which is not clearly above 0.`,
      nextMove: high > 0
        ? "Wait for more payments to mature, or train a better challenger with `deno task train --out FOLDER`."
        : "Train a better challenger with `deno task train --out FOLDER`.",
    };
  }
  if (recallGain.interval95[1] < 0) {
    return {
      code: "lower_recall",
      found: `At score 75 the challenger finds ${percent(challenger.recall)} of the fraud, the champion ${
        percent(champion.recall)
      }.`,
      nextMove: "Its operating point is too high for these payments: train it on later ones.",
    };
  }
  // Payments let pass by chance count here as if each that they stand for had been seen: the champion's do as well.
  const allowed = Math.max(falsePositiveBudget, champion.falsePositiveRate);
  if (wilson95(challenger.falsePositives, challenger.genuine)[0] > allowed) {
    return {
      code: "too_many_false_positives",
      found:
        `At score 75 the challenger would decline ${percent(challenger.falsePositiveRate)} of the genuine ` +
        `payments; ${percent(allowed)} are allowed.`,
      nextMove: "Its operating point is too low for these payments: train it on later ones.",
    };
  }
  return null;
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)}%`;
}
