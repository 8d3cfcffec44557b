import type { Random } from "../../core/random.ts";
import type { PaymentEvent } from "./event.ts";
import type { DueLabel } from "./feature_stream.ts";
import { DAY_MS, HOUR_MS } from "./windows.ts";

/** Events of a few entities that meet often, for tests: strictly later each time, in bursts and after long pauses. */
export function randomEvents(count: number, random: Random): PaymentEvent[] {
  let occurredAtMs = 1_767_571_200_000;
  return Array.from({ length: count }, (_, i) => {
    occurredAtMs += 1 + Math.floor(random.exponential(random.chance(0.2) ? 40 * HOUR_MS : 300_000));
    const customer = random.integer(1, 6);
    const cardless = random.chance(0.15);
    const stranger = random.chance(0.1);
    return {
      paymentId: `pay_${i}`,
      occurredAtMs,
      customerId: `cust_${customer}`,
      cardId: cardless ? null : `pm_${customer}_${random.integer(1, 2)}`,
      deviceId: random.chance(0.1) ? null : `dev_${random.integer(1, 12)}`,
      addressId: random.chance(0.4) ? null : `addr_${random.integer(1, 9)}`,
      merchantId: `merch_${random.integer(1, 20)}`,
      amountUsd: random.logNormal(2.5, 1.5),
      merchantCategory: stranger ? null : random.pick(["grocery", "gaming", "electronics"]),
      merchantCountry: stranger ? null : random.pick(["US", "DE"]),
      country: stranger ? null : random.pick(["US", "US", "US", "DE", "JP", "FR", "SE"]),
      customerCountry: stranger ? null : "US",
      cardCountry: cardless ? null : "US",
      customerSinceMs: customer === 3 ? null : 1_750_000_000_000,
    };
  });
}

/** What becomes known of each event: of most something, early or weeks later, at few merchants mostly fraud. */
export function randomLabels(events: readonly PaymentEvent[], random: Random): Map<string, DueLabel> {
  const labels = new Map<string, DueLabel>();
  for (const { paymentId, occurredAtMs, merchantId } of events) {
    if (random.chance(0.25)) continue;
    labels.set(paymentId, {
      knownAtMs: occurredAtMs + Math.floor(random.exponential(6 * DAY_MS)),
      fraud: random.chance(merchantId.endsWith("1") ? 0.8 : 0.3),
    });
  }
  return labels;
}

/**
 * The same events in another order that keeps each entity's own: repeatedly takes any event that no earlier
 * remaining event shares an entity with.
 */
export function shuffleIndependent<Event>(
  events: readonly Event[],
  entitiesOf: (event: Event) => readonly { readonly kind: string; readonly id: string }[],
  random: Random,
): Event[] {
  const rest = [...events];
  const shuffled: Event[] = [];
  while (rest.length > 0) {
    const taken = new Set<string>();
    const free = rest.filter((event) => {
      const keys = entitiesOf(event).map(({ kind, id }) => `${kind}/${id}`);
      const isFree = keys.every((key) => !taken.has(key));
      for (const key of keys) taken.add(key);
      return isFree;
    });
    const next = random.pick(free);
    shuffled.push(next);
    rest.splice(rest.indexOf(next), 1);
  }
  return shuffled;
}
