import type { Random } from "../../core/random.ts";
import type { PaymentEvent } from "./event.ts";

/** Events of a few entities that meet often, for tests: strictly later each time, in bursts and after long pauses. */
export function randomEvents(count: number, random: Random): PaymentEvent[] {
  let occurredAtMs = 1_767_571_200_000;
  return Array.from({ length: count }, (_, i) => {
    occurredAtMs += 1 + Math.floor(random.exponential(random.chance(0.2) ? 40 * 3_600_000 : 300_000));
    const customer = random.integer(1, 6);
    const cardless = random.chance(0.15);
    return {
      paymentId: `pay_${i}`,
      occurredAtMs,
      customerId: `cust_${customer}`,
      cardId: cardless ? null : `pm_${customer}_${random.integer(1, 2)}`,
      deviceId: random.chance(0.1) ? null : `dev_${random.integer(1, 12)}`,
      addressId: random.chance(0.4) ? null : `addr_${random.integer(1, 9)}`,
      merchantId: `merch_${random.integer(1, 20)}`,
      amountUsd: random.logNormal(2.5, 1.5),
      merchantCategory: random.pick(["grocery", "gaming", "electronics"]),
      merchantCountry: random.pick(["US", "DE"]),
      country: random.pick(["US", "US", "US", "DE", "JP", "FR", "SE"]),
      customerCountry: "US",
      cardCountry: cardless ? null : "US",
      customerSinceMs: 1_750_000_000_000,
    };
  });
}

/**
 * The same events in another order that keeps each entity's own: repeatedly takes any event that no earlier
 * remaining event shares an entity with.
 */
export function shuffleIndependent(
  events: readonly PaymentEvent[],
  entitiesOf: (event: PaymentEvent) => readonly { readonly kind: string; readonly id: string }[],
  random: Random,
): PaymentEvent[] {
  const rest = [...events];
  const shuffled: PaymentEvent[] = [];
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
