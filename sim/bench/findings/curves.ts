import { Random } from "../../../src/core/random.ts";
import type { JudgedFold } from "../../train/contender.ts";
import { costUsd } from "../../train/cost.ts";
import { drawAgain, type RankedRows } from "../../../src/fraud/measures/draw_again.ts";
import type { LabelledPayments } from "../../train/labelled_payments.ts";
import { middle95, ranking } from "../../../src/fraud/measures/metrics.ts";
import { MODEL_NAME } from "../../train/contender.ts";
import type { BenchRun } from "../run_bench.ts";

/** One contender's line: a value at each place of the axis, and for the model what 95% of the draws lie within. */
export interface Curve {
  readonly name: string;
  readonly values: readonly number[];
  readonly band95: readonly (readonly [number, number])[] | null;
}

export interface Curves {
  readonly recalls: readonly number[];
  readonly precision: readonly Curve[];
  /** Shares of genuine payments turned away. */
  readonly alarmShares: readonly number[];
  /** US dollars a thousand payments. */
  readonly cost: readonly Curve[];
  readonly costOfDoingNothing: number;
}

const RECALLS = Array.from({ length: 50 }, (_, i) => (i + 1) / 50);
/** From one genuine payment in ten thousand to one in ten, evenly on a logarithmic axis. */
const ALARM_SHARES = Array.from({ length: 37 }, (_, i) => 10 ** (-4 + i / 12));
const BAND_DRAWS = 80;

/** Precision over recall and cost over false alarms, means of the folds. */
export function curvesOf({ payments, runs, judgements, scoreboard }: BenchRun, seed: number): Curves {
  const learned = scoreboard.lines
    .map(({ name }, c) => ({ name, c }))
    .filter(({ name, c }) => judgements[c][0].reliability !== null && !runs[0].notPlotted.includes(name));
  const model = scoreboard.lines.findIndex(({ name }) => name === MODEL_NAME);
  const costs = runs.map(({ judged, contenders }) =>
    contenders.map(({ test }) => costsInOrder(payments, judged, test))
  );
  const precisionOf = (c: number, weights: Uint8Array | null) =>
    meanOf(judgements[c].map(({ ranked }) => ranked.precisionAt(RECALLS, weights)));
  const costOf = (c: number, weights: Uint8Array | null) =>
    meanOf(judgements[c].map(({ ranked }, f) => costAt(ranked, costs[f][c], weights)));
  const draws = drawAgain(
    payments.customers.size,
    new Random(seed).fork("curves"),
    (weights) => ({ precision: precisionOf(model, weights), cost: costOf(model, weights) }),
    BAND_DRAWS,
  );
  const line = (of: (c: number) => number[], band: (draw: typeof draws[number]) => number[]) =>
    learned.map(({ name, c }): Curve => ({
      name,
      values: of(c),
      band95: c === model ? of(c).map((_, i) => middle95(draws.map((draw) => band(draw)[i]))) : null,
    }));
  return {
    recalls: RECALLS,
    precision: line((c) => precisionOf(c, null), (draw) => draw.precision),
    alarmShares: ALARM_SHARES,
    cost: line((c) => costOf(c, null), (draw) => draw.cost),
    costOfDoingNothing: scoreboard.doingNothing.costUsdPerThousand,
  };
}

interface CostsInOrder {
  readonly flagged: Float64Array;
  readonly passed: Float64Array;
}

/** In the order of the contender's ranking. */
function costsInOrder(payments: LabelledPayments, { test }: JudgedFold, scores: Float64Array): CostsInOrder {
  const order = ranking(scores);
  const cost = (isFlagged: boolean) =>
    Float64Array.from(
      order,
      (i) => costUsd(payments.fraud(test[i]), isFlagged, payments.amountUsd(test[i])),
    );
  return { flagged: cost(true), passed: cost(false) };
}

function costAt(ranked: RankedRows, costs: CostsInOrder, weights: Uint8Array | null): number[] {
  return ranked.costAt(ALARM_SHARES, costs, weights).map((cost) => 1000 * cost);
}

function meanOf(folds: readonly (readonly number[])[]): number[] {
  return folds[0].map((_, i) => folds.reduce((sum, values) => sum + values[i], 0) / folds.length);
}
