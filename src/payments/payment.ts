import type { DeclineCode } from "../providers/decline_codes.ts";

/**
 * A payment's life. What is not final is on the completer's list and is driven to its end without the client.
 *
 *   processing         ─► succeeded | declined | requires_action | in_doubt | failed
 *   requires_action    ─► succeeded | declined | in_doubt | failed
 *   in_doubt           ─► succeeded | declined | failed
 *   succeeded          ─► partially_refunded | refunded
 *   partially_refunded ─► refunded
 */
export type PaymentStatus =
  | "processing"
  | "requires_action"
  | "in_doubt"
  | "succeeded"
  | "partially_refunded"
  | "refunded"
  | "declined"
  | "failed";

interface StatusFacts {
  /** Whether the charge has come to its end; a refund may still follow. */
  readonly final: boolean;
  /** Whether money was taken, whatever was given back since. */
  readonly captured: boolean;
  readonly about: string;
  /** What an agent does next. */
  readonly nextMove: string;
}

export const PAYMENT_STATUSES = {
  processing: {
    final: false,
    captured: false,
    about: "Accepted and stored; the provider's answer is not in yet.",
    nextMove: "Call get_payment_status in a second. Do not create another payment.",
  },
  requires_action: {
    final: false,
    captured: false,
    about: "The customer has to pass a challenge before the payment goes on; nothing is charged yet.",
    nextMove:
      "Ask the customer for the code of their bank. Then repeat the create_payment call to the letter, " +
      "with the confirm_token it answered and the code as challenge_answer. Unanswered, it ends as failed.",
  },
  in_doubt: {
    final: false,
    captured: false,
    about: "The provider did not answer in time: it is unknown whether the customer was charged.",
    nextMove: "Call get_payment_status in a few seconds; it is being settled. Do not create another payment.",
  },
  succeeded: {
    final: true,
    captured: true,
    about: "Charged and booked.",
    nextMove: "Nothing is left to do.",
  },
  partially_refunded: {
    final: true,
    captured: true,
    about: "Charged and booked; a part was given back.",
    nextMove:
      "Nothing is left to do. What may still be refunded, get_payment_status says as refundable_minor.",
  },
  refunded: {
    final: true,
    captured: true,
    about: "Charged, booked and wholly given back.",
    nextMove: "Nothing is left to do.",
  },
  declined: {
    final: true,
    captured: false,
    about: "Refused by the fraud screen, the card's issuer or the wallet; nothing was charged.",
    nextMove: "Offer another payment method, with a new idempotency key.",
  },
  failed: {
    final: true,
    captured: false,
    about: "The provider never charged and now never will.",
    nextMove: "Create the payment again with a new idempotency key.",
  },
} as const satisfies Record<PaymentStatus, StatusFacts>;

/** What an agent does next; of a decline it matters whether the same card may be accepted later. */
export function nextMoveOf(status: PaymentStatus, decline: { readonly retriable: boolean } | null): string {
  return status === "declined" && decline?.retriable === true
    ? "The card may be accepted later: try again then, or offer another payment method, with a new idempotency key."
    : PAYMENT_STATUSES[status].nextMove;
}

export type PaymentMethodKind = "card" | "wallet";

export type DeclineReasonCode = DeclineCode | "fraud_suspected" | "wallet_insufficient_funds";

/** What was answered to a challenge; null where nobody answered, which leaves it waiting. */
export interface Confirmation {
  readonly token: string;
  readonly answer: string | null;
}

/** A payment as asked for, checked at the edge; amounts in minor units. */
export interface PaymentRequest {
  readonly tenantId: string;
  /** Who asks: idempotency keys belong to it. */
  readonly principal: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly method: PaymentMethodKind;
  readonly customerId: string;
  readonly merchantId: string | null;
  readonly paymentMethodId: string | null;
  readonly description: string | null;
  readonly deviceId: string | null;
  readonly ipAddress: string | null;
  readonly country: string | null;
  /** Where the goods go; null when nothing is sent. */
  readonly addressId: string | null;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly idempotencyKey: string | null;
  /** The customer's answer to the challenge that an earlier call of this payment led to. */
  readonly confirmation: Confirmation | null;
  /** The event's own time in a simulated world; null for now. */
  readonly simulatedAtMs: number | null;
}

/**
 * The key a provider knows a payment's charge by: derived, so that a crash cannot lose it. Each provider that a
 * payment is sent to gets a key of its own.
 */
export function providerKeyOf(tenantId: string, paymentId: string, chargeNumber = 1): string {
  const key = `${tenantId}/${paymentId}`;
  return chargeNumber === 1 ? key : `${key}/${chargeNumber}`;
}

/** The payment a provider's key belongs to; null for a text that is no such key. */
export function paymentOfKey(
  key: string,
): { tenantId: string; paymentId: string; chargeNumber: number } | null {
  const match = /^([a-z0-9][a-z0-9_-]{0,62})\/(pay_[0-9a-z]{1,60})(?:\/([0-9]{1,2}))?$/.exec(key);
  return match && { tenantId: match[1], paymentId: match[2], chargeNumber: Number(match[3] ?? 1) };
}
