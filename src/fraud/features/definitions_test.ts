import { expect } from "expect";
import { Random } from "../../core/random.ts";
import { randomEvents } from "./_random_events.ts";
import { FEATURE_INDEX, type FeatureName } from "./catalogue.ts";
import { observe, readFeatures } from "./engine.ts";
import type { PaymentEvent } from "./event.ts";
import { FeatureStates } from "./feature_states.ts";
import { LAYOUTS } from "./layout.ts";
import { decodeState, encodeState, newState } from "./state.ts";
import { WINDOW_MS } from "./windows.ts";

/*
 * The decayed counts and sums once more, straight from their definition: for each payment, over all payments
 * before it. Quadratic, and written without looking at the engine.
 */

type Window = keyof typeof WINDOW_MS;
type Key = "customerId" | "cardId" | "deviceId" | "merchantId";

const sumOver = (
  history: readonly PaymentEvent[],
  now: PaymentEvent,
  key: Key,
  window: Window,
  term: (event: PaymentEvent) => number,
): number =>
  history.filter((past) => now[key] !== null && past[key] === now[key])
    .reduce(
      (sum, past) => sum + term(past) * Math.exp((past.occurredAtMs - now.occurredAtMs) / WINDOW_MS[window]),
      0,
    );

const one = () => 1;
const usd = (event: PaymentEvent) => event.amountUsd;
const small = (event: PaymentEvent) => event.amountUsd <= 5 ? 1 : 0;

const DEFINITIONS: readonly [FeatureName, Key, Window, (event: PaymentEvent) => number][] = [
  ["customer_count_10m", "customerId", "10m", one],
  ["customer_count_1h", "customerId", "1h", one],
  ["customer_count_24h", "customerId", "24h", one],
  ["customer_count_7d", "customerId", "7d", one],
  ["customer_count_30d", "customerId", "30d", one],
  ["customer_usd_24h", "customerId", "24h", usd],
  ["customer_usd_7d", "customerId", "7d", usd],
  ["card_count_10m", "cardId", "10m", one],
  ["card_count_1h", "cardId", "1h", one],
  ["card_count_24h", "cardId", "24h", one],
  ["card_usd_24h", "cardId", "24h", usd],
  ["card_small_1h", "cardId", "1h", small],
  ["card_small_24h", "cardId", "24h", small],
  ["device_count_1h", "deviceId", "1h", one],
  ["device_count_24h", "deviceId", "24h", one],
  ["device_usd_24h", "deviceId", "24h", usd],
  ["device_small_1h", "deviceId", "1h", small],
];

Deno.test("every decayed count and sum equals its definition over the whole history within 1e-9", () => {
  const events = randomEvents(600, new Random(11));
  const states = new FeatureStates();
  let worst = 0;
  events.forEach((event, i) => {
    const vector = readFeatures(event, states);
    for (const [name, key, window, term] of DEFINITIONS) {
      const expected = sumOver(events.slice(0, i), event, key, window, term);
      const error = Math.abs(vector[FEATURE_INDEX[name]] - expected) / Math.max(1, expected);
      worst = Math.max(worst, error);
    }
    observe(event, states);
  });
  expect(worst).toBeLessThan(1e-9);
});

Deno.test("shares, usual amounts and surges equal their definitions within 1e-9", () => {
  const events = randomEvents(500, new Random(12));
  const states = new FeatureStates();
  events.forEach((event, i) => {
    const vector = readFeatures(event, states);
    const past = events.slice(0, i);
    const sum = (key: Key, window: Window, term: (event: PaymentEvent) => number) =>
      sumOver(past, event, key, window, term);
    const check = (name: FeatureName, expected: number) =>
      expect(Math.abs(vector[FEATURE_INDEX[name]] - expected)).toBeLessThan(1e-9 * Math.max(1, expected));

    const own = past.filter(({ customerId }) => customerId === event.customerId);
    if (own.length > 0) {
      const weight = sum("customerId", "30d", one);
      check("customer_foreign_share", sum("customerId", "30d", (e) => e.country === "US" ? 0 : 1) / weight);
      const ageMs = event.occurredAtMs - own[0].occurredAtMs;
      const coveredDays = Math.max(1, 30 * (1 - Math.exp(-ageMs / WINDOW_MS["30d"])));
      check("customer_count_surge", (sum("customerId", "24h", one) + 1) / (1 + weight / coveredDays));
    }
    const atMerchant = past.filter(({ merchantId }) => merchantId === event.merchantId);
    if (atMerchant.length > 0) {
      const weight = sum("merchantId", "30d", one);
      const mean = sum("merchantId", "30d", (e) => Math.log(e.amountUsd)) / weight;
      const variance = sum("merchantId", "30d", (e) => (Math.log(e.amountUsd) - mean) ** 2) / weight;
      // The variance's prior weighs against the weight at the merchant's last payment.
      const lastMs = atMerchant[atMerchant.length - 1].occurredAtMs;
      const stored = weight * Math.exp((event.occurredAtMs - lastMs) / WINDOW_MS["30d"]);
      const deviation = Math.sqrt((variance * stored + 0.8 * 3) / (stored + 3));
      const z = ((Math.log(event.amountUsd) - mean) / deviation) * (weight / (weight + 1));
      expect(Math.abs(vector[FEATURE_INDEX.amount_vs_merchant] - z)).toBeLessThan(1e-9);
      check("merchant_small_share", sum("merchantId", "30d", small) / weight);
    }
    observe(event, states);
  });
});

Deno.test("new_merchant_for_customer looks back over the last 16 different merchants", () => {
  const events = randomEvents(600, new Random(13));
  const states = new FeatureStates();
  events.forEach((event, i) => {
    const vector = readFeatures(event, states);
    const recent = new Set<string>();
    for (let past = i - 1; past >= 0 && recent.size < 16; past--) {
      if (events[past].customerId === event.customerId) recent.add(events[past].merchantId);
    }
    const expected = recent.size > 0 && !recent.has(event.merchantId) ? 1 : 0;
    expect(vector[FEATURE_INDEX.new_merchant_for_customer]).toBe(expected);
    observe(event, states);
  });
});

Deno.test("a stored state has its kind's size and is refused when cut off or of another layout", () => {
  const sizes = { customer: 288, card: 164, device: 152, merchant: 184 };
  for (const kind of ["customer", "card", "device", "merchant"] as const) {
    const state = newState(kind, 1_767_571_200_000);
    expect(state.length).toBe(LAYOUTS[kind].numbers + LAYOUTS[kind].integers);
    const bytes = encodeState(state);
    expect(bytes.length).toBe(sizes[kind]);
    expect(() => decodeState(bytes.subarray(0, 100))).toThrow("bytes");
    bytes[7] ^= 1;
    expect(() => decodeState(bytes)).toThrow("of another version");
  }
});
