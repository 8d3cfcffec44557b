import { expect } from "expect";
import { simulateMonth } from "./month.ts";
import { alwaysTo, oracle, roundRobin, ThompsonSampling } from "./policies.ts";
import { runMonth, shareOfGain } from "./run_month.ts";
import { shareChart } from "./share_chart.ts";

const PLOT = new URL("../../docs/decisions/routing_share.svg", import.meta.url);

Deno.test("on a simulated month routing reaches 90% of the oracle's gain over round robin, and beats every fixed provider", async () => {
  const month = simulateMonth(7);
  const routed = runMonth(month, new ThompsonSampling(7));
  const [worst, best] = [runMonth(month, roundRobin()), runMonth(month, oracle())];
  expect(shareOfGain(routed, worst, best)).toBeGreaterThan(0.9);
  for (const { provider } of month.payments[0].options) {
    const fixed = runMonth(month, alwaysTo(provider));
    expect(routed.expectedUsd).toBeGreaterThan(fixed.expectedUsd);
    expect(routed.successRate).toBeGreaterThan(fixed.successRate);
    expect(routed.keptShare).toBeGreaterThan(fixed.keptShare);
  }
  // The plot that `deno task bench:routing` writes of this month, committed.
  const plot = shareChart(month, routed.choices);
  if (Deno.env.get("UPDATE_SNAPSHOTS") === "1") await Deno.writeTextFile(PLOT, plot);
  expect(await Deno.readTextFile(PLOT)).toBe(plot);
});

Deno.test("a month is its seed's: the same payments, fees and luck each time", () => {
  const digest = (seed: number) =>
    simulateMonth(seed).payments.slice(0, 500).map((
      { key, options },
    ) => [key, options.map(({ approved }) => approved)]);
  expect(digest(3)).toEqual(digest(3));
  expect(digest(3)).not.toEqual(digest(4));
});
