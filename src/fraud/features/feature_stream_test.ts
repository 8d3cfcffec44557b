import { expect } from "expect";
import fc from "fast-check";
import { Random } from "../../core/random.ts";
import { randomEvents, randomLabels } from "./_random_events.ts";
import { FEATURE_INDEX, FEATURES } from "./catalogue.ts";
import type { PaymentEvent } from "./event.ts";
import { byTime, type DueLabel, FeatureStream } from "./feature_stream.ts";
import {
  OUTSIDE_LABEL_DELAY_MS,
  outsideEvent,
  outsideLabel,
  type OutsidePayment,
} from "./outside_payment.ts";
import { DAY_MS, HOUR_MS } from "./windows.ts";

const bits = (vector: Float64Array) => Array.from(new BigUint64Array(vector.buffer, 0, vector.length));

/** Vectors by payment id. */
function run(
  events: readonly PaymentEvent[],
  labels: ReadonlyMap<string, DueLabel>,
): Map<string, bigint[]> {
  const stream = new FeatureStream();
  const vectors = new Map<string, bigint[]>();
  for (const event of events) {
    const vector = stream.next(event, labels.get(event.paymentId) ?? null);
    if (vector !== null) vectors.set(event.paymentId, bits(vector));
  }
  return vectors;
}

/** Whole hours, so that many payments share an instant. */
const byTheHour = (event: PaymentEvent) => ({
  ...event,
  occurredAtMs: Math.floor(event.occurredAtMs / (6 * HOUR_MS)) * 6 * HOUR_MS,
});

Deno.test("payments of one instant may come in any order: put by time and id they give the same bits", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = new Random(seed);
      const events = randomEvents(120, random).map(byTheHour);
      const labels = randomLabels(events, random);
      const instants = new Set(events.map((event) => event.occurredAtMs));
      expect(instants.size).toBeLessThan(events.length / 2);
      const shuffled = events.map((event) => [random.uniform(), event] as const)
        .sort(([a], [b]) => a - b).map(([, event]) => event);
      expect(run(shuffled.toSorted(byTime), labels)).toEqual(run(events.toSorted(byTime), labels));
    }),
    { numRuns: 25 },
  );
});

Deno.test("labels that become known later than a payment change nothing of it, whatever they say", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 20, max: 150 }), (seed, cut) => {
      const random = new Random(seed);
      const events = randomEvents(160, random);
      const labels = randomLabels(events, random);
      const nowMs = events[cut].occurredAtMs;
      let flips = 0;
      const flipped = new Map([...labels].map(([id, label]) => {
        if (label.knownAtMs <= nowMs) return [id, label];
        flips++;
        return [id, { ...label, fraud: !label.fraud }];
      }));
      const [told, retold] = [run(events, labels), run(events, flipped)];
      for (const { paymentId } of events.slice(0, cut + 1)) {
        expect(retold.get(paymentId)).toEqual(told.get(paymentId));
      }
      // And not because labels changed nothing at all.
      if (flips > 30 && cut < 100) expect(retold).not.toEqual(told);
    }),
    { numRuns: 25 },
  );
});

Deno.test("a payment id that was there before is ignored, label and all", () => {
  const random = new Random(3);
  const events = randomEvents(100, random);
  const labels = randomLabels(events, random);
  const twice = events.flatMap((event, i) => i % 3 === 0 ? [event, { ...event, amountUsd: 9_999 }] : [event]);
  const again = [...twice, ...events.slice(0, 40)];
  expect(run(again, labels)).toEqual(run(events, labels));
  const stream = new FeatureStream();
  expect(stream.next(events[0], null)).not.toBe(null);
  expect(stream.next(events[0], { knownAtMs: events[0].occurredAtMs + 1, fraud: true })).toBe(null);
  expect(stream.skip(events[0], null)).toBe(false);
  expect(stream.pendingLabels).toBe(0);
});

Deno.test("a late payment takes place at the first instant at which it fits", () => {
  const [first, other] = randomEvents(2, new Random(4));
  const stream = new FeatureStream();
  stream.next(first, { knownAtMs: first.occurredAtMs + 10 * DAY_MS, fraud: true });
  const late = { ...first, paymentId: "pay_late", occurredAtMs: first.occurredAtMs - 90_000 };
  const vector = stream.next(late, null)!;
  expect(stream.occurredAtMs).toBe(first.occurredAtMs + 1);
  expect(vector[FEATURE_INDEX.customer_idle_hours]).toBe(1 / HOUR_MS);
  // Nobody else's history is later: this one stays where it is.
  const elsewhere = {
    ...other,
    customerId: "cust_x",
    cardId: null,
    deviceId: null,
    addressId: null,
    merchantId: "merch_x",
  };
  stream.next({ ...elsewhere, occurredAtMs: first.occurredAtMs - 90_000 }, null);
  expect(stream.occurredAtMs).toBe(first.occurredAtMs - 90_000);
});

Deno.test("a list that tells no more than customer, terminal, amount and fraud is served, its labels a week late", () => {
  const random = new Random(5);
  const payments: OutsidePayment[] = Array.from({ length: 400 }, (_, i) => ({
    txId: `${i}`,
    epochS: 1_600_000_000 + i * 7_200,
    customerId: `${random.integer(1, 8)}`,
    terminalId: `${random.integer(1, 5)}`,
    amount: random.chance(0.02) ? 0 : random.between(1, 90),
    fraud: random.chance(0.2),
  }));
  const stream = new FeatureStream({ idsAreUnique: true });
  payments.forEach((payment, i) => {
    const vector = stream.next(outsideEvent(payment), outsideLabel(payment))!;
    expect(vector.every(Number.isFinite)).toBe(true);
    for (const [f, { name, coldValue }] of FEATURES.entries()) {
      if (
        /^(device|address|new_(device|address|category|country))_/.test(name) && !name.endsWith("_missing")
      ) {
        expect([name, vector[f]]).toEqual([name, coldValue]);
      }
    }
    const nowMs = payment.epochS * 1000;
    const known = payments.slice(0, i).filter((past) =>
      past.terminalId === payment.terminalId && past.epochS * 1000 + OUTSIDE_LABEL_DELAY_MS <= nowMs
    );
    const lastFraud = known.filter(({ fraud }) => fraud).at(-1);
    expect(vector[FEATURE_INDEX.merchant_known_fraud_days])
      .toBeCloseTo(lastFraud === undefined ? 365 : (payment.epochS - lastFraud.epochS) / 86_400, 9);
    const sinceGenuine = known.findLastIndex(({ fraud }) => !fraud);
    expect(vector[FEATURE_INDEX.merchant_fraud_run]).toBe(known.length - 1 - sinceGenuine);
  });
});
