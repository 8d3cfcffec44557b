import { expect } from "expect";
import { spendingOf } from "./spending.ts";

const week = (category: string, week: number, spent: number) => ({ category, week, spent, payments: 1 });
const steady = (category: string, spent: number[]) => spent.map((sum, i) => week(category, i, sum));

Deno.test("spendingOf() compares the latest week with the median of those before, category by category", () => {
  const found = spendingOf([
    ...steady("grocery", [5_100, 5_000, 4_800, 5_200, 90_000, 5_000, 5_000]),
    ...steady("gaming", [9_000, 1_000, 1_200, 900, 1_000, 1_100, 1_000]),
  ]);
  expect(found).toEqual({
    basis: "weekly_median_and_mad",
    weeks: 5,
    categories: [
      {
        category: "gaming",
        lastWeekMinor: 9_000,
        usualMinor: 1_000,
        spreadMinor: 1_350,
        payments: 7,
        verdict: "above_usual",
      },
      // One wild week four weeks ago moves neither the median nor the verdict.
      {
        category: "grocery",
        lastWeekMinor: 5_100,
        usualMinor: 5_000,
        spreadMinor: 765,
        payments: 7,
        verdict: "usual",
      },
    ],
  });
});

Deno.test("spendingOf() says how many weeks are missing", () => {
  expect(spendingOf([])).toEqual({
    basis: "insufficient_data",
    weeks: 0,
    missing: "4 more whole weeks of payments before the latest: the usual needs 4.",
  });
  expect(spendingOf(steady("grocery", [1, 1, 1, 1]))).toMatchObject({ basis: "insufficient_data", weeks: 2 });
});
