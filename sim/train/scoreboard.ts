import { Random } from "../../src/core/random.ts";
import type { Contender } from "./baselines.ts";
import {
  averagePrecision,
  averagePrecisionDraws,
  confusionAt,
  middle95,
  rocAuc,
  thresholdWithin,
} from "./metrics.ts";
import type { Rows } from "./rows.ts";

export interface ScoreboardLine {
  readonly name: string;
  readonly averagePrecision: number;
  readonly averagePrecision95: readonly [number, number];
  readonly rocAuc: number;
  readonly recall: number;
  readonly precision: number | null;
  readonly falsePositiveRate: number;
  readonly accuracy: number;
  readonly valueDetected: number;
}

export interface Scoreboard {
  readonly testPayments: number;
  readonly testFrauds: number;
  readonly baseRate: number;
  readonly falsePositiveBudget: number;
  readonly lines: readonly ScoreboardLine[];
  /** How much more average precision the last line, the model, has than each other line. */
  readonly lift: readonly {
    readonly over: string;
    readonly difference: number;
    readonly difference95: readonly [number, number];
  }[];
  /** Of the last line, the model: recall at its threshold in each fraud story. */
  readonly recallByStory: Readonly<Record<string, { readonly frauds: number; readonly recall: number }>>;
  /** Of the model, when the labels that ever arrive are taken for the truth. */
  readonly averagePrecisionOnLabels: number;
}

/**
 * All contenders on the same later payments, judged by what was true. Every threshold was frozen on validation,
 * within the same budget of false positives; the last contender is the model.
 */
export function makeScoreboard(
  validation: Rows,
  test: Rows,
  contenders: readonly Contender[],
  falsePositiveBudget: number,
  seed: number,
): Scoreboard {
  const { fraud, amountUsd, customer } = test;
  const frauds = fraud.reduce((sum, value) => sum + value, 0);
  const baseRate = frauds / test.length;
  const nothing: ScoreboardLine = {
    name: "doing nothing",
    averagePrecision: baseRate,
    averagePrecision95: [baseRate, baseRate],
    rocAuc: 0.5,
    recall: 0,
    precision: null,
    falsePositiveRate: 0,
    accuracy: 1 - baseRate,
    valueDetected: 0,
  };
  // The same customers are drawn again for every contender, so that differences can be taken draw by draw.
  const draws = contenders.map(({ test: scores }) =>
    averagePrecisionDraws(scores, fraud, customer, new Random(seed).fork("bootstrap"))
  );
  const lines = contenders.map(({ name, validation: onValidation, test: scores }, c): ScoreboardLine => {
    const threshold = thresholdWithin(falsePositiveBudget, onValidation, validation.label);
    const { precision, ...confusion } = confusionAt(scores, threshold, fraud, amountUsd);
    return {
      name,
      averagePrecision: averagePrecision(scores, fraud),
      averagePrecision95: middle95(draws[c]),
      rocAuc: rocAuc(scores, fraud),
      ...confusion,
      precision: Number.isNaN(precision) ? null : precision,
    };
  });
  const model = contenders[contenders.length - 1];
  const threshold = thresholdWithin(falsePositiveBudget, model.validation, validation.label);
  return {
    testPayments: test.length,
    testFrauds: frauds,
    baseRate,
    falsePositiveBudget,
    lines: [nothing, ...lines],
    lift: lines.slice(0, -1).map(({ name, averagePrecision: theirs }, c) => ({
      over: name,
      difference: lines[lines.length - 1].averagePrecision - theirs,
      difference95: middle95(draws[draws.length - 1].map((value, d) => value - draws[c][d])),
    })),
    recallByStory: recallByStory(model.test, threshold, test),
    averagePrecisionOnLabels: averagePrecision(model.test, test.label),
  };
}

function recallByStory(scores: Float64Array, threshold: number, test: Rows): Scoreboard["recallByStory"] {
  const counts: Record<string, { frauds: number; hits: number }> = {};
  test.story.forEach((story, row) => {
    if (story === null) return;
    const count = counts[story] ??= { frauds: 0, hits: 0 };
    count.frauds++;
    if (scores[row] >= threshold) count.hits++;
  });
  return Object.fromEntries(
    Object.entries(counts).sort().map(([story, { frauds, hits }]) => [story, {
      frauds,
      recall: hits / frauds,
    }]),
  );
}

/** The scoreboard as a table for the terminal. */
export function scoreboardText(scoreboard: Scoreboard): string {
  const percent = (value: number | null, digits = 1) =>
    value === null ? "–" : `${(value * 100).toFixed(digits)}%`;
  const header = ["", "AP", "95%", "AUC", "recall", "precision", "false pos.", "value", "accuracy"];
  const rows = scoreboard.lines.map((line) => [
    line.name,
    line.averagePrecision.toFixed(3),
    line.averagePrecision95.map((value) => value.toFixed(2)).join("–"),
    line.rocAuc.toFixed(3),
    percent(line.recall),
    percent(line.precision),
    percent(line.falsePositiveRate, 2),
    percent(line.valueDetected),
    percent(line.accuracy, 2),
  ]);
  const widths = header.map((title, c) => Math.max(title.length, ...rows.map((row) => row[c].length)));
  const table = [header, ...rows].map((row) =>
    row.map((cell, c) => c === 0 ? cell.padEnd(widths[c]) : cell.padStart(widths[c])).join("  ").trimEnd()
  );
  const { testPayments, testFrauds, baseRate, falsePositiveBudget } = scoreboard;
  return [
    `${testPayments} payments later than all that was learned from, ${testFrauds} of them fraud (${
      percent(baseRate, 2)
    }).`,
    `Thresholds frozen on validation: at most ${
      percent(falsePositiveBudget, 2)
    } of payments not reported as fraud.`,
    "",
    ...table,
    "",
    ...scoreboard.lift.slice(-2).map(({ over, difference, difference95 }) =>
      `The model's AP is ${difference.toFixed(3)} above that of ${over} (95%: ${
        difference95.map((value) => value.toFixed(3)).join(" to ")
      }).`
    ),
    ...Object.entries(scoreboard.recallByStory).map(([story, { frauds, recall }]) =>
      `The model finds ${percent(recall)} of ${frauds} payments of ${story}.`
    ),
    "AP: average precision; 95%: when customers are drawn again; value: share of stolen money flagged.",
    "",
  ].join("\n");
}
