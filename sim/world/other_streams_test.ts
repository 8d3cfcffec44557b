import { expect } from "expect";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { refundRequests } from "./refunds.ts";
import { walletTransfers } from "./transfers.ts";
import { generateWorld } from "./world.ts";

const world = generateWorld({ seed: 7, days: 60, customers: 3_000, startMs: Date.UTC(2026, 0, 5) });

Deno.test("any part of the refunds and transfers equals the same part of the whole", () => {
  for (const stream of [refundRequests, walletTransfers] as const) {
    const whole = [...stream(world, 0, 50)] as unknown[];
    const parts = [...stream(world, 0, 17), ...stream(world, 17, 41), ...stream(world, 41, 50)] as unknown[];
    expect(parts).toEqual(whole);
  }
});

Deno.test("a refund names a payment of its customer, comes later and asks for no more than was paid", () => {
  const payments = new Map(Array.from(world.payments(), (payment) => [payment.index, payment]));
  let requests = 0;
  for (const refund of refundRequests(world)) {
    const payment = payments.get(refund.paymentIndex)!;
    expect([payment.customerId, payment.merchantId, payment.currency])
      .toEqual([refund.customerId, refund.merchantId, refund.currency]);
    expect(refund.requestedAtMs).toBeGreaterThan(payment.occurredAtMs);
    expect(refund.amountMinor).toBeLessThanOrEqual(payment.amountMinor);
    expect(refund.amountMinor).toBeGreaterThan(0);
    requests++;
  }
  expect(requests / payments.size).toBeGreaterThan(0.005);
  expect(requests / payments.size).toBeLessThan(0.05);
});

Deno.test("wallet transfers are in order, in the currency of both, never to oneself", () => {
  let last = 0;
  for (const transfer of walletTransfers(world, 0, 20)) {
    expect(transfer.occurredAtMs).toBeGreaterThanOrEqual(last);
    last = transfer.occurredAtMs;
    expect(transfer.fromCustomerId).not.toBe(transfer.toCustomerId);
    for (const id of [transfer.fromCustomerId, transfer.toCustomerId]) {
      expect(world.customerById.get(id)!.currency).toBe(transfer.currency);
    }
    expect(Number.isSafeInteger(transfer.amountMinor) && transfer.amountMinor > 0).toBe(true);
  }
});

Deno.test("refund abuse and mules have honest twins, and posteriors that their shares of fraud agree with", () => {
  const large = generateWorld({ ...world.config, customers: 12_000 });
  for (const rows of [[...refundRequests(large)], [...walletTransfers(large)]] as const) {
    const bins = new Map<number, { expected: number; frauds: number }>();
    for (const { truth } of rows) {
      const bin = Math.round(truth.posterior * 4);
      const at = bins.get(bin) ?? { expected: 0, frauds: 0 };
      at.expected += truth.posterior;
      if (truth.fraud) at.frauds++;
      bins.set(bin, at);
    }
    expect(bins.size).toBeGreaterThan(2);
    for (const { expected, frauds } of bins.values()) {
      expect(Math.abs(frauds - expected)).toBeLessThanOrEqual(4 * Math.sqrt(10 * expected) + 0.05 * expected);
    }
    expect(rows.some(({ truth, labelFraud }) => truth.fraud && !labelFraud)).toBe(true);
    expect(rows.some(({ truth, labelFraud }) => !truth.fraud && labelFraud)).toBe(true);
  }
});

Deno.test("money that mules get goes on within days", () => {
  const byEpisode = new Map<number, { in: number; out: number; spanMs: number }>();
  for (const { truth, amountMinor, toCustomerId, fromCustomerId, occurredAtMs } of walletTransfers(world)) {
    if (!truth.fraud) continue;
    const known = byEpisode.get(truth.episode) ?? { in: 0, out: 0, spanMs: occurredAtMs };
    // The one most paid is the collector: senders come first.
    const collector = collectors.get(truth.episode) ?? toCustomerId;
    collectors.set(truth.episode, collector);
    if (toCustomerId === collector) known.in += amountMinor;
    if (fromCustomerId === collector) known.out += amountMinor;
    byEpisode.set(truth.episode, known);
    expect(occurredAtMs - known.spanMs).toBeLessThan(5 * DAY_MS);
  }
  const whole = [...byEpisode.values()].filter(({ out }) => out > 0);
  expect(whole.length).toBeGreaterThan(2);
  expect(whole.filter((sums) => sums.out / sums.in > 0.5 && sums.out / sums.in <= 1).length / whole.length)
    .toBeGreaterThan(0.7);
});

const collectors = new Map<number, string>();
