import { expect } from "expect";
import fc from "fast-check";
import { Random } from "../../core/random.ts";
import { defineFeatures } from "./_definitions.ts";
import { randomEvents, randomLabels } from "./_random_events.ts";
import { FEATURE_INDEX, type FeatureName, FEATURES } from "./catalogue.ts";
import { ENTITY_KINDS, type LabelEvent, type PaymentEvent } from "./event.ts";
import { FeatureStream } from "./feature_stream.ts";
import { LAYOUTS } from "./layout.ts";
import { decodeState, encodeState, newState } from "./state.ts";

/** Flags, codes, and counts of whole things: nothing is summed up in them that could be rounded. */
const EXACT: ReadonlySet<FeatureName> = new Set<FeatureName>([
  "device_other_customers",
  "address_other_customers",
  "merchant_fraud_run",
  ...FEATURES.filter(({ unit }) => unit === "flag" || unit === "category").map(({ name }) => name),
]);

function worstError(
  vector: Float64Array,
  event: PaymentEvent,
  past: readonly PaymentEvent[],
  known: readonly LabelEvent[],
): { name: FeatureName; error: number } {
  const defined = defineFeatures(event, past, known);
  let worst: { name: FeatureName; error: number } = { name: "amount_usd", error: 0 };
  for (const { name } of FEATURES) {
    const [streamed, expected] = [vector[FEATURE_INDEX[name]], defined[name]];
    const difference = Math.abs(streamed - expected);
    const error = EXACT.has(name)
      ? difference === 0 ? 0 : Infinity
      : difference / Math.max(1, Math.abs(expected));
    if (!(error <= worst.error)) worst = { name, error };
  }
  return worst;
}

Deno.test("every feature of every payment equals its definition over all payments and known labels: counts exactly, sums within 1e-9", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = new Random(seed);
      const events = randomEvents(250, random);
      const labels = randomLabels(events, random);
      const known: LabelEvent[] = [];
      const stream = new FeatureStream({ onLabel: (label) => known.push(label) });
      const past: PaymentEvent[] = [];
      for (const event of events) {
        const vector = stream.next(event, labels.get(event.paymentId) ?? null)!;
        const seen = { ...event, occurredAtMs: stream.occurredAtMs };
        const { name, error } = worstError(vector, seen, past, known);
        expect({ payment: event.paymentId, name, fits: error < 1e-9 })
          .toEqual({ payment: event.paymentId, name, fits: true });
        past.push(seen);
      }
      expect(known.length).toBeGreaterThan(100);
    }),
    { numRuns: 6 },
  );
});

Deno.test("the definitions are not vacuous: every feature takes other values than its cold one", () => {
  const random = new Random(2);
  const events = randomEvents(1_500, random);
  const labels = randomLabels(events, random);
  const stream = new FeatureStream();
  const moved = new Set<string>();
  for (const event of events) {
    const vector = stream.next(event, labels.get(event.paymentId) ?? null)!;
    FEATURES.forEach(({ name, coldValue }, i) => vector[i] !== coldValue && moved.add(name));
  }
  expect(FEATURES.map(({ name }) => name).filter((name) => !moved.has(name))).toEqual([]);
});

Deno.test("a stored state has its kind's size and is refused when cut off or of another layout", () => {
  const sizes = { customer: 380, card: 184, device: 164, address: 92, merchant: 252 };
  for (const kind of ENTITY_KINDS) {
    const state = newState(kind, 1_767_571_200_000);
    expect(state.length).toBe(LAYOUTS[kind].numbers + LAYOUTS[kind].integers);
    const bytes = encodeState(state);
    expect(bytes.length).toBe(sizes[kind]);
    expect(() => decodeState(bytes.subarray(0, 80))).toThrow("bytes");
    bytes[7] ^= 1;
    expect(() => decodeState(bytes)).toThrow("of another version");
  }
});
