import type { Lab } from "./open_lab.ts";
import { TENANT } from "./open_lab.ts";
import { completeRefunds } from "../refunds/complete_refunds.ts";
import type { RefundPaymentRequest } from "../refunds/refund.ts";
import { type RefundedNow, refundPayment } from "../refunds/refund_payment.ts";
import type { PaymentService } from "../payment_service.ts";

/** All that is left of a payment, unless told otherwise. */
export function refundRequestOf(
  asked: Partial<RefundPaymentRequest> & { paymentId: string },
): RefundPaymentRequest {
  return {
    tenantId: TENANT,
    principal: "tester",
    amount: null,
    reason: "changed_mind",
    idempotencyKey: null,
    approvalToken: null,
    approved: true,
    simulatedAtMs: null,
    ...asked,
  };
}

export function refund(
  lab: Lab,
  asked: Partial<RefundPaymentRequest> & { paymentId: string },
  service: PaymentService = lab.service,
): Promise<RefundedNow> {
  return refundPayment(service, refundRequestOf(asked));
}

/** Runs the completer's part for refunds, time passing, until none is open. */
export async function completeAllRefunds(lab: Lab): Promise<void> {
  for (let round = 0; round < 50; round++) {
    lab.clock.advance(60_000);
    await completeRefunds(lab.service);
    const [{ open }] = await lab.owner<{ open: number }[]>`
      select count(*)::int as open from refunds where status in ('processing', 'in_doubt')`;
    if (open === 0) return;
  }
  throw new Error("Refunds are still open after 50 rounds");
}

/** What the providers say was given back of each charge, in all. */
export function refundedAtProviders(lab: Lab): bigint {
  return [...lab.stack.simulated!.log.refundedCharges()].reduce(
    (sum, { refundedMinor }) => sum + refundedMinor,
    0n,
  );
}
