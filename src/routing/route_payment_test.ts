import { expect } from "expect";
import { Random } from "../core/random.ts";
import { type RouteCandidate, routePayment } from "./route_payment.ts";
import { contextOf, type RouteTerms } from "./routing_context.ts";
import { RoutingStatistics } from "./routing_statistics.ts";

const terms: RouteTerms = {
  method: "card",
  amountMinor: 10_000n,
  currency: "USD",
  network: "visa",
  issuerCountry: "US",
  merchantCountry: "US",
};
const candidates: RouteCandidate[] = [
  { provider: "dear", feeMinor: 300n },
  { provider: "cheap", feeMinor: 100n },
];

type Past = readonly [provider: string, change: Partial<RouteTerms>, approved: number, total: number];

function experience(past: readonly Past[]): RoutingStatistics {
  const statistics = new RoutingStatistics();
  for (const [provider, change, approved, total] of past) {
    const context = contextOf({ ...terms, ...change });
    for (let i = 0; i < total; i++) {
      statistics.learn({ provider, context, answered: true, approved: i < approved });
    }
  }
  return statistics;
}

/** How often each provider is chosen in a hundred. */
function shares(statistics: RoutingStatistics, asked: RouteTerms = terms, order = candidates) {
  const random = new Random(1);
  const chosen: Record<string, number> = {};
  for (let i = 0; i < 100; i++) {
    const { provider } = routePayment(asked, order, statistics, random);
    chosen[provider] = (chosen[provider] ?? 0) + 1;
  }
  return chosen;
}

const CASES: readonly [what: string, past: readonly Past[], expected: string][] = [
  ["the one that is approved more often, where that outweighs its fee", [
    ["dear", {}, 980, 1_000],
    ["cheap", {}, 900, 1_000],
  ], "dear"],
  ["the cheaper one, where the approvals differ by less than the fee", [
    ["dear", {}, 950, 1_000],
    ["cheap", {}, 950, 1_000],
  ], "cheap"],
  ["what holds for the card's network in other countries holds here too", [
    ["dear", { issuerCountry: "DE", merchantCountry: "DE" }, 980, 1_000],
    ["cheap", { issuerCountry: "DE", merchantCountry: "DE" }, 700, 1_000],
  ], "dear"],
];

Deno.test("routePayment() mostly takes the provider that is expected to leave most", async (t) => {
  for (const [what, past, expected] of CASES) {
    await t.step(what, () => {
      for (const order of [candidates, candidates.toReversed()]) {
        expect(shares(experience(past), terms, order)[expected]).toBeGreaterThan(80);
      }
    });
  }
});

Deno.test("each mark of a charge is learned apart: method, network, country, border, amount band", async (t) => {
  const marks: [mark: string, one: Partial<RouteTerms>, other: Partial<RouteTerms>][] = [
    ["method", { method: "card" }, { method: "bank_debit" }],
    ["network", { network: "visa" }, { network: "amex" }],
    ["issuer's country", { issuerCountry: "US", merchantCountry: "US" }, {
      issuerCountry: "JP",
      merchantCountry: "JP",
    }],
    ["border", { merchantCountry: "US" }, { merchantCountry: "FR" }],
    ["amount band", { amountMinor: 5_000n }, { amountMinor: 50_000n }],
  ];
  for (const [mark, one, other] of marks) {
    await t.step(mark, () => {
      const statistics = experience([
        ["dear", one, 980, 1_000],
        ["cheap", one, 700, 1_000],
        ["dear", other, 700, 1_000],
        ["cheap", other, 980, 1_000],
      ]);
      expect(shares(statistics, { ...terms, ...one }).dear).toBeGreaterThan(80);
      expect(shares(statistics, { ...terms, ...other }).cheap).toBeGreaterThan(80);
    });
  }
});

Deno.test("the past fades: fewer attempts of late outweigh more of long ago", () => {
  const statistics = new RoutingStatistics();
  const context = contextOf(terms);
  const learn = (attempts: number, dear: number, cheap: number) => {
    for (let i = 0; i < attempts; i++) {
      statistics.learn({ provider: "dear", context, answered: true, approved: i % 100 < dear });
      statistics.learn({ provider: "cheap", context, answered: true, approved: i % 100 < cheap });
    }
  };
  learn(20_000, 98, 70);
  expect(shares(statistics).dear).toBeGreaterThan(95);
  // Counted alike, all of it would still speak for the dear one.
  learn(15_000, 70, 98);
  expect(shares(statistics).cheap).toBeGreaterThan(95);
});

Deno.test("while little is known, both are tried", () => {
  const chosen = shares(experience([["dear", {}, 3, 3]]));
  expect(chosen.dear).toBeGreaterThan(5);
  expect(chosen.cheap).toBeGreaterThan(5);
});

Deno.test("the same seed and past give the same choices", () => {
  const run = () => {
    const statistics = experience([["dear", {}, 90, 100]]);
    const random = new Random(5);
    return Array.from({ length: 50 }, () => routePayment(terms, candidates, statistics, random).provider);
  };
  expect(run()).toEqual(run());
});

Deno.test("large amounts are not experimented with", () => {
  const statistics = experience([["dear", {}, 95, 100], ["cheap", {}, 95, 100]]);
  const random = new Random(3);
  const ordinary: string[] = [];
  const large: string[] = [];
  for (let i = 0; i < 400; i++) {
    const isLarge = i % 2 === 1;
    const asked = { ...terms, amountMinor: isLarge ? 50_000n : 5_000n };
    const priced = candidates.map(({ provider }) => ({
      provider,
      feeMinor: provider === "dear" ? 60n : 50n,
    }));
    (isLarge ? large : ordinary).push(routePayment(asked, priced, statistics, random).provider);
  }
  // Once it has been seen which amounts are usual.
  expect(new Set(large.slice(20)).size).toBe(1);
  expect(new Set(ordinary.slice(20)).size).toBe(2);
});

Deno.test("a route tells what it rests on", () => {
  const statistics = experience([["dear", {}, 172, 200]]);
  const only = routePayment(terms, candidates.slice(0, 1), statistics, new Random(1));
  expect(only).toMatchObject({ provider: "dear", feeMinor: 300n, reason: "the only provider left" });
  // Counts fade from the first attempt on.
  expect(only.sampleSize).toBe(199);
  expect(only.expectedSuccess).toBeGreaterThan(0.84);
  expect(only.expectedSuccess).toBeLessThan(0.9);
  expect(routePayment(terms, candidates, statistics, new Random(1)).reason).toMatch(
    /^(explored: )?expected to leave \d\d\.\d\d% of the amount, (dear|cheap) \d\d\.\d\d%/,
  );
  expect(() => routePayment(terms, [], statistics, new Random(1))).toThrow("No provider is configured");
});

Deno.test("what is on its way to a provider counts as failed while its latest answer is none, and no longer", () => {
  const statistics = new RoutingStatistics();
  const learn = (answered: boolean) =>
    statistics.learn({ provider: "dear", context: null, answered, approved: null });
  for (let i = 0; i < 5; i++) statistics.sent("dear");
  expect(statistics.health("dear").failures).toBe(0);
  learn(false);
  expect(statistics.health("dear").failures).toBeGreaterThan(4.5);
  learn(true);
  expect(statistics.health("dear").failures).toBeLessThan(1);
  // One that is never heard of is forgotten in time.
  learn(false);
  const before = statistics.health("dear").failures;
  for (let i = 0; i < 300; i++) {
    statistics.learn({ provider: "cheap", context: null, answered: true, approved: null });
  }
  expect(before).toBeGreaterThan(2);
  expect(statistics.health("dear").failures).toBeLessThan(0.05);
});
