import { expect } from "expect";
import fc from "fast-check";
import { Random } from "../../core/random.ts";
import { drawAgain, RankedRows } from "./draw_again.ts";
import {
  averagePrecision,
  brierScore,
  calibrationError,
  confusionAt,
  middle95,
  ranking,
  recallsWithin,
  reliability,
  rocAuc,
  thresholdWithin,
  weightedRocAuc,
} from "./metrics.ts";

Deno.test("averagePrecision() and rocAuc() agree with worked examples", () => {
  const cases: [number[], number[], number, number][] = [
    // scores                fraud             average precision        area under the curve
    [[0.9, 0.8, 0.2, 0.1], [1, 1, 0, 0], 1, 1],
    [[0.9, 0.8, 0.2, 0.1], [0, 0, 1, 1], (1 / 3 + 2 / 4) / 2, 0],
    [[0.9, 0.8, 0.2, 0.1], [1, 0, 1, 0], (1 + 2 / 3) / 2, 0.75],
    [[0.5, 0.5, 0.5, 0.5], [1, 0, 0, 0], 0.25, 0.5],
  ];
  for (const [scores, fraud, ap, auc] of cases) {
    expect(averagePrecision(scores, fraud)).toBeCloseTo(ap, 12);
    expect(rocAuc(scores, fraud)).toBeCloseTo(auc, 12);
  }
});

const rows = fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.boolean()), {
  minLength: 2,
  maxLength: 80,
})
  .filter((all) => all.some(([, fraud]) => fraud) && all.some(([, fraud]) => !fraud));

Deno.test("rocAuc() equals the share of pairs that are in order", () => {
  fc.assert(fc.property(rows, (all) => {
    let [pairs, wins] = [0, 0];
    for (const [a, fraudA] of all) {
      for (const [b, fraudB] of all) {
        if (!fraudA || fraudB) continue;
        pairs++;
        wins += a > b ? 1 : a === b ? 0.5 : 0;
      }
    }
    expect(rocAuc(all.map(([s]) => s), all.map(([, f]) => f ? 1 : 0))).toBeCloseTo(wins / pairs, 9);
  }));
});

Deno.test("weightedRocAuc() counts a row as often as it stands for", () => {
  const weights = [3, 1, 2, 1, 4];
  const scores = [0.9, 0.4, 0.4, 0.7, 0.1];
  const fraud = [1, 1, 0, 0, 0];
  const often = weights.flatMap((times, row) => Array.from({ length: times }, () => row));
  expect(weightedRocAuc(scores, fraud, (row) => weights[row])).toBeCloseTo(
    rocAuc(often.map((row) => scores[row]), often.map((row) => fraud[row])),
    12,
  );
  expect(weightedRocAuc(scores, fraud, () => 0)).toBeNaN();
});

Deno.test("the order of the rows changes no metric", () => {
  fc.assert(fc.property(rows, (all) => {
    const of = (some: typeof all) => averagePrecision(some.map(([s]) => s), some.map(([, f]) => f ? 1 : 0));
    expect(of(all.toReversed())).toBeCloseTo(of(all), 12);
  }));
});

Deno.test("thresholdWithin() keeps to the budget and could not be lower", () => {
  fc.assert(fc.property(rows, fc.double({ min: 0, max: 1, noNaN: true }), (all, budget) => {
    const scores = all.map(([score]) => score);
    const label = all.map(([, fraud]) => fraud ? 1 : 0);
    const genuine = label.filter((value) => value === 0).length;
    const rateAt = (threshold: number) =>
      scores.filter((score, row) => label[row] === 0 && score >= threshold).length / genuine;
    const threshold = thresholdWithin(budget, scores, label);
    const allowed = Math.floor(budget * genuine) / genuine;
    expect(rateAt(threshold)).toBeLessThanOrEqual(allowed);
    const lower = Math.max(...scores.filter((score) => score < threshold));
    if (lower > -Infinity) expect(rateAt(lower)).toBeGreaterThan(allowed);
  }));
});

Deno.test("confusionAt() counts payments and money", () => {
  const { recall, precision, falsePositiveRate, accuracy, valueDetected } = confusionAt(
    [0.9, 0.8, 0.3, 0.1],
    0.5,
    [1, 0, 1, 0],
    [30, 5, 10, 5],
  );
  expect([recall, precision, falsePositiveRate, accuracy, valueDetected]).toEqual([
    0.5,
    0.5,
    0.5,
    0.5,
    0.75,
  ]);
});

Deno.test("drawn again, the average precision lies around its own value; weights of 1 give the value itself", () => {
  const random = new Random(5);
  const fraud = Uint8Array.from({ length: 2000 }, () => random.chance(0.05) ? 1 : 0);
  // One decimal, so that scores are tied.
  const scores = Float64Array.from(fraud, (value) => Math.round(10 * (value + random.normal())) / 10);
  const customer = Uint32Array.from(fraud, () => random.integer(0, 300));
  const ranked = new RankedRows(ranking(scores), scores, customer, fraud);
  expect(ranked.averagePrecision(new Uint8Array(301).fill(1))).toBeCloseTo(
    averagePrecision(scores, fraud),
    12,
  );
  const draw = () => drawAgain(301, new Random(1), (weights) => ranked.averagePrecision(weights));
  const draws = draw();
  const [low, high] = middle95(draws);
  expect(averagePrecision(scores, fraud)).toBeGreaterThan(low);
  expect(averagePrecision(scores, fraud)).toBeLessThan(high);
  expect(draw()).toEqual(draws);
  // A draw without any fraud has no average precision, and says nothing of how far others lie apart.
  expect(middle95([0.5, NaN, 0.1, NaN])).toEqual([0.1, 0.5]);
  expect(middle95([NaN])).toEqual([NaN, NaN]);
});

Deno.test("recallsWithin() counts what can be caught at each rate of false alarms", () => {
  const scores = [9, 8, 7, 6, 5, 4, 3, 2];
  const fraud = [1, 0, 1, 1, 0, 0, 1, 0];
  expect(recallsWithin([0, 0.25, 0.5, 1], scores, fraud)).toEqual([0.25, 0.75, 0.75, 1]);
});

Deno.test("probabilities that came true have no calibration error, and those that did not have", () => {
  const random = new Random(8);
  const p = Float64Array.from({ length: 100_000 }, () => random.uniform() ** 4);
  const fraud = Uint8Array.from(p, (chance) => random.chance(chance) ? 1 : 0);
  expect(calibrationError(reliability(p, fraud))).toBeLessThan(0.005);
  const doubled = p.map((chance) => Math.min(1, 2 * chance));
  expect(calibrationError(reliability(doubled, fraud))).toBeGreaterThan(0.1);
  expect(brierScore(p, fraud)).toBeLessThan(brierScore(doubled, fraud));
});

Deno.test("ranking() is by falling score and keeps the order of equal ones, whatever the numbers", () => {
  const some = fc.oneof(
    fc.double({ noNaN: true }),
    fc.constantFrom(0, -0, 1, -1, Infinity, -Infinity, 5e-324, -5e-324, 1e-300, 0.5, 0.5000000000000001),
    fc.integer({ min: -3, max: 3 }),
  );
  fc.assert(
    fc.property(fc.array(some, { maxLength: 60 }), (scores) => {
      const compared = scores.map((_, row) => row).sort((a, b) =>
        scores[a] === scores[b] ? a - b : scores[a] < scores[b] ? 1 : -1
      );
      expect(Array.from(ranking(scores))).toEqual(compared);
      expect(Array.from(ranking(Float64Array.from(scores)))).toEqual(compared);
    }),
    { numRuns: 500 },
  );
  expect(Array.from(ranking([NaN, -Infinity, 2, NaN, 3]))).toEqual([4, 2, 1, 0, 3]);
});
