/**
 * Payment methods that order their outcome: tests, demos and k6 share this one way to go wrong. They work for
 * every customer, and the fraud screen shows its score for them but leaves the outcome to the method.
 */
export interface TestPaymentMethod {
  readonly network: string;
  readonly last4: string;
  readonly about: string;
  readonly effect:
    | { kind: "approve" }
    | { kind: "decline"; code: "generic_decline" | "insufficient_funds" | "expired_card" | "lost_or_stolen" }
    | { kind: "timeout" }
    | { kind: "reply_lost" };
}

export const TEST_PAYMENT_METHODS: Readonly<Record<string, TestPaymentMethod>> = {
  pm_card_visa: { network: "visa", last4: "4242", about: "Approved.", effect: { kind: "approve" } },
  pm_card_mastercard: {
    network: "mastercard",
    last4: "4444",
    about: "Approved.",
    effect: { kind: "approve" },
  },
  pm_card_amex: { network: "amex", last4: "0005", about: "Approved.", effect: { kind: "approve" } },
  pm_card_declined: {
    network: "visa",
    last4: "0002",
    about: "Declined by the issuer, no reason given.",
    effect: { kind: "decline", code: "generic_decline" },
  },
  pm_card_insufficient_funds: {
    network: "visa",
    last4: "9995",
    about: "Declined by the issuer: insufficient funds.",
    effect: { kind: "decline", code: "insufficient_funds" },
  },
  pm_card_expired: {
    network: "visa",
    last4: "0069",
    about: "Declined by the issuer: expired card.",
    effect: { kind: "decline", code: "expired_card" },
  },
  pm_card_lost: {
    network: "visa",
    last4: "9987",
    about: "Declined by the issuer: lost or stolen card.",
    effect: { kind: "decline", code: "lost_or_stolen" },
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
    effect: { kind: "reply_lost" },
  },
};

export function testPaymentMethod(paymentMethodId: string): TestPaymentMethod | undefined {
  return Object.hasOwn(TEST_PAYMENT_METHODS, paymentMethodId)
    ? TEST_PAYMENT_METHODS[paymentMethodId]
    : undefined;
}
