import { expect } from "expect";
import { latencySummary, percentile } from "./latency_summary.ts";

Deno.test("percentile() interpolates between the nearest ranks as k6 does", () => {
  const sorted = Float64Array.from([10, 20, 30, 40, 50]);
  expect([0, 0.5, 0.9, 1].map((share) => percentile(sorted, share))).toEqual([10, 30, 46, 50]);
  expect(percentile(Float64Array.from([7]), 0.99)).toBe(7);
});

Deno.test("latencySummary() of nothing is zeros with count 0", () => {
  const zeros = { count: 0, meanMs: 0, msP50: 0, msP90: 0, msP95: 0, msP99: 0, maxMs: 0 };
  expect(latencySummary([])).toEqual(zeros);
  expect(latencySummary([3, 1, 2])).toMatchObject({ count: 3, meanMs: 2, msP50: 2, maxMs: 3 });
});
