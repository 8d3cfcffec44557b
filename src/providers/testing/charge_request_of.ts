import type { ChargeRequest } from "../provider.ts";

/** 10.00 USD at home, on a Monday at noon. */
export function chargeRequestOf(key: string, paymentMethodId = "pm_card_visa"): ChargeRequest {
  return {
    key,
    chargeNumber: 1,
    amountMinor: 1_000n,
    currency: "USD",
    paymentMethodId,
    network: "visa",
    issuerCountry: "US",
    merchantCountry: "US",
    occurredAtMs: Date.UTC(2026, 0, 5, 12),
    mandateChallenge: false,
  };
}
