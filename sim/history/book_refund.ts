import { toRfc3339 } from "../../src/core/clock.ts";
import { toReferenceUsd } from "../../src/core/money.ts";
import type { Posting } from "../../src/ledger/capture_postings.ts";
import { feeReturnedMinor, refundPostings } from "../../src/ledger/refund_postings.ts";
import { refundKeyOf, refundTransferId } from "../../src/payments/refunds/refund.ts";
import { refundIdOf } from "../../src/providers/provider_ids.ts";
import type { RefundRequest } from "../world/refunds.ts";
import type { SimPayment } from "../world/types.ts";
import type { BookedPayment } from "./book_payment.ts";
import type { Cell } from "./copy_rows.ts";

/** A refund of the history, made as everybody's was before there was a score: whoever asked got the money. */
export interface BookedRefund {
  readonly transferId: string;
  readonly requestedAt: string;
  readonly refundedMinor: bigint;
  readonly paymentStatus: "partially_refunded" | "refunded";
  readonly postings: readonly Posting[];
  readonly cells: readonly Cell[];
  /** As the provider remembers it. */
  readonly providerRefund: {
    provider: string;
    key: string;
    chargeKey: string;
    amountMinor: bigint;
    currency: string;
    paymentMethodId: string;
    createdAtMs: number;
  };
}

export const REFUND_COLUMNS = [
  "tenant_id",
  "refund_id",
  "payment_id",
  "customer_id",
  "status",
  "currency",
  "amount_minor",
  "fee_returned_minor",
  "amount_usd",
  "reason",
  "provider",
  "provider_refund_id",
  "principal",
  "request_hash",
  "requested_at_ms",
  "found_untrue_at",
  "created_at",
  "finished_at",
] as const;

/**
 * Books one refund request by the same rules as the server. That a reason was found to be untrue is stored with the time
 * at which that was known: until then nobody may see it.
 */
export function bookRefund(
  asked: RefundRequest,
  payment: SimPayment,
  booking: BookedPayment,
  tenantId: string,
): BookedRefund {
  const capturedMinor = BigInt(payment.amountMinor);
  const amountMinor = BigInt(asked.amountMinor);
  // One request for a payment at most: the payment's own random part names it.
  const refundId = `re_${booking.paymentId.slice(4)}r`;
  const feeMinor = feeReturnedMinor(
    { capturedMinor, feeMinor: booking.feeMinor },
    { refundedMinor: 0n, feeReturnedMinor: 0n },
    amountMinor,
  );
  const requestedAt = toRfc3339(asked.requestedAtMs);
  const key = refundKeyOf(tenantId, refundId);
  return {
    transferId: refundTransferId(refundId),
    requestedAt,
    refundedMinor: amountMinor,
    paymentStatus: amountMinor === capturedMinor ? "refunded" : "partially_refunded",
    postings: refundPostings({
      amountMinor,
      feeReturnedMinor: feeMinor,
      currency: payment.currency,
      merchantId: payment.merchantId,
      source: { kind: "provider", provider: booking.provider },
    }),
    cells: [
      tenantId,
      refundId,
      booking.paymentId,
      payment.customerId,
      "succeeded",
      payment.currency,
      amountMinor,
      feeMinor,
      toReferenceUsd(amountMinor, payment.currency),
      asked.reason,
      booking.provider,
      refundIdOf(booking.provider, key),
      "simulation",
      "",
      asked.requestedAtMs,
      asked.labelFraud && asked.labelKnownAtMs !== null ? toRfc3339(asked.labelKnownAtMs) : null,
      requestedAt,
      requestedAt,
    ],
    providerRefund: {
      provider: booking.provider,
      key,
      chargeKey: booking.providerKey,
      amountMinor,
      currency: payment.currency,
      paymentMethodId: payment.paymentMethodId,
      createdAtMs: asked.requestedAtMs,
    },
  };
}
