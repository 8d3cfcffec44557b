import { accountOf } from "../../ledger/accounts.ts";
import { nextEntryMs } from "../../ledger/last_entries.ts";
import type { Transaction } from "../../ledger/transfers.ts";
import type { PaymentService } from "../payment_service.ts";
import type { RefundedPayment } from "./refund.ts";
import type { StoredRefund } from "./store_refund.ts";

/** Both clocks at one instant: the real one, by which waiting is measured, and the tenant's, by which events are dated. */
export interface RefundClocks {
  readonly nowMs: number;
  readonly tenantNowMs: number;
}

/** Ask outside a transaction: it may need a connection of its own. */
export async function readRefundClocks(
  { clock, clocks }: Pick<PaymentService, "clock" | "clocks">,
  tenantId: string,
): Promise<RefundClocks> {
  const tenantNowMs = await clocks.nowMs(tenantId);
  return { nowMs: clock.nowMs(), tenantNowMs };
}

/**
 * When a refund was asked for, in milliseconds of its tenant's time: as wanted, but behind what it gives back, behind the
 * payment's other refunds, and where a wallet gets the money behind that wallet's entries. The payment's row is locked.
 *
 * @param wantedAtMs the call's own time; null for the tenant's present time, behind which no wallet has an entry
 */
export async function requestedAt(
  sql: Transaction,
  payment: RefundedPayment,
  wantedAtMs: number | null,
  { tenantNowMs }: RefundClocks,
): Promise<number> {
  return Math.max(
    wantedAtMs ?? tenantNowMs,
    payment.occurredAtMs,
    await behindRefunds(sql, payment, null),
    wantedAtMs === null ? Number.NEGATIVE_INFINITY : await behindWallet(sql, payment),
  );
}

/**
 * When a refund ends, by the same clock: when it was asked for, as a payment is made when it is asked for. One that had to
 * wait, for a person or for its provider's word, ends as long afterwards as that really took, or at its tenant's now, which a
 * call may have taken far ahead meanwhile.
 */
export function endsAt(
  { requestedAtMs, createdAtMs, expiresAtMs, status }: StoredRefund,
  { nowMs, tenantNowMs }: RefundClocks,
  graceMs: number,
): number {
  const tookMs = Math.max(0, nowMs - createdAtMs);
  const hasWaited = expiresAtMs !== null || status === "in_doubt" || tookMs >= graceMs;
  return hasWaited ? Math.max(requestedAtMs + tookMs, tenantNowMs) : requestedAtMs;
}

/** The same where money moves: behind the payment's other refunds and, locked by the caller, the wallet's entries. */
export async function moneyMovesAt(
  sql: Transaction,
  refundId: string,
  payment: RefundedPayment,
  atMs: number,
): Promise<number> {
  return Math.max(atMs, await behindRefunds(sql, payment, refundId), await behindWallet(sql, payment));
}

async function behindRefunds(
  sql: Transaction,
  { tenantId, paymentId }: RefundedPayment,
  exceptId: string | null,
): Promise<number> {
  const [{ last_ms: lastMs }] = await sql<{ last_ms: number | null }[]>`
    select max(greatest(requested_at_ms,
                        ceil(extract(epoch from (answer::jsonb ->> 'occurred_at')::timestamptz) * 1000)))::float8 as last_ms
      from refunds
     where tenant_id = ${tenantId} and payment_id = ${paymentId} and refund_id is distinct from ${exceptId}
       and (${exceptId === null} or finished_at is not null)`;
  return lastMs === null ? Number.NEGATIVE_INFINITY : lastMs + 1;
}

/** A wallet's own payment may have moved later than it was made: its entry is one of these. */
async function behindWallet(
  sql: Transaction,
  { tenantId, customerId, currency, provider }: RefundedPayment,
): Promise<number> {
  if (provider !== null) return Number.NEGATIVE_INFINITY;
  return await nextEntryMs(sql, tenantId, [accountOf("wallet", customerId, currency).accountId]);
}
