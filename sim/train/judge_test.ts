import { expect } from "expect";
import type { LabelledPayments } from "./labelled_payments.ts";
import { CHARGEBACK_FEE_USD, costUsd, MARGIN_SHARE, TURNED_AWAY_USD } from "./cost.ts";
import { RankedRows } from "../../src/fraud/measures/draw_again.ts";
import { operatingFigures } from "./judge.ts";
import { cardPrecision } from "./metrics_card.ts";
import { ranking } from "../../src/fraud/measures/metrics.ts";

Deno.test("operatingFigures() counts what was flagged, what was missed and what either costs", () => {
  // Ten payments; listed are three frauds, of which two were flagged, and one false alarm.
  const figures = operatingFigures([{
    rows: 10,
    genuine: 7,
    customer: Uint32Array.of(0, 1, 2, 3),
    fraud: Uint8Array.of(1, 1, 1, 0),
    isFlagged: Uint8Array.of(1, 1, 0, 1),
    amountUsd: Float64Array.of(30, 50, 20, 100),
  }]);
  expect(figures.recall).toBeCloseTo(2 / 3, 12);
  expect(figures.precision).toBeCloseTo(2 / 3, 12);
  expect(figures.falsePositiveRate).toBeCloseTo(1 / 7, 12);
  expect(figures.accuracy).toBeCloseTo(8 / 10, 12);
  expect(figures.balancedAccuracy).toBeCloseTo((2 / 3 + 6 / 7) / 2, 12);
  expect(figures.valueDetected).toBeCloseTo(80 / 100, 12);
  const cost = 20 + CHARGEBACK_FEE_USD + TURNED_AWAY_USD + MARGIN_SHARE * 100;
  expect(figures.costUsdPerThousand).toBeCloseTo(1000 * cost / 10, 9);
  expect(costUsd(1, true, 99)).toBe(0);
});

Deno.test("curves end where they must: all fraud found at the base rate, nothing turned away at the cost of all fraud", () => {
  const scores = Float64Array.of(0.9, 0.8, 0.7, 0.6);
  const fraud = Uint8Array.of(1, 0, 1, 0);
  const ranked = new RankedRows(ranking(scores), scores, Uint32Array.of(0, 1, 2, 3), fraud);
  expect(ranked.precisionAt([0.5, 1], null)).toEqual([1, 2 / 3]);
  const costs = { flagged: Float64Array.of(0, 5, 0, 5), passed: Float64Array.of(40, 0, 20, 0) };
  // None turned away: the first fraud is still caught; half of the genuine: both are; all: nothing else is left.
  expect(ranked.costAt([0, 0.5, 1], costs, null)).toEqual([20 / 4, 5 / 4, 10 / 4]);
  expect(ranked.precisionAt([1], Uint8Array.of(0, 1, 2, 1))).toEqual([2 / 3]);
});

Deno.test("cardPrecision() takes each card's worst payment of the day, and looks at a found card once", () => {
  const rows = [
    // day, card, score, fraud
    [0, 1, 0.9, 1],
    [0, 1, 0.1, 0],
    [0, 2, 0.8, 0],
    [1, 1, 0.9, 1],
    [1, 3, 0.7, 1],
  ];
  const payments = {
    atMs: (row: number) => rows[row][0] * 86_400_000,
    card: (row: number) => rows[row][1],
    fraud: (row: number) => rows[row][3],
  } as unknown as LabelledPayments;
  const scores = Float64Array.from(rows, ([, , score]) => score);
  // One of a hundred on either day; the card found on the first day does not count again on the second.
  expect(cardPrecision(payments, Uint32Array.of(0, 1, 2, 3, 4), scores)).toBeCloseTo(0.01, 12);
});
