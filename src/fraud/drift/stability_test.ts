import { expect } from "expect";
import { Random } from "../../core/random.ts";
import { binValues, countCodes, stabilityIndex, stabilityOf } from "./stability.ts";

Deno.test("stabilityIndex() is 0 for equal shares and grows with the distance", () => {
  expect(stabilityIndex([0.2, 0.8], [0.2, 0.8])).toBe(0);
  expect(stabilityIndex([0.5, 0.5], [0.7, 0.3])).toBeCloseTo(0.2 * Math.log(1.4) - 0.2 * Math.log(0.6), 12);
  expect(stabilityIndex([0.5, 0.5], [0.9, 0.1])).toBeGreaterThan(stabilityIndex([0.5, 0.5], [0.7, 0.3]));
});

Deno.test("stabilityOf() is small for values of the same law, whatever their number, and large for moved ones", () => {
  const random = new Random(1);
  const drawn = (rows: number, mean: number) =>
    Float64Array.from({ length: rows }, () => random.normal() + mean);
  const then = binValues(drawn(5_000, 0));
  expect(then.edges.length).toBe(9);
  expect(then.shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
  expect(stabilityOf(then, drawn(2_000, 0))).toBeLessThan(0.02);
  expect(stabilityOf(then, drawn(2_000, 0.5))).toBeGreaterThan(0.15);
  expect(stabilityOf(then, drawn(2_000, 5))).toBeGreaterThan(1);
});

Deno.test("counts that have faded to next to nothing are nothing, whatever is left of them", () => {
  const random = new Random(2);
  // One in three was counted lately; of the others is left what fades by a factor of e in a day.
  const after = (days: number) =>
    Float64Array.from(
      { length: 5_000 },
      (_, i) => i % 3 === 0 ? 1 + random.uniform() : Math.exp(-days * (1 + random.uniform())),
    );
  const then = binValues(after(10));
  expect(stabilityOf(then, after(30))).toBeGreaterThan(1);
  expect(stabilityOf(then, after(30), 1e-3)).toBeLessThan(0.02);
  // What is counted still moves it.
  expect(stabilityOf(then, after(10).map((value) => value + 1), 1e-3)).toBeGreaterThan(1);
});

Deno.test("binValues() has fewer bins where values are equal, and an empty bin later stays finite", () => {
  const flags = binValues(Float64Array.from({ length: 1_000 }, (_, i) => i % 4 === 0 ? 1 : 0));
  expect(flags.edges).toEqual([0, 1]);
  expect(stabilityOf(flags, new Float64Array(500))).toBeLessThan(Infinity);
  expect(stabilityOf(flags, new Float64Array(500))).toBeGreaterThan(0.25);
  expect(stabilityOf(flags, Float64Array.from({ length: 400 }, (_, i) => i % 4 === 1 ? 1 : 0))).toBeLessThan(
    0.01,
  );
});

Deno.test("codes drift by their shares, and not by how large they are", () => {
  const random = new Random(3);
  const drawn = (codes: readonly number[], rows = 4_000) =>
    Float64Array.from({ length: rows }, () => codes[random.weighted([6, 3, 1])]);
  const then = countCodes(drawn([16_000_000, 5, 900]));
  expect(then.codes).toEqual([16_000_000, 5, 900]);
  expect(then.shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
  expect(stabilityOf(then, drawn([16_000_000, 5, 900], 1_000))).toBeLessThan(0.02);
  // The same codes, of which others are the common ones; and codes that were not there.
  expect(stabilityOf(then, drawn([900, 5, 16_000_000]))).toBeGreaterThan(0.5);
  expect(stabilityOf(then, drawn([16_000_001, 5, 900]))).toBeGreaterThan(0.5);
  // As bins the last would be no drift at all.
  expect(stabilityOf(binValues(drawn([16_000_000, 5, 900])), drawn([16_000_001, 5, 900]))).toBeLessThan(0.02);
});

Deno.test("countCodes() keeps the commonest and counts the rest together", () => {
  const many = Float64Array.from({ length: 5_000 }, (_, i) => i % 2 === 0 ? 7 : i);
  const { codes, shares } = countCodes(many);
  expect([codes[0], codes.length, shares.length]).toEqual([7, 30, 31]);
  expect(shares[0]).toBeCloseTo(0.5, 2);
  expect(shares[30]).toBeGreaterThan(0.48);
});
