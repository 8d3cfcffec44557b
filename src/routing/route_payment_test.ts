import { expect } from "expect";
import { type RouteCandidate, type RouteContext, routePayment, SuccessStatistics } from "./route_payment.ts";

const context: RouteContext = { amountMinor: 10_000n, network: "visa", crossBorder: false };
const candidates: RouteCandidate[] = [
  { provider: "dear", feeMinor: 300n },
  { provider: "cheap", feeMinor: 100n },
];

type Past = readonly [
  provider: string,
  network: string,
  crossBorder: boolean,
  approved: number,
  total: number,
];
const CASES: readonly [what: string, past: readonly Past[], expected: string][] = [
  ["without history the cheaper one", [], "cheap"],
  ["the one that is approved more often, where that outweighs its fee", [
    ["dear", "visa", false, 980, 1_000],
    ["cheap", "visa", false, 900, 1_000],
  ], "dear"],
  ["the cheaper one, where the approvals differ by less than the fee", [
    ["dear", "visa", false, 950, 1_000],
    ["cheap", "visa", false, 945, 1_000],
  ], "cheap"],
  ["what other networks and borders did does not count", [
    ["dear", "amex", false, 1_000, 1_000],
    ["dear", "visa", true, 1_000, 1_000],
    ["cheap", "amex", false, 1, 1_000],
    ["cheap", "visa", true, 1, 1_000],
  ], "cheap"],
  ["three lucky charges are not believed", [["dear", "visa", false, 3, 3]], "cheap"],
];

Deno.test("routePayment() takes the provider that is expected to leave most", async (t) => {
  for (const [what, past, expected] of CASES) {
    await t.step(what, () => {
      for (const order of [candidates, candidates.toReversed()]) {
        const statistics = new SuccessStatistics();
        for (const entry of past) statistics.add(...entry);
        expect(routePayment(context, order, statistics).provider).toBe(expected);
      }
    });
  }
});

Deno.test("a route tells what it rests on", () => {
  const statistics = new SuccessStatistics();
  statistics.add("dear", "visa", false, 90, 100);
  statistics.add("dear", "visa", false, 82, 80 + 20);
  const route = routePayment(context, candidates.slice(0, 1), statistics);
  expect(route).toEqual({
    provider: "dear",
    expectedSuccess: (90 + 82 + 18) / (200 + 20),
    sampleSize: 200,
    feeMinor: 300n,
    reason: "the only provider",
  });
  expect(routePayment(context, candidates, statistics).reason).toBe(
    "expected to leave 89.10% of the amount, dear 83.77%",
  );
  expect(() => routePayment(context, [], statistics)).toThrow("No provider is configured");
});
