import { assert } from "../../core/assert.ts";
import { hash32 } from "../../core/random.ts";
import type { PaymentEvent } from "./event.ts";
import { DAY_MS } from "./windows.ts";

/** Up to this many US dollars an amount is small: enough to try a card, too little for its owner to notice. */
export const SMALL_AMOUNT_USD = 5;

/** What of a payment is worked out once and used by several features or states. */
export interface EventFacts {
  readonly atMs: number;
  readonly amountUsd: number;
  readonly amountLn: number;
  /** 1 when the amount is at most {@link SMALL_AMOUNT_USD}. */
  readonly small: number;
  /** 1 when the payment does not come from the customer's own country. */
  readonly foreign: number;
  readonly hourCos: number;
  readonly hourSin: number;
  readonly customerHash: number;
  /** 0 when the payment has none. */
  readonly cardHash: number;
  readonly deviceHash: number;
  readonly merchantHash: number;
  readonly countryHash: number;
  readonly categoryHash: number;
}

export function eventFacts(event: PaymentEvent): EventFacts {
  const { occurredAtMs: atMs, amountUsd } = event;
  assert(
    Number.isInteger(atMs),
    `Payment "${event.paymentId}" occurred at ${atMs}, not a whole millisecond.`,
  );
  assert(
    amountUsd > 0 && amountUsd < Infinity,
    `Payment "${event.paymentId}" has ${amountUsd} US dollars; features need a positive amount.`,
  );
  const angle = (2 * Math.PI * (atMs % DAY_MS)) / DAY_MS;
  const amountLn = Math.log(amountUsd);
  return {
    atMs,
    amountUsd,
    amountLn,
    small: amountUsd <= SMALL_AMOUNT_USD ? 1 : 0,
    foreign: event.country !== event.customerCountry ? 1 : 0,
    hourCos: Math.cos(angle),
    hourSin: Math.sin(angle),
    customerHash: idHash(event.customerId),
    cardHash: event.cardId === null ? 0 : idHash(event.cardId),
    deviceHash: event.deviceId === null ? 0 : idHash(event.deviceId),
    merchantHash: idHash(event.merchantId),
    countryHash: idHash(event.country),
    categoryHash: idHash(event.merchantCategory),
  };
}

// 0 marks an empty slot, so no id may have it.
function idHash(id: string): number {
  return hash32(id) || 1;
}
