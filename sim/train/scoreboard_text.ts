import { MODEL_NAME } from "./contender.ts";
import { COST_ABOUT } from "./cost.ts";
import type { OperatingFigures } from "./judge.ts";
import type { Interval, Scoreboard, ScoreboardLine } from "./scoreboard.ts";

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
      `The model's AP is ${signed(difference)} against ${over} (95%: ${spanText(difference95, signed)}).`
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
    `The model captures ${percent(share)} of the attainable AP (95%: ${spanText(share95, percent)}).`,
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
  const range = (interval: Interval | undefined) =>
    interval === undefined ? "–" : rangeText([100 * interval[0], 100 * interval[1]], 0);
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
    line === null ? "–" : rangeText(line.cost95, 0),
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
    rangeText(line.averagePrecision95, 3),
    line.rocAuc.toFixed(3),
    ...line.recallWithin.map((value) => value.toFixed(3)),
    line.cardPrecision100.toFixed(3),
    line.brier === null ? "–" : line.brier.toFixed(5),
    line.calibrationError === null ? "–" : line.calibrationError.toFixed(5),
  ];
}

/** `0.31–0.42`; a dash where nothing is known. */
function rangeText(interval: Interval, digits: number): string {
  return interval.some(Number.isNaN) ? "–" : interval.map((value) => value.toFixed(digits)).join("–");
}

/** `+0.010 to +0.020` in a sentence. */
export function spanText(interval: Interval, format: (value: number) => string): string {
  return interval.some(Number.isNaN) ? "not known" : interval.map((value) => format(value)).join(" to ");
}

/** Fewer customers with fraud than this, and a draw of them is no picture of chance. */
const ENOUGH_FRAUD_CUSTOMERS = 20;

/** A warning where intervals promise more than they hold; empty where there is fraud of enough customers. */
export function intervalNote({ testFraudCustomers, testFrauds }: Scoreboard): string[] {
  if (testFraudCustomers >= ENOUGH_FRAUD_CUSTOMERS) return [];
  const all = `All ${testFrauds} frauds of the test are of ${testFraudCustomers} `;
  return [
    testFraudCustomers === 1
      ? `${all}customer: how far the figures would move with other customers cannot be told, and no interval is given.`
      : `${all}customers: the intervals draw so few again that they mean little, and so do small differences.`,
  ];
}

/** Says so where the model may as well have guessed; empty where it is better than that. */
export function chanceNote({ lines, baseRate }: Pick<Scoreboard, "lines" | "baseRate">): string[] {
  const { averagePrecision95: [low, high], rocAuc } = lines.find(({ name }) => name === MODEL_NAME)!;
  const signs = [
    ...(low <= baseRate
      ? [
        `its AP, ${low.toFixed(4)} to ${high.toFixed(4)} when customers are drawn again, ` +
        `${high < baseRate ? "is below" : "may be"} the ${baseRate.toFixed(4)} of doing nothing`,
      ]
      : []),
    ...(rocAuc < 0.5 ? [`its AUC is ${rocAuc.toFixed(3)}, below the 0.5 of a coin`] : []),
  ];
  return signs.length === 0
    ? []
    : [`The model is no better than chance on this data: ${signs.join(", and ")}.`];
}

/** A share above all of it: said, because nobody can capture what is not there. */
export function aboveOracleNote({ shareOfAttainable }: Pick<Scoreboard, "shareOfAttainable">): string[] {
  if (shareOfAttainable === null || !(shareOfAttainable.share > 1)) return [];
  return [
    "The model's AP is above the oracle's, which is all that can be attained. That is chance (frauds are few, or the oracle cannot " +
    "tell many payments apart), or the posterior is not the probability of fraud.",
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
