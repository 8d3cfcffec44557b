import type { PaymentEvent } from "./event.ts";
import type { DueLabel } from "./feature_stream.ts";
import { DAY_MS } from "./windows.ts";

/** A payment of a list from elsewhere, which tells no more than most such lists do. */
export interface OutsidePayment {
  readonly txId: string;
  readonly epochS: number;
  readonly customerId: string;
  /** Where it was paid: the merchant, for the features. */
  readonly terminalId: string;
  /** In whatever currency the list is in: features compare amounts of one list with each other. */
  readonly amount: number;
  readonly fraud: boolean;
}

/** Such lists say what was fraud and not since when it was known: a week is taken for it, as in the literature. */
export const OUTSIDE_LABEL_DELAY_MS = 7 * DAY_MS;

const LEAST_AMOUNT = 0.01;

/** The payment as the engine sees it. What the list does not tell stays unknown and its features cold. */
export function outsideEvent(payment: OutsidePayment): PaymentEvent {
  return {
    paymentId: payment.txId,
    occurredAtMs: Math.round(payment.epochS * 1000),
    customerId: payment.customerId,
    cardId: null,
    deviceId: null,
    addressId: null,
    merchantId: payment.terminalId,
    // Lists hold amounts of nothing; the engine takes logarithms.
    amountUsd: Math.max(LEAST_AMOUNT, payment.amount),
    merchantCategory: null,
    merchantCountry: null,
    country: null,
    customerCountry: null,
    cardCountry: null,
    customerSinceMs: null,
  };
}

/** What the list says of the payment, known {@link OUTSIDE_LABEL_DELAY_MS} later: fraud or genuine. */
export function outsideLabel(payment: OutsidePayment): DueLabel {
  return {
    knownAtMs: Math.round(payment.epochS * 1000) + OUTSIDE_LABEL_DELAY_MS,
    fraud: payment.fraud,
  };
}
