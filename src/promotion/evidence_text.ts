import { toRfc3339 } from "../core/clock.ts";
import type { Comparison, Gain } from "./compare_models.ts";
import type { Shadowed } from "./shadowed_payments.ts";

/** What two models did on the same payments, for a person to read. */
export function evidenceText(
  champion: string,
  challenger: string,
  { leftOut, sinceMs, asOfMs }: Shadowed,
  labelDelayDays: number,
  comparison: Comparison,
): string {
  const it = comparison;
  const left = Object.entries({
    "too young": leftOut.immature,
    "without an outcome": leftOut.noOutcome,
    "by test payment methods": leftOut.testMethods,
    "judged by another champion": leftOut.otherChampion,
    "not scored by the challenger": leftOut.unscored,
  }).filter(([, count]) => count > 0).map(([why, count]) => `${count} ${why}`);
  return [
    `Champion ${champion}, challenger ${challenger}, in the shadow since ${toRfc3339(sinceMs!)}.`,
    `${it.payments} payments of ${it.customers} customers, ${labelDelayDays} days old or older at ${
      toRfc3339(asOfMs!)
    }: ${it.frauds} known frauds.`,
    ...it.unknownDeclines === 0 ? [] : [
      `${it.unknownDeclines} of them the champion declined and nobody reported on. It is taken at its word: they ` +
      `count as fraud with its own probability, ${it.expectedFrauds.toFixed(1)} frauds in all.`,
    ],
    ...it.explored === 0 ? [] : [
      `${it.explored} of them the champion would have declined and chance let pass: they stand for ` +
      `${it.exploredStandFor.toFixed(0)} such payments, known and not.`,
    ],
    ...left.length === 0 ? [] : [`Left out: ${left.join(", ")}.`],
    "",
    table([
      ["", "champion", "challenger"],
      row("average precision", it, (model) => model.averagePrecision.toFixed(3)),
      row("recall at score 75", it, (model) => percent(model.recall, 1)),
      row(
        "false positives at score 75",
        it,
        (model) => `${model.falsePositives.toFixed(0)} (${percent(model.falsePositiveRate, 2)})`,
      ),
      row("Brier score", it, (model) => model.brier.toFixed(5)),
      row("calibration error", it, (model) => model.calibrationError.toFixed(5)),
      row("PSI of scores since training", it, (model) => model.stability?.toFixed(3) ?? "not kept"),
    ]),
    "",
    `Average precision, challenger less champion: ${gainText(it.averagePrecisionGain)}.`,
    `Recall at score 75, challenger less champion: ${gainText(it.recallGain)}.`,
    `PSI of the challenger's scores against the champion's: ${it.stabilityBetween.toFixed(3)}.`,
    "95%: when customers are drawn again, paired. PSI: above 0.1 something moves, above 0.25 much does.",
  ].join("\n");
}

type Model = Comparison["champion"];

function row(name: string, { champion, challenger }: Comparison, show: (model: Model) => string): string[] {
  return [name, show(champion), show(challenger)];
}

export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, c) => Math.max(...rows.map((cells) => cells[c].length)));
  return rows.map((cells) =>
    cells.map((cell, c) => c === 0 ? cell.padEnd(widths[c]) : cell.padStart(widths[c])).join("  ").trimEnd()
  ).join("\n");
}

function gainText({ difference, interval95: [low, high] }: Gain): string {
  return `${signed(difference)} (95%: ${signed(low)} to ${signed(high)})`;
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
}

function percent(share: number, digits: number): string {
  return Number.isNaN(share) ? "–" : `${(share * 100).toFixed(digits)}%`;
}
