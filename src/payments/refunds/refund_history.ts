import { toReferenceUsd } from "../../core/money.ts";
import { REFUND_WINDOW_MS, type RefundHistory } from "../../fraud/refunds/refund_features.ts";
import type { Transaction } from "../../ledger/transfers.ts";
import type { RefundedPayment } from "./refund.ts";

/**
 * What the customer bought and asked back in the 90 days before `atMs`, by the events' own time, and how many requests
 * were known by then to have been untrue. Requests about this very payment do not count.
 */
export async function readRefundHistory(
  sql: Transaction,
  { tenantId, paymentId, customerId }: RefundedPayment,
  atMs: number,
): Promise<RefundHistory> {
  const sinceMs = atMs - REFUND_WINDOW_MS;
  const [purchases, requests] = await Promise.all([
    sql<{ currency: string; purchases: number; minor: string }[]>`
      select currency, count(*)::int as purchases, sum(captured_minor)::text as minor
        from payments
       where tenant_id = ${tenantId} and customer_id = ${customerId} and captured_minor > 0
         and occurred_at_ms > ${sinceMs} and occurred_at_ms <= ${atMs}
       group by currency`,
    sql<{ asked: number; asked_usd: number; not_received: number; untrue: number }[]>`
      select count(distinct payment_id) filter (where recent)::int as asked,
             coalesce(sum(amount_usd) filter (where recent), 0) as asked_usd,
             count(distinct payment_id) filter (where recent and reason = 'not_received')::int as not_received,
             count(distinct payment_id) filter (where found_untrue_at <= ${new Date(atMs)})::int as untrue
        from (select payment_id, amount_usd, reason, found_untrue_at, requested_at_ms > ${sinceMs} as recent
                from refunds
               where tenant_id = ${tenantId} and customer_id = ${customerId} and payment_id <> ${paymentId}
                 and requested_at_ms <= ${atMs}) requests`,
  ]);
  const [{ asked, asked_usd: askedUsd, not_received: notReceived, untrue }] = requests;
  return {
    purchases: purchases.reduce((sum, row) => sum + row.purchases, 0),
    purchasesUsd: purchases.reduce((sum, row) => sum + toReferenceUsd(BigInt(row.minor), row.currency), 0),
    requests: asked,
    requestsUsd: askedUsd,
    notReceived,
    foundUntrue: untrue,
  };
}
