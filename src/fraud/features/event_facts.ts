import { assert } from "../../core/assert.ts";
import { hash32 } from "../../core/random.ts";
import type { PaymentEvent } from "./event.ts";
import { DAY_MS, HOUR_MS } from "./windows.ts";

/** Up to this many US dollars an amount is small: enough to try a card, too little for its owner to notice. */
export const SMALL_AMOUNT_USD = 5;
const NIGHT_ENDS_HOUR = 7;

/** What of a payment is worked out once and used by several features or states. */
export interface EventFacts {
  readonly atMs: number;
  readonly amountUsd: number;
  readonly amountLn: number;
  /** 1 when the amount is at most {@link SMALL_AMOUNT_USD}. */
  readonly small: number;
  /** 1 when the payment does not come from the customer's own country. */
  readonly foreign: number;
  /** Saturday or Sunday, UTC. */
  readonly weekend: number;
  /** Before {@link NIGHT_ENDS_HOUR}, UTC. */
  readonly night: number;
  readonly hourCos: number;
  readonly hourSin: number;
  readonly customerHash: number;
  /** 0, as the others, when the payment has none or it is not known. */
  readonly cardHash: number;
  readonly deviceHash: number;
  readonly addressHash: number;
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
  // Day 0 of the epoch was a Thursday.
  const weekday = (Math.floor(atMs / DAY_MS) + 4) % 7;
  const amountLn = Math.log(amountUsd);
  return {
    atMs,
    amountUsd,
    amountLn,
    small: amountUsd <= SMALL_AMOUNT_USD ? 1 : 0,
    foreign: differ(event.country, event.customerCountry),
    weekend: weekday === 0 || weekday === 6 ? 1 : 0,
    night: atMs % DAY_MS < NIGHT_ENDS_HOUR * HOUR_MS ? 1 : 0,
    hourCos: Math.cos(angle),
    hourSin: Math.sin(angle),
    customerHash: idHash(event.customerId),
    cardHash: idHashOrNone(event.cardId),
    deviceHash: idHashOrNone(event.deviceId),
    addressHash: idHashOrNone(event.addressId),
    merchantHash: idHash(event.merchantId),
    countryHash: idHashOrNone(event.country),
    categoryHash: idHashOrNone(event.merchantCategory),
  };
}

/** 1 where two are known and not the same. */
export function differ(one: string | null, other: string | null): number {
  return one !== null && other !== null && one !== other ? 1 : 0;
}

function idHashOrNone(id: string | null): number {
  return id === null ? 0 : idHash(id);
}

// 0 marks an empty slot, so no id may have it.
function idHash(id: string): number {
  return hash32(id) || 1;
}
