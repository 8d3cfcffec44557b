import { toRfc3339 } from "../../core/clock.ts";
import { formatAmount } from "../../core/money.ts";
import type { PaymentService } from "../payment_service.ts";
import type { RefundStatus } from "./refund.ts";

/** One refund of a payment, as other tools list it. */
export interface RefundLine {
  refund_id: string;
  status: RefundStatus;
  amount: string;
  amount_minor: number;
  /** As it was given; null where none was. */
  reason: string | null;
  /** Null for history from before there was a score. */
  risk_score: number | null;
  provider_refund_id: string | null;
  /** By the tenant's clock, as is finished_at. */
  requested_at: string;
  /** When it ended, which is when its money moved; null while it waits or is under way. */
  finished_at: string | null;
}

/** A payment's refunds, the oldest first. */
export async function readRefunds(
  { pool }: PaymentService,
  tenantId: string,
  paymentId: string,
): Promise<RefundLine[]> {
  const rows = await pool.of(tenantId)<
    (Omit<RefundLine, "amount" | "requested_at" | "finished_at"> & {
      currency: string;
      requested_at_ms: number;
      finished_at_ms: number | null;
    })[]
  >`
    select refund_id, status, amount_minor::float8 as amount_minor, currency, coalesce(note, nullif(reason, 'other')) as reason, risk_score,
           provider_refund_id, requested_at_ms::float8 as requested_at_ms,
           case when finished_at is not null then
             -- History, and refunds from before they told it: as long after requested_at as it really took.
             coalesce(extract(epoch from (answer::jsonb ->> 'occurred_at')::timestamptz) * 1000,
                      requested_at_ms + greatest(0, round(extract(epoch from finished_at - created_at) * 1000)))
           end::float8 as finished_at_ms
      from refunds where tenant_id = ${tenantId} and payment_id = ${paymentId} order by requested_at_ms, created_at, refund_id`;
  return rows.map((row) => ({
    refund_id: row.refund_id,
    status: row.status,
    amount: formatAmount(BigInt(row.amount_minor), row.currency),
    amount_minor: row.amount_minor,
    reason: row.reason,
    risk_score: row.risk_score,
    provider_refund_id: row.provider_refund_id,
    requested_at: toRfc3339(row.requested_at_ms),
    finished_at: row.finished_at_ms === null ? null : toRfc3339(row.finished_at_ms),
  }));
}
