import { expect } from "expect";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { WALLET_PAYERS_SHARE, walletHabitOf } from "./wallet_habits.ts";
import { walletPurchases } from "./wallet_purchases.ts";
import { generateWorld } from "./world.ts";

const world = generateWorld({ seed: 7, days: 91, customers: 600, startMs: Date.UTC(2026, 0, 5) });

Deno.test("any part of what is to be paid from wallets equals the same part of the whole, and the whole is in order", () => {
  const whole = [...walletPurchases(world, 0, 50)];
  const parts = [
    ...walletPurchases(world, 0, 17),
    ...walletPurchases(world, 17, 41),
    ...walletPurchases(world, 41, 50),
  ];
  expect(parts).toEqual(whole);
  expect(whole.length).toBeGreaterThan(1_000);
  expect(whole.every(({ occurredAtMs }, i) => i === 0 || occurredAtMs >= whole[i - 1].occurredAtMs)).toBe(
    true,
  );
  for (const { index, occurredAtMs, amountMinor } of whole) {
    expect(Math.floor((occurredAtMs - world.config.startMs) / DAY_MS)).toBe(Math.floor(index / 10_000_000));
    expect(Number.isSafeInteger(amountMinor) && amountMinor > 0).toBe(true);
  }
});

Deno.test("some one in three customers pay from their wallets, cust_123 in every world, with three subscriptions", () => {
  for (const seed of [1, 2, 3]) {
    const { society } = generateWorld({ ...world.config, seed });
    const habits = Array.from({ length: 600 }, (_, customer) => walletHabitOf(society, customer));
    const share = habits.filter((habit) => habit !== null).length / habits.length;
    expect(Math.abs(share - WALLET_PAYERS_SHARE)).toBeLessThan(0.08);
    expect(habits[0]?.subscriptions.map(({ period }) => period)).toEqual(["monthly", "weekly", "monthly"]);
    // Nothing else is paid there, so that a subscription is what it looks like.
    for (const habit of habits) {
      const subscribed = habit?.subscriptions.map(({ merchant }) => merchant) ?? [];
      expect(new Set(subscribed).size).toBe(subscribed.length);
      expect(subscribed.filter((merchant) => habit!.places.includes(merchant))).toEqual([]);
    }
  }
});

Deno.test("a subscription is charged once a period, the same amount each time", () => {
  const charges = Map.groupBy(
    Array.from(walletPurchases(world)).filter(({ period }) => period !== null),
    ({ customer, merchant }) => `${customer}/${merchant}`,
  );
  expect(charges.size).toBeGreaterThan(200);
  for (const rows of charges.values()) {
    expect(new Set(rows.map(({ amountMinor }) => amountMinor)).size).toBe(1);
    for (let i = 1; i < rows.length; i++) {
      const days = (rows[i].occurredAtMs - rows[i - 1].occurredAtMs) / DAY_MS;
      const [least, most] = { weekly: [6, 8], every_two_weeks: [13, 15], monthly: [27, 32] }[rows[i].period!];
      expect(days).toBeGreaterThan(least);
      expect(days).toBeLessThan(most);
    }
  }
});
