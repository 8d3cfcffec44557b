import { expect } from "expect";
import { wilson95 } from "../report/wilson.ts";
import { stabilityIndex } from "./drift.ts";

Deno.test("stabilityIndex() is 0 for equal shares and grows with the distance", () => {
  expect(stabilityIndex([0.2, 0.8], [0.2, 0.8])).toBe(0);
  expect(stabilityIndex([0.5, 0.5], [0.7, 0.3])).toBeCloseTo(0.2 * Math.log(1.4) - 0.2 * Math.log(0.6), 12);
  expect(stabilityIndex([0.5, 0.5], [0.9, 0.1])).toBeGreaterThan(stabilityIndex([0.5, 0.5], [0.7, 0.3]));
});

Deno.test("wilson95() agrees with the table, and is sane without any hit", () => {
  const [low, high] = wilson95(5, 20);
  expect(low).toBeCloseTo(0.112, 3);
  expect(high).toBeCloseTo(0.469, 3);
  expect(wilson95(0, 10)[0]).toBe(0);
  expect(wilson95(0, 10)[1]).toBeGreaterThan(0.2);
});
