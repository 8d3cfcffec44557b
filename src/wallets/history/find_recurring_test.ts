import { expect } from "expect";
import { Random } from "../../core/random.ts";
import { DAY_MS } from "../risk/past.ts";
import type { WalletEntry } from "./entry.ts";
import { findRecurring, type Period } from "./find_recurring.ts";

const START_MS = Date.UTC(2026, 0, 5);
const HISTORY_DAYS = 300;

function entry(atMs: number, amountMinor: number, counterparty: string): WalletEntry {
  return {
    transferId: `tr_${atMs}_${counterparty}`,
    atMs: Math.round(atMs),
    amountMinor: BigInt(Math.round(-amountMinor)),
    kind: "payment",
    counterparty,
    category: null,
    memo: null,
    paymentId: null,
  };
}

interface Plan {
  readonly period: Period;
  readonly amount: number;
  readonly counterparty: string;
  readonly nextAtMs: number;
}

/** A subscription or bill: a day of jitter for weekends, a few percent of amount, now and then one missed. */
function plant(random: Random, counterparty: string): { plan: Plan; entries: WalletEntry[] } {
  const period = random.pick<Period>([
    "weekly",
    "every_two_weeks",
    "every_four_weeks",
    "monthly",
    "quarterly",
  ]);
  const amount = Math.exp(random.between(6, 10));
  const varies = random.chance(0.5) ? 0 : 0.04;
  const first = random.integer(0, 27);
  const hour = random.between(6, 20) / 24;
  const entries: WalletEntry[] = [];
  const dayOf = (i: number): number => {
    if (period === "monthly" || period === "quarterly") {
      const months = i * (period === "monthly" ? 1 : 3);
      return (Date.UTC(2026, months, 1 + first) - START_MS) / DAY_MS;
    }
    return first + i * { weekly: 7, every_two_weeks: 14, every_four_weeks: 28 }[period];
  };
  let i = 0;
  for (; dayOf(i) < HISTORY_DAYS; i++) {
    if (dayOf(i) < 0) continue;
    if (i > 1 && period !== "quarterly" && random.chance(0.04)) continue;
    const shifted = period === "weekly" || period === "every_four_weeks"
      ? 0
      : random.chance(0.25)
      ? random.integer(0, 1)
      : 0;
    const drawn = amount * (1 + varies * random.between(-1, 1));
    entries.push(entry(START_MS + (dayOf(i) + shifted + hour) * DAY_MS, drawn, counterparty));
  }
  return { plan: { period, amount, counterparty, nextAtMs: START_MS + dayOf(i) * DAY_MS }, entries };
}

/** Somebody's shopping: favourite shops visited at random, some amounts like each other. */
function shopping(random: Random, days: number): WalletEntry[] {
  const shops = Array.from({ length: 12 }, (_, i) => ({
    name: `shop_${i}`,
    rate: random.between(0.01, 0.25),
    size: random.between(5.5, 8.5),
    spread: random.between(0.05, 0.8),
  }));
  const entries: WalletEntry[] = [];
  for (let day = 0; day < days; day++) {
    for (const { name, rate, size, spread } of shops) {
      for (let i = random.poisson(rate); i > 0; i--) {
        entries.push(
          entry(START_MS + (day + random.uniform()) * DAY_MS, random.logNormal(size, spread), name),
        );
      }
    }
  }
  return entries;
}

Deno.test("findRecurring() finds at least 95% of planted periods and amounts among everyday shopping", () => {
  let planted = 0;
  let right = 0;
  let dated = 0;
  let invented = 0;
  for (let life = 0; life < 200; life++) {
    const random = new Random(life);
    const plans = ["a", "b", "c"].map((name) => plant(random, `sub_${name}`));
    const entries = [...plans.flatMap((one) => one.entries), ...shopping(random, HISTORY_DAYS)];
    const found = findRecurring(entries, START_MS + HISTORY_DAYS * DAY_MS);
    invented += found.filter(({ counterparty }) => counterparty.startsWith("shop_")).length;
    for (const { plan } of plans) {
      planted++;
      const match = found.find(({ counterparty }) => counterparty === plan.counterparty);
      if (match === undefined || match.period !== plan.period) continue;
      if (Math.abs(Number(match.amountMinor) / plan.amount - 1) > 0.05) continue;
      right++;
      if (Math.abs(match.nextAtMs - plan.nextAtMs) <= 2.5 * DAY_MS) dated++;
    }
  }
  console.log(
    `planted ${planted}: period and amount right ${
      (100 * right / planted).toFixed(1)
    }%, next date within 2 days ` +
      `${(100 * dated / planted).toFixed(1)}%, found among shopping ${invented} in 200 lives`,
  );
  expect(right / planted).toBeGreaterThanOrEqual(0.95);
  expect(dated / planted).toBeGreaterThanOrEqual(0.9);
  expect(invented / 200).toBeLessThanOrEqual(0.1);
});

Deno.test("findRecurring() finds little where nothing recurs", () => {
  let lives = 0;
  let invented = 0;
  for (let life = 0; life < 300; life++) {
    const random = new Random(10_000 + life);
    const found = findRecurring(shopping(random, 365), START_MS + 365 * DAY_MS);
    invented += found.length;
    if (found.length > 0) lives++;
  }
  console.log(`${invented} findings in ${lives} of 300 random histories of twelve shops and a year`);
  expect(lives / 300).toBeLessThanOrEqual(0.1);
});

Deno.test("findRecurring() keeps two subscriptions of one merchant apart, and drops one that has ended", () => {
  const monthly = (amount: number, name: string, months: number) =>
    Array.from({ length: months }, (_, i) => entry(Date.UTC(2026, i, 31 - 3 * (i % 2), 9), amount, name));
  const found = findRecurring(
    [...monthly(999, "stream", 8), ...monthly(2_500, "stream", 8), ...monthly(700, "gone", 4)],
    Date.UTC(2026, 8, 10),
  );
  expect(
    found.map((
      { counterparty, period, amountMinor, occurrences },
    ) => [counterparty, period, amountMinor, occurrences]),
  )
    .toEqual([["stream", "monthly", 999n, 8], ["stream", "monthly", 2_500n, 8]]);
});
