import { expect } from "expect";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import type { LabelledPayments } from "./labelled_payments.ts";
import type { PaymentSource } from "./labelled_payment.ts";
import { rowsOf } from "./sample_rows.ts";
import { type Fold, rollingFolds, shortestSpanDays, splitDays } from "./split.ts";
import { streamFeatures } from "./stream_features.ts";
import { worldSource } from "./world_source.ts";

const START_MS = Date.UTC(2026, 0, 5);
const SMALL = { seed: 5, days: 30, customers: 400, startMs: START_MS };

function expectInOrder({ train, validation, madeAtMs, test }: Fold): void {
  expect(train[0]).toBeGreaterThan(START_MS);
  expect(train[0]).toBeLessThan(train[1]);
  expect(train[1]).toBeLessThanOrEqual(validation[0]);
  expect(validation[0]).toBeLessThan(validation[1]);
  expect(validation[1]).toBeLessThan(madeAtMs);
  expect(test[0]).toBe(madeAtMs);
  expect(test[1]).toBeGreaterThan(test[0]);
}

Deno.test("splitDays() keeps train, validation, the making of the model and test apart and in order", () => {
  for (const days of [20, 30, 45, 60, 180]) expectInOrder(splitDays(START_MS, days));
  expect(() => splitDays(START_MS, 10)).toThrow("20 days");
});

Deno.test("rollingFolds() tests each day of the end once and leaves labels their days", () => {
  for (const [days, folds, delay] of [[183, 4, 7], [60, 4, 7], [31, 4, 7], [365, 6, 14], [20, 4, 7]]) {
    const end = START_MS + days * DAY_MS;
    const all = rollingFolds([START_MS, end], folds, delay);
    expect(all.length).toBe(folds);
    all.forEach((fold, f) => {
      expectInOrder(fold);
      expect((fold.madeAtMs - fold.validation[1]) / DAY_MS).toBe(delay);
      if (f > 0) expect(fold.test[0]).toBe(all[f - 1].test[1]);
    });
    expect(all[folds - 1].test[1]).toBe(end);
  }
  expect(() => rollingFolds([START_MS, START_MS + 13 * DAY_MS], 4, 7)).toThrow(
    String(shortestSpanDays(4, 7)),
  );
});

/** The world as it looks to somebody for whom nothing after `untilMs` has happened or been reported. */
function cutOff(source: PaymentSource, untilMs: number): PaymentSource {
  return {
    ...source,
    *payments() {
      for (const payment of source.payments()) if (payment.event.occurredAtMs < untilMs) yield payment;
    },
  };
}

Deno.test("what happens from the making of the model on changes nothing that is learned from", () => {
  const fold = splitDays(START_MS, SMALL.days);
  const seeing = streamFeatures(worldSource(SMALL));
  const blind = streamFeatures(cutOff(worldSource(SMALL), fold.madeAtMs));
  expect(seeing.length).toBeGreaterThan(blind.length);
  expect(rowsOf(blind, fold.test).length).toBe(0);
  const known = (payments: LabelledPayments) =>
    [fold.train, fold.validation].flatMap((period) =>
      Array.from(rowsOf(payments, period), (row) => [
        payments.labelAt(row, fold.madeAtMs),
        ...payments.vector(row),
      ])
    );
  expect(known(blind)).toEqual(known(seeing));
});

Deno.test("training knows fewer frauds than there were: some are reported later, some never", () => {
  const fold = splitDays(START_MS, SMALL.days);
  const payments = streamFeatures(worldSource({ ...SMALL, customers: 2_000 }));
  for (const period of [fold.train, fold.validation]) {
    let [reported, frauds] = [0, 0];
    for (const row of rowsOf(payments, period)) {
      reported += payments.labelAt(row, fold.madeAtMs);
      frauds += payments.fraud(row);
    }
    expect(frauds).toBeGreaterThan(5);
    expect(reported).toBeLessThan(frauds);
  }
});
