import { expect } from "expect";
import { Random } from "../../core/random.ts";
import { binValues, stabilityIndex, stabilityOf } from "./stability.ts";

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
