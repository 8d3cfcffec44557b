import { Random } from "../../src/core/random.ts";
import { type Contender, type JudgedFold, MODEL_NAME, ORACLE_NAME } from "./contender.ts";
import { drawAgain } from "../../src/fraud/measures/draw_again.ts";
import { FALSE_POSITIVE_BUDGET } from "./fit_model.ts";
import { type FoldJudgement, judgeFold, type OperatingFigures, operatingFigures } from "./judge.ts";
import type { LabelledPayments } from "./labelled_payments.ts";
import { luckAgainstOracle } from "./luck_against_oracle.ts";
import { middle95 } from "../../src/fraud/measures/metrics.ts";

export type Interval = readonly [low: number, high: number];

export interface ScoreboardLine {
  readonly name: string;
  /** Means over the folds; the interval is that of the mean when customers are drawn again. */
  readonly averagePrecision: number;
  readonly averagePrecision95: Interval;
  readonly averagePrecisionByFold: readonly number[];
  readonly rocAuc: number;
  /** At false-positive rates of 0.1, 1 and 5% on the test rows themselves. */
  readonly recallWithin: readonly number[];
  readonly cardPrecision100: number;
  readonly brier: number | null;
  readonly calibrationError: number | null;
  /** At score ≥ 75, all folds together; thresholds frozen on each fold's validation. */
  readonly at75: OperatingFigures;
  readonly recall95: Interval;
  readonly precision95: Interval;
  readonly cost95: Interval;
  /**
   * Its average precision less the oracle's, customers drawn in pairs; null for the oracle, and without one. Where all of
   * the interval is above zero, `luck` is how often chance alone would lift it as far (luck_against_oracle.ts).
   */
  readonly overOracle: {
    readonly difference: number;
    readonly difference95: Interval;
    readonly luck: number | null;
  } | null;
}

export interface Scoreboard {
  readonly testPayments: number;
  readonly testFrauds: number;
  /** How many customers the frauds belong to: intervals draw customers again, and with few of them mean little. */
  readonly testFraudCustomers: number;
  readonly baseRate: number;
  readonly falsePositiveBudget: number;
  readonly folds: number;
  readonly doingNothing: OperatingFigures;
  readonly lines: readonly ScoreboardLine[];
  /** How much more average precision the model has than each other line, customers drawn in pairs. */
  readonly lift: readonly {
    readonly over: string;
    readonly difference: number;
    readonly difference95: Interval;
  }[];
  /** Model's average precision over the oracle's; null without an oracle. */
  readonly shareOfAttainable: { readonly share: number; readonly share95: Interval } | null;
}

export interface Judged {
  readonly scoreboard: Scoreboard;
  /** By contender, then by fold. */
  readonly judgements: readonly (readonly FoldJudgement[])[];
}

/**
 * All contenders on the same later payments, judged by what was true. Contenders stand in the same order in every
 * fold; one is called {@link MODEL_NAME}, and one {@link ORACLE_NAME} where the source knows what was attainable.
 * @param modelName which of them the others are compared with
 */
export function makeScoreboard(
  payments: LabelledPayments,
  folds: readonly JudgedFold[],
  contenders: readonly (readonly Contender[])[],
  seed: number,
  modelName = MODEL_NAME,
): Judged {
  const names = contenders[0].map(({ name }) => name);
  const judgements = names.map((_, c) => folds.map((fold, f) => judgeFold(payments, fold, contenders[f][c])));
  const draws = drawAgain(
    payments.customers.size,
    new Random(seed).fork("bootstrap"),
    (weights) =>
      judgements.map((byFold) => ({
        averagePrecision: mean(byFold.map(({ ranked }) => ranked.averagePrecision(weights))),
        ...operatingFigures(byFold.map(({ flagged }) => flagged), (customer) => weights[customer]),
      })),
  );
  const fraudCustomers = countFraudCustomers(payments, folds);
  // Draws of one customer differ in nothing, which looks like certainty and is none.
  const interval = (values: readonly number[]): Interval =>
    fraudCustomers < 2 ? [NaN, NaN] : middle95(values);
  const drawsOf = (c: number, of: (draw: typeof draws[number][number]) => number): Interval =>
    interval(draws.map((draw) => of(draw[c])));
  const oracle = names.indexOf(ORACLE_NAME);
  const ap = (draw: typeof draws[number], c: number) => draw[c].averagePrecision;
  const meanAp = (c: number) => mean(judgements[c].map((fold) => fold.averagePrecision));
  const overOracle = (c: number): ScoreboardLine["overOracle"] => {
    const difference = meanAp(c) - meanAp(oracle);
    const difference95 = interval(draws.map((draw) => ap(draw, c) - ap(draw, oracle)));
    const luck = difference95[0] > 0
      ? luckAgainstOracle(
        contenders.map((fold) => ({ scores: fold[c].test, posterior: fold[oracle].test })),
        difference,
        new Random(seed).fork(`luck of ${names[c]}`),
      )
      : null;
    return { difference, difference95, luck };
  };
  const lines = names.map((name, c): ScoreboardLine => {
    const byFold = judgements[c];
    const meanOf = (of: (fold: FoldJudgement) => number) => mean(byFold.map(of));
    return {
      name,
      averagePrecision: meanAp(c),
      averagePrecision95: drawsOf(c, (draw) => draw.averagePrecision),
      averagePrecisionByFold: byFold.map((fold) => fold.averagePrecision),
      rocAuc: meanOf((fold) => fold.rocAuc),
      recallWithin: byFold[0].recallWithin.map((_, i) => meanOf((fold) => fold.recallWithin[i])),
      cardPrecision100: meanOf((fold) => fold.cardPrecision),
      brier: byFold[0].brier === null ? null : meanOf((fold) => fold.brier!),
      calibrationError: byFold[0].calibrationError === null ? null : meanOf((fold) => fold.calibrationError!),
      at75: operatingFigures(byFold.map(({ flagged }) => flagged)),
      recall95: drawsOf(c, (draw) => draw.recall),
      precision95: drawsOf(c, (draw) => draw.precision),
      cost95: drawsOf(c, (draw) => draw.costUsdPerThousand),
      overOracle: oracle < 0 || c === oracle ? null : overOracle(c),
    };
  });
  const model = names.indexOf(modelName);
  const rows = folds.reduce((sum, fold) => sum + fold.test.length, 0);
  const frauds = folds.reduce(
    (sum, fold) => sum + fold.test.reduce((found, row) => found + payments.fraud(row), 0),
    0,
  );
  return {
    judgements,
    scoreboard: {
      testPayments: rows,
      testFrauds: frauds,
      testFraudCustomers: fraudCustomers,
      baseRate: frauds / rows,
      falsePositiveBudget: FALSE_POSITIVE_BUDGET,
      folds: folds.length,
      doingNothing: operatingFigures(judgements[model].map(({ flagged }) => flaggingNothing(flagged))),
      lines,
      lift: names.flatMap((over, c) =>
        c === model ? [] : [{
          over,
          difference: lines[model].averagePrecision - lines[c].averagePrecision,
          difference95: interval(draws.map((draw) => ap(draw, model) - ap(draw, c))),
        }]
      ),
      shareOfAttainable: oracle < 0 ? null : {
        share: lines[model].averagePrecision / lines[oracle].averagePrecision,
        share95: interval(draws.map((draw) => ap(draw, model) / ap(draw, oracle))),
      },
    },
  };
}

/** What is not fraud stood in the list only because it was flagged. */
function flaggingNothing(flagged: FoldJudgement["flagged"]): FoldJudgement["flagged"] {
  const frauds = Uint32Array.from(flagged.fraud.keys()).filter((i) => flagged.fraud[i] === 1);
  return {
    ...flagged,
    customer: Uint32Array.from(frauds, (i) => flagged.customer[i]),
    fraud: new Uint8Array(frauds.length).fill(1),
    isFlagged: new Uint8Array(frauds.length),
    amountUsd: Float64Array.from(frauds, (i) => flagged.amountUsd[i]),
  };
}

function countFraudCustomers(payments: LabelledPayments, folds: readonly JudgedFold[]): number {
  const customers = new Set<number>();
  for (const { test } of folds) {
    for (const row of test) if (payments.fraud(row) === 1) customers.add(payments.customer(row));
  }
  return customers.size;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
