import { expect } from "expect";
import { walletTransfers } from "../../world/transfers.ts";
import { walletPurchases } from "../../world/wallet_purchases.ts";
import { generateWorld } from "../../world/world.ts";
import { walletDays } from "./wallet_days.ts";

const config = { seed: 7, days: 70, customers: 900, startMs: Date.UTC(2026, 0, 5) };
const world = generateWorld(config);
const days = [...walletDays(world, "default")];

/** Each wallet's changes in order of time; of one instant, what comes in first. */
function changesByWallet(): Map<string, { atMs: number; amountMinor: number }[]> {
  const changes = days.flatMap(({ opened, payments, moves }) => [
    ...opened.map(({ customerId, atMs, amountMinor }) => ({ customerId, atMs, amountMinor })),
    ...payments.filter((payment) => payment.kind === "top_up" ? payment.booking.approved : payment.paid).map((
      payment,
    ) => ({
      customerId: payment.customerId,
      atMs: payment.occurredAtMs,
      amountMinor: payment.kind === "top_up" ? payment.amountMinor : -payment.amountMinor,
    })),
    ...moves.flatMap(({ fromCustomerId, toCustomerId, occurredAtMs: atMs, amountMinor }) => [
      { customerId: fromCustomerId, atMs, amountMinor: -amountMinor },
      { customerId: toCustomerId, atMs, amountMinor },
    ]),
  ]);
  changes.sort((a, b) => a.atMs - b.atMs || b.amountMinor - a.amountMinor);
  return Map.groupBy(changes, ({ customerId }) => customerId);
}

Deno.test("every customer opens one wallet, no wallet owes anything at any instant, and none is left empty", () => {
  const byWallet = changesByWallet();
  expect(byWallet.size).toBe(config.customers);
  let filledShare = 0;
  for (const [customerId, changes] of byWallet) {
    let balance = 0;
    for (const { amountMinor } of changes) {
      balance += amountMinor;
      if (balance < 0) throw new Error(`${customerId} owes ${-balance}`);
    }
    if (balance > 0) filledShare += 1 / config.customers;
  }
  expect(filledShare).toBeGreaterThan(0.99);
});

Deno.test("the life of wallets is the same for the same seed, and another for another", () => {
  const small = { ...config, days: 20, customers: 100 };
  const textOf = (seed: number) =>
    JSON.stringify(
      [...walletDays(generateWorld({ ...small, seed }), "default")],
      (_, value) => typeof value === "bigint" ? `${value}` : value,
    );
  expect(textOf(7)).toBe(textOf(7));
  expect(textOf(8)).not.toBe(textOf(7));
});

Deno.test("nearly all that is wished for is paid, after a top-up where it has to be", () => {
  const payments = days.flatMap((day) => day.payments);
  const purchases = payments.filter(({ kind }) => kind === "purchase");
  expect(purchases.length).toBe([...walletPurchases(world)].length);
  const unpaid = purchases.filter((purchase) => purchase.kind === "purchase" && !purchase.paid);
  expect(unpaid.length / purchases.length).toBeLessThan(0.005);
  const topUps = payments.filter((payment) => payment.kind === "top_up");
  expect(topUps.length).toBeGreaterThan(1_000);
  const declined = topUps.filter(({ booking }) => !booking.approved).length / topUps.length;
  // Issuers decline as they do elsewhere, larger sums and cards from abroad more often.
  expect(declined).toBeGreaterThan(0.05);
  expect(declined).toBeLessThan(0.2);
});

Deno.test("the transfers are the world's, without those of mule networks and those to people who are not there yet", () => {
  const expected = [...walletTransfers(world)];
  const frauds = expected.filter(({ truth }) => truth.fraud);
  expect(frauds.length).toBeGreaterThan(5);
  const key = (
    one: { fromCustomerId: string; toCustomerId: string; amountMinor: number; occurredAtMs: number },
  ) => `${one.fromCustomerId}/${one.toCustomerId}/${one.amountMinor}/${one.occurredAtMs}`;
  const keys = new Set(days.flatMap(({ moves }) => moves.map(key)));
  expect(frauds.filter((fraud) => keys.has(key(fraud)))).toEqual([]);
  const isThere = (id: string, atMs: number) => atMs > world.customerById.get(id)!.sinceMs;
  const honest = expected.filter(({ truth, fromCustomerId, toCustomerId, occurredAtMs }) =>
    !truth.fraud && isThere(fromCustomerId, occurredAtMs) && isThere(toCustomerId, occurredAtMs)
  );
  const made = honest.filter((transfer) => keys.has(key(transfer)));
  expect(made.length).toBe(keys.size);
  expect(made.length / honest.length).toBeGreaterThan(0.98);
  expect(keys.size).toBeGreaterThan(1_000);
});
