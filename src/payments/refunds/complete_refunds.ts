import { toRfc3339 } from "../../core/clock.ts";
import type { PaymentService } from "../payment_service.ts";
import { readOpenRefund } from "./approve_refund.ts";
import { driveRefund } from "./settle_refund.ts";

/** Refunds taken on in one round. */
const CLAIM_LIMIT = 100;
/** Beyond the provider's time, what reading and settling may take before another driver takes a refund over. */
const SETTLE_MAX_MS = 14_000;

/**
 * Drives refunds that a crash or a silent provider left open to their end, and ends those that nobody approved in time,
 * all tenants'. Several servers may run it; a claim is a lease.
 *
 * @returns how many were looked at
 */
export async function completeRefunds(service: PaymentService): Promise<number> {
  const { pool, clock, settings } = service;
  const nowMs = clock.nowMs();
  const now = toRfc3339(nowMs);
  const lease = toRfc3339(nowMs + settings.providerTimeoutMs + SETTLE_MAX_MS);
  const due = await pool.ofEveryTenant<{ tenant_id: string; refund_id: string }[]>`
    update refunds r set next_check_at = ${lease}::timestamptz, checks = r.checks + 1
      from (select tenant_id, refund_id from refunds
             where status in ('processing', 'in_doubt') and next_check_at <= ${now}::timestamptz
             order by next_check_at limit ${CLAIM_LIMIT} for update skip locked) d
     where r.tenant_id = d.tenant_id and r.refund_id = d.refund_id
    returning r.tenant_id, r.refund_id`;
  const expired = await pool.ofEveryTenant<{ tenant_id: string; refund_id: string }[]>`
    select tenant_id, refund_id from refunds
     where status = 'pending_approval' and expires_at <= ${now}::timestamptz
     order by expires_at limit ${CLAIM_LIMIT}`;
  const outcomes = await Promise.allSettled([
    ...due.map(({ tenant_id, refund_id }) => driveRefund(service, tenant_id, refund_id)),
    ...expired.map(({ tenant_id, refund_id }) => readOpenRefund(service, tenant_id, refund_id)),
  ]);
  const faults = outcomes.filter((outcome) => outcome.status === "rejected").map(({ reason }) => reason);
  if (faults.length > 0) throw new AggregateError(faults, `${faults.length} refunds could not be completed`);
  return due.length + expired.length;
}

/** A payment's refunds in doubt, settled now by the provider's word; those that a call works on are left to it. */
export async function settleRefundsInDoubt(
  service: PaymentService,
  tenantId: string,
  paymentId: string,
): Promise<void> {
  const open = await service.pool.of(tenantId)<{ refund_id: string }[]>`
    select refund_id from refunds
     where tenant_id = ${tenantId} and payment_id = ${paymentId} and status = 'in_doubt'`;
  await Promise.all(open.map(({ refund_id }) => driveRefund(service, tenantId, refund_id)));
}
