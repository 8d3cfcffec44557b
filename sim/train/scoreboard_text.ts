import { COST_ABOUT } from "./cost.ts";
import type { OperatingFigures } from "./judge.ts";
import type { Scoreboard, ScoreboardLine } from "./scoreboard.ts";

/** The cells of both tables, headers first: what happens at score ≥ 75, and what needs no threshold. */
export function scoreboardTables(scoreboard: Scoreboard): { operating: string[][]; ranking: string[][] } {
  return {
    operating: [
      [...OPERATING_HEADER],
      operatingRow("doing nothing", scoreboard.doingNothing, null),
      ...scoreboard.lines.map((line) => operatingRow(line.name, line.at75, line)),
    ],
    ranking: [[...RANKING_HEADER], ...scoreboard.lines.map(rankingRow)],
  };
}

/** The scoreboard as two tables for the terminal. */
export function scoreboardText(scoreboard: Scoreboard): string {
  const { testPayments, testFrauds, baseRate, falsePositiveBudget, folds } = scoreboard;
  const { operating, ranking } = scoreboardTables(scoreboard);
  return [
    `${testPayments} payments in ${folds} ${
      folds === 1 ? "period" : "periods"
    }, each later than all that its models ` +
    `learned from; ${testFrauds} of them fraud (${percent(baseRate, 2)}).`,
    "",
    `At score >= 75: thresholds frozen on validation, where at most ${
      percent(falsePositiveBudget, 2)
    } of the ` +
    `payments not reported as fraud reached them.`,
    table(operating),
    "",
    `Without any threshold (base rate ${baseRate.toFixed(4)}, which is also the AP of doing nothing):`,
    table(ranking),
    "",
    ...scoreboard.lift.map(({ over, difference, difference95 }) =>
      `The model's AP is ${signed(difference)} against ${over} (95%: ${
        difference95.map(signed).join(" to ")
      }).`
    ),
    ...attainable(scoreboard),
    "AP: average precision, mean of the periods; 95%: when customers are drawn again, paired; acc.: accuracy, to be read",
    "beside that of doing nothing; bal.: balanced accuracy; value: share of stolen money flagged; R@: recall at a",
    "false-positive rate; card@100: of the 100 worst cards of a day, the share with fraud; ECE: calibration error;",
    `cost: US dollars a thousand payments, when ${COST_ABOUT}.`,
    "",
  ].join("\n");
}

function attainable({ shareOfAttainable }: Scoreboard): string[] {
  if (shareOfAttainable === null) {
    return ["What was attainable is not known for this data: there is no oracle, and no share of its AP."];
  }
  const { share, share95 } = shareOfAttainable;
  return [
    `The model captures ${percent(share)} of the attainable AP (95%: ${
      share95.map((value) => percent(value)).join(" to ")
    }).`,
  ];
}

const OPERATING_HEADER = [
  "",
  "acc.",
  "bal.",
  "recall",
  "95%",
  "precision",
  "95%",
  "false pos.",
  "value",
  "cost",
  "95%",
];

function operatingRow(name: string, its: OperatingFigures, line: ScoreboardLine | null): string[] {
  const range = (interval: readonly [number, number] | undefined, digits = 0) =>
    interval === undefined || Number.isNaN(interval[0])
      ? "–"
      : interval.map((value) => (value * 100).toFixed(digits)).join("–");
  return [
    name,
    percent(its.accuracy, 2),
    percent(its.balancedAccuracy),
    percent(its.recall),
    range(line?.recall95),
    percent(its.precision),
    range(line?.precision95),
    percent(its.falsePositiveRate, 2),
    percent(its.valueDetected),
    its.costUsdPerThousand.toFixed(0),
    line === null ? "–" : line.cost95.map((value) => value.toFixed(0)).join("–"),
  ];
}

const RANKING_HEADER = [
  "",
  "AP",
  "95%",
  "AUC",
  "R@0.1%",
  "R@1%",
  "R@5%",
  "card@100",
  "Brier",
  "ECE",
];

function rankingRow(line: ScoreboardLine): string[] {
  return [
    line.name,
    line.averagePrecision.toFixed(3),
    line.averagePrecision95.map((value) => value.toFixed(3)).join("–"),
    line.rocAuc.toFixed(3),
    ...line.recallWithin.map((value) => value.toFixed(3)),
    line.cardPrecision100.toFixed(3),
    line.brier === null ? "–" : line.brier.toFixed(5),
    line.calibrationError === null ? "–" : line.calibrationError.toFixed(5),
  ];
}

export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, c) => Math.max(...rows.map((row) => row[c].length)));
  return rows.map((row) =>
    row.map((cell, c) => c === 0 ? cell.padEnd(widths[c]) : cell.padStart(widths[c])).join("  ").trimEnd()
  ).join("\n");
}

function percent(value: number, digits = 1): string {
  return Number.isNaN(value) ? "–" : `${(value * 100).toFixed(digits)}%`;
}

export function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
}
