import type { RiskAssessment } from "../fraud/screen_payment.ts";
import type { ChargeRequest, ChargeTerms } from "../providers/provider.ts";
import { providerKeyOf } from "./payment.ts";
import type { PaymentReferences } from "./references.ts";

/** What a provider is told of a card payment, and what its price and its route depend on. */
export interface ChargeFacts extends ChargeTerms {
  readonly tenantId: string;
  readonly paymentId: string;
  readonly paymentMethodId: string;
  readonly occurredAtMs: number;
  readonly method: "card";
  /** Whether the fraud screen wants the customer to be challenged. */
  readonly mandateChallenge: boolean;
}

export function chargeFactsOf(
  payment: {
    tenantId: string;
    paymentId: string;
    amountMinor: bigint;
    currency: string;
    occurredAtMs: number;
    riskDecision: RiskAssessment["decision"] | null;
  },
  references: PaymentReferences,
): ChargeFacts {
  const { paymentMethodId, network, issuerCountry } = references.paymentMethod!;
  return {
    tenantId: payment.tenantId,
    paymentId: payment.paymentId,
    amountMinor: payment.amountMinor,
    currency: payment.currency,
    occurredAtMs: payment.occurredAtMs,
    method: "card",
    paymentMethodId,
    network,
    issuerCountry,
    merchantCountry: references.merchant.country,
    mandateChallenge: payment.riskDecision === "step_up",
  };
}

export function chargeRequestOf(facts: ChargeFacts, chargeNumber: number): ChargeRequest {
  const { tenantId, paymentId, method: _, ...terms } = facts;
  return { ...terms, key: providerKeyOf(tenantId, paymentId, chargeNumber), chargeNumber };
}
