import { expect } from "expect";
import { compareModels } from "./compare_models.ts";
import type { ShadowedOutcome, ShadowedPayment } from "./shadowed_payments.ts";

const payment = (
  customer: number,
  outcome: ShadowedOutcome,
  champion: number,
  challenger: number,
  weight = 1,
): ShadowedPayment => ({
  customer,
  outcome,
  weight,
  champion: { probability: champion, score: champion >= 0.5 ? 80 : 10 },
  challenger: { probability: challenger, score: challenger >= 0.5 ? 80 : 10 },
});
const NO_REFERENCE = { champion: null, challenger: null };

Deno.test("compareModels() agrees with a worked example", () => {
  // Champion: fraud at ranks 1 and 4; challenger: at ranks 1 and 2.
  const { champion, challenger, averagePrecisionGain, ...counts } = compareModels(
    [
      payment(0, "fraud", 0.9, 0.9),
      payment(1, "genuine", 0.8, 0.3),
      payment(2, "genuine", 0.4, 0.2),
      payment(3, "fraud", 0.2, 0.6),
    ],
    4,
    NO_REFERENCE,
  );
  expect(champion.averagePrecision).toBeCloseTo((1 + 2 / 4) / 2, 12);
  expect(challenger.averagePrecision).toBe(1);
  expect(averagePrecisionGain.difference).toBeCloseTo(0.25, 12);
  expect([champion.recall, challenger.recall]).toEqual([0.5, 1]);
  expect([champion.falsePositives, challenger.falsePositives]).toEqual([1, 0]);
  expect([champion.flagged, challenger.flagged, champion.falsePositiveRate]).toEqual([2, 2, 0.5]);
  expect(champion.brier).toBeCloseTo((0.01 + 0.64 + 0.16 + 0.64) / 4, 12);
  expect(counts).toMatchObject({
    payments: 4,
    customers: 4,
    frauds: 2,
    unknownDeclines: 0,
    expectedFrauds: 0,
  });
});

Deno.test("a decline that nobody reported on is fraud with the champion's probability, for both models", () => {
  const { champion, challenger, ...counts } = compareModels(
    [
      payment(0, "unknown_decline", 0.6, 0.1),
      payment(1, "fraud", 0.4, 0.9),
      payment(2, "genuine", 0.2, 0.2),
    ],
    3,
    NO_REFERENCE,
  );
  expect(counts).toMatchObject({ payments: 3, frauds: 1, unknownDeclines: 1, expectedFrauds: 0.6 });
  // Down the champion's scores: 0.6 of a fraud in 1 payment, then 1.6 in 2.
  expect(champion.averagePrecision).toBeCloseTo((0.6 * 0.6 + 1 * (1.6 / 2)) / 1.6, 12);
  // Down the challenger's: 1 in 1, then 1.6 in 3.
  expect(challenger.averagePrecision).toBeCloseTo((1 * 1 + 0.6 * (1.6 / 3)) / 1.6, 12);
  expect(champion.recall).toBeCloseTo(0.6 / 1.6, 12);
  expect(champion.falsePositives).toBeCloseTo(0.4, 12);
  expect(challenger.recall).toBeCloseTo(1 / 1.6, 12);
  // Where the outcome is known.
  expect(champion.brier).toBeCloseTo((0.36 + 0.04) / 2, 12);
});

Deno.test("what chance let pass stands for what it declined, and the champion's word is not asked for those", () => {
  const { champion, challenger, ...counts } = compareModels(
    [
      payment(0, "fraud", 0.9, 0.9, 4),
      // Which the champion was wrong about.
      payment(1, "genuine", 0.8, 0.1, 4),
      ...Array.from({ length: 6 }, () => payment(2, "stood_for", 0.85, 0.5)),
      payment(3, "fraud", 0.4, 0.6),
      payment(4, "genuine", 0.2, 0.2),
    ],
    5,
    NO_REFERENCE,
  );
  expect(counts).toMatchObject({
    payments: 10,
    frauds: 2,
    explored: 2,
    exploredStandFor: 8,
    unknownDeclines: 0,
  });
  // Down the champion's scores: 4 frauds in 4, then the fifth in 9.
  expect(champion.averagePrecision).toBeCloseTo((4 * 1 + 1 * (5 / 9)) / 5, 12);
  expect(challenger.averagePrecision).toBe(1);
  expect([champion.recall, challenger.recall]).toEqual([4 / 5, 1]);
  expect([champion.falsePositives, challenger.falsePositives]).toEqual([4, 0]);
  expect(champion.falsePositiveRate).toBeCloseTo(4 / 5, 12);
  expect(champion.brier).toBeCloseTo((4 * 0.01 + 4 * 0.64 + 0.36 + 0.04) / 10, 12);
});

Deno.test("the same model twice gains nothing, whatever customers are drawn", () => {
  const payments = Array.from(
    { length: 400 },
    (_, i) => payment(i % 50, i % 20 === 0 ? "fraud" : "genuine", (i * 37 % 400) / 400, (i * 37 % 400) / 400),
  );
  const { averagePrecisionGain, recallGain, stabilityBetween } = compareModels(payments, 50, NO_REFERENCE);
  expect(averagePrecisionGain).toEqual({ difference: 0, interval95: [0, 0] });
  expect(recallGain).toEqual({ difference: 0, interval95: [0, 0] });
  expect(stabilityBetween).toBeCloseTo(0, 12);
});
