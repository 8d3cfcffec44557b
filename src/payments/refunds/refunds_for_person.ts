import { toRfc3339 } from "../../core/clock.ts";
import { textArray } from "../../db/array_literal.ts";
import type { PaymentService } from "../payment_service.ts";
import type { RefundAnswer, RefundStatus } from "./refund.ts";

/** A refund as a person has to see it to decide it, or to see how it was decided. */
export interface RefundForPerson {
  readonly refundId: string;
  readonly status: RefundStatus;
  readonly customerId: string;
  readonly customerName: string;
  readonly merchantId: string;
  readonly merchantName: string;
  /** The caller that asked for it. */
  readonly askedBy: string;
  readonly askedAtMs: number;
  readonly expiresAtMs: number;
  readonly paidAtMs: number;
  /** What was captured of the payment, and what of it other refunds have given back or are giving back. */
  readonly capturedMinor: bigint;
  /** What others have given back for good: with more than is left, this one can never be made. */
  readonly refundedMinor: bigint;
  readonly promisedMinor: bigint;
  /** As it was answered last. */
  readonly answer: RefundAnswer;
}

/** Where a page of waiting items goes on: behind the one that expires then. */
export interface WaitingCursor {
  readonly expiresAtMs: number;
  readonly id: string;
}

/** A tenant's refunds that wait for a person and have time left, those that expire first in front. */
export async function readWaitingRefunds(
  service: PaymentService,
  tenantId: string,
  { after, limit }: { after: WaitingCursor | null; limit: number },
): Promise<RefundForPerson[]> {
  const now = toRfc3339(service.clock.nowMs());
  const ids = await service.pool.of(tenantId)<{ refund_id: string }[]>`
    select refund_id from refunds
     where tenant_id = ${tenantId} and status = 'pending_approval' and expires_at > ${now}::timestamptz
       and (expires_at, refund_id) > (${after === null ? now : toRfc3339(after.expiresAtMs)}::timestamptz, ${
    after?.id ?? ""
  })
     order by expires_at, refund_id limit ${limit}`;
  const refunds = await readRefundsForPerson(service, tenantId, ids.map(({ refund_id }) => refund_id));
  // One may have been decided between the two statements.
  return refunds.filter(({ status }) => status === "pending_approval")
    .sort((a, b) => a.expiresAtMs - b.expiresAtMs || (a.refundId < b.refundId ? -1 : 1));
}

/** Refunds that wait, or have waited, for a person, by their ids; in no order. */
export async function readRefundsForPerson(
  service: PaymentService,
  tenantId: string,
  refundIds: readonly string[],
): Promise<RefundForPerson[]> {
  if (refundIds.length === 0) return [];
  const rows = await service.pool.of(tenantId)<RefundRow[]>`
    select r.refund_id, r.status, r.principal, r.created_at, r.expires_at, r.answer, r.customer_id,
           c.name as customer_name, p.merchant_id, m.name as merchant_name,
           p.occurred_at_ms::float8 as paid_at_ms, p.captured_minor::text as captured, p.refunded_minor::text as refunded,
           (select coalesce(sum(o.amount_minor), 0)::text from refunds o
             where o.tenant_id = r.tenant_id and o.payment_id = r.payment_id and o.refund_id <> r.refund_id
               and o.status in ('processing', 'in_doubt', 'succeeded')) as promised
      from refunds r
      join payments p using (tenant_id, payment_id)
      left join customers c on c.tenant_id = r.tenant_id and c.customer_id = r.customer_id
      left join merchants m on m.tenant_id = p.tenant_id and m.merchant_id = p.merchant_id
     where r.tenant_id = ${tenantId} and r.refund_id = any (${textArray(refundIds)}::text[])
       and r.expires_at is not null`;
  return rows.map((row) => ({
    refundId: row.refund_id,
    status: row.status,
    customerId: row.customer_id,
    customerName: row.customer_name ?? row.customer_id,
    merchantId: row.merchant_id,
    merchantName: row.merchant_name ?? row.merchant_id,
    askedBy: row.principal,
    askedAtMs: row.created_at.getTime(),
    expiresAtMs: row.expires_at.getTime(),
    paidAtMs: row.paid_at_ms,
    capturedMinor: BigInt(row.captured),
    refundedMinor: BigInt(row.refunded),
    promisedMinor: BigInt(row.promised),
    answer: JSON.parse(row.answer),
  }));
}

interface RefundRow {
  refund_id: string;
  status: RefundStatus;
  principal: string;
  created_at: Date;
  expires_at: Date;
  answer: string;
  customer_id: string;
  customer_name: string | null;
  merchant_id: string;
  merchant_name: string | null;
  paid_at_ms: number;
  captured: string;
  refunded: string;
  promised: string;
}
