import type { DeclineCode } from "./decline_codes.ts";

/**
 * Payment methods that order their outcome: tests, demos and k6 share this one way to go wrong. They work for
 * every customer, and the fraud screen shows its score for them but leaves the outcome to the method.
 *
 * README.md beside this file lists them; a test keeps it equal to this table.
 */
export interface TestPaymentMethod {
  readonly network: string;
  readonly last4: string;
  readonly about: string;
  readonly effect: TestEffect;
}

export type TestEffect =
  | { readonly kind: "approve" }
  | { readonly kind: "decline"; readonly code: DeclineCode }
  /** Declined or refused by the first provider, approved by the second. */
  | { readonly kind: "decline_first"; readonly code: DeclineCode }
  | { readonly kind: "refuse_first" }
  | { readonly kind: "refuse" }
  | { readonly kind: "timeout" }
  | { readonly kind: "reply_lost"; readonly code: DeclineCode | null }
  | { readonly kind: "slow"; readonly latencyMs: number }
  | { readonly kind: "dispute" }
  /** Approved; what follows is ordered for its refunds. */
  | { readonly kind: "refund_review" }
  | { readonly kind: "refund_refused" }
  | { readonly kind: "refund_reply_lost" }
  | { readonly kind: "frictionless" }
  /** `code`: what the issuer answers once the challenge is passed; null approves. */
  | { readonly kind: "challenge"; readonly code: DeclineCode | null };

/** The answer that passes a simulated 3-D Secure challenge. */
export const CHALLENGE_ANSWER = "123456";

const approve = { kind: "approve" } as const;
const decline = (code: DeclineCode) => ({ kind: "decline", code }) as const;

export const TEST_PAYMENT_METHODS: Readonly<Record<string, TestPaymentMethod>> = {
  pm_card_visa: { network: "visa", last4: "4242", about: "Approved.", effect: approve },
  pm_card_mastercard: { network: "mastercard", last4: "4444", about: "Approved.", effect: approve },
  pm_card_amex: { network: "amex", last4: "0005", about: "Approved.", effect: approve },
  pm_card_discover: { network: "discover", last4: "1117", about: "Approved.", effect: approve },
  pm_card_declined: {
    network: "visa",
    last4: "0002",
    about: "Declined by the issuer, no reason given.",
    effect: decline("generic_decline"),
  },
  pm_card_insufficient_funds: {
    network: "visa",
    last4: "9995",
    about: "Declined by the issuer: insufficient funds. Soft, but no second provider would help.",
    effect: decline("insufficient_funds"),
  },
  pm_card_limit_exceeded: {
    network: "visa",
    last4: "3220",
    about: "Declined by the issuer: above the card's limit. Soft, but no second provider would help.",
    effect: decline("limit_exceeded"),
  },
  pm_card_velocity_exceeded: {
    network: "mastercard",
    last4: "6975",
    about: "Declined by the issuer: used too often. Soft, but no second provider would help.",
    effect: decline("velocity_exceeded"),
  },
  pm_card_do_not_honor: {
    network: "visa",
    last4: "0101",
    about: "Declined softly by every provider: two are asked.",
    effect: decline("do_not_honor"),
  },
  pm_card_issuer_unavailable: {
    network: "mastercard",
    last4: "0119",
    about: "The issuer cannot be reached through any provider: two are asked.",
    effect: decline("issuer_unavailable"),
  },
  pm_card_processing_error: {
    network: "visa",
    last4: "0127",
    about: "The issuer cannot process it through any provider: two are asked.",
    effect: decline("processing_error"),
  },
  pm_card_expired: {
    network: "visa",
    last4: "0069",
    about: "Declined by the issuer: expired card.",
    effect: decline("expired_card"),
  },
  pm_card_lost: {
    network: "visa",
    last4: "9987",
    about: "Declined by the issuer: lost or stolen card.",
    effect: decline("lost_or_stolen"),
  },
  pm_card_restricted: {
    network: "amex",
    last4: "0036",
    about: "Declined by the issuer: the card may not be used for this.",
    effect: decline("restricted_card"),
  },
  pm_card_invalid_account: {
    network: "discover",
    last4: "0044",
    about: "Declined by the issuer: no such card.",
    effect: decline("invalid_account"),
  },
  pm_card_suspected_fraud: {
    network: "visa",
    last4: "0051",
    about: "Declined by the issuer: it suspects fraud.",
    effect: decline("suspected_fraud"),
  },
  pm_card_soft_decline_first: {
    network: "visa",
    last4: "0135",
    about: "Declined softly by the first provider, approved by the second.",
    effect: { kind: "decline_first", code: "do_not_honor" },
  },
  pm_card_refused_first: {
    network: "visa",
    last4: "0143",
    about: "The first provider fails before it asks the issuer; the second approves.",
    effect: { kind: "refuse_first" },
  },
  pm_card_refused: {
    network: "visa",
    last4: "0150",
    about: "Every provider fails before it asks the issuer: two are asked, then failed. Nothing is charged.",
    effect: { kind: "refuse" },
  },
  pm_card_timeout: {
    network: "visa",
    last4: "0077",
    about: "The provider never answers and never charges: in doubt, then failed.",
    effect: { kind: "timeout" },
  },
  pm_card_charged_reply_lost: {
    network: "visa",
    last4: "0085",
    about: "The provider charges, but its reply is lost: found by key and succeeded, charged once.",
    effect: { kind: "reply_lost", code: null },
  },
  pm_card_declined_reply_lost: {
    network: "visa",
    last4: "0093",
    about: "The issuer declines, but the reply is lost: found by key and declined.",
    effect: { kind: "reply_lost", code: "generic_decline" },
  },
  pm_card_slow: {
    network: "visa",
    last4: "0168",
    about: "Approved after 1200 ms, times PROVIDER_LATENCY_SCALE.",
    effect: { kind: "slow", latencyMs: 1_200 },
  },
  pm_card_dispute: {
    network: "visa",
    last4: "0259",
    about:
      "Approved; the customer disputes it later, of which only the provider's webhook tells: set PROVIDER_WEBHOOK_SECRET.",
    effect: { kind: "dispute" },
  },
  pm_card_refund_review: {
    network: "visa",
    last4: "0309",
    about: "Approved; a refund of it needs a person's approval.",
    effect: { kind: "refund_review" },
  },
  pm_card_refund_refused: {
    network: "visa",
    last4: "0317",
    about: "Approved; a refund of it is refused as abuse.",
    effect: { kind: "refund_refused" },
  },
  pm_card_refund_reply_lost: {
    network: "visa",
    last4: "0325",
    about: "Approved; a refund of it is made but the reply is lost: in doubt, then succeeded, refunded once.",
    effect: { kind: "refund_reply_lost" },
  },
  pm_card_3ds_frictionless: {
    network: "visa",
    last4: "3055",
    about: "3-D Secure without a question to the customer: approved, and authenticated.",
    effect: { kind: "frictionless" },
  },
  pm_card_3ds_challenge: {
    network: "visa",
    last4: "3063",
    about:
      `3-D Secure with a challenge: approved once it is answered with ${CHALLENGE_ANSWER}, declined otherwise.`,
    effect: { kind: "challenge", code: null },
  },
  pm_card_3ds_challenge_declined: {
    network: "mastercard",
    last4: "3071",
    about: "3-D Secure with a challenge; declined for insufficient funds also when it is passed.",
    effect: { kind: "challenge", code: "insufficient_funds" },
  },
};

export function testPaymentMethod(paymentMethodId: string): TestPaymentMethod | undefined {
  return Object.hasOwn(TEST_PAYMENT_METHODS, paymentMethodId)
    ? TEST_PAYMENT_METHODS[paymentMethodId]
    : undefined;
}

const HARMLESS: ReadonlySet<TestEffect["kind"]> = new Set([
  "approve",
  "decline",
  "decline_first",
  "dispute",
  "refund_review",
  "refund_refused",
  "refund_reply_lost",
]);

/** True when what came of the charge was ordered: then it says nothing about the provider. */
export function ordersFailure(paymentMethodId: string): boolean {
  const kind = testPaymentMethod(paymentMethodId)?.effect.kind;
  return kind !== undefined && !HARMLESS.has(kind);
}
