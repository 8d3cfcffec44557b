import { expect } from "expect";
import { simulateMonth } from "./month.ts";
import { alwaysTo, oracle, roundRobin, ThompsonSampling } from "./policies.ts";
import { runMonth, shareOfGain } from "./run_month.ts";

Deno.test("on a simulated month routing reaches 90% of the oracle's gain over round robin, and beats every fixed provider", () => {
  const month = simulateMonth(7);
  const routed = runMonth(month, new ThompsonSampling(7));
  const [worst, best] = [runMonth(month, roundRobin()), runMonth(month, oracle())];
  expect(shareOfGain(routed, worst, best)).toBeGreaterThan(0.9);
  for (const { provider } of month.payments[0].options) {
    expect(routed.expectedUsd).toBeGreaterThan(runMonth(month, alwaysTo(provider)).expectedUsd);
  }
});

Deno.test("a month is its seed's: the same payments, fees and luck each time", () => {
  const digest = (seed: number) =>
    simulateMonth(seed).payments.slice(0, 500).map((
      { key, options },
    ) => [key, options.map(({ approved }) => approved)]);
  expect(digest(3)).toEqual(digest(3));
  expect(digest(3)).not.toEqual(digest(4));
});
