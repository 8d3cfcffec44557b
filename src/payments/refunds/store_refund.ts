import { assert } from "../../core/assert.ts";
import { toRfc3339 } from "../../core/clock.ts";
import { textArray } from "../../db/array_literal.ts";
import type { RefundReason } from "../../fraud/refunds/reasons.ts";
import type { RefundRisk } from "../../fraud/refunds/refund_model.ts";
import type { Transaction } from "../../ledger/transfers.ts";
import type { PaymentStatus } from "../payment.ts";
import { unknownPayment } from "../read_answer.ts";
import { PROMISED } from "./refundable.ts";
import type { RefundAnswer, RefundedPayment, RefundStatus } from "./refund.ts";

/** A refund as stored, with all that its end needs. */
export interface StoredRefund {
  readonly tenantId: string;
  readonly refundId: string;
  readonly paymentId: string;
  readonly status: RefundStatus;
  readonly amountMinor: bigint;
  readonly feeReturnedMinor: bigint;
  readonly currency: string;
  readonly principal: string;
  readonly idempotencyKey: string | null;
  readonly expiresAtMs: number | null;
  readonly checks: number;
  readonly createdAtMs: number;
  /** Its own time, which may be simulated. */
  readonly requestedAtMs: number;
  /** As it was answered last. */
  readonly answer: RefundAnswer;
}

/** The payment, its row locked until the transaction ends. Throws `unknown_payment`. */
export async function lockPayment(
  sql: Transaction,
  tenantId: string,
  paymentId: string,
): Promise<RefundedPayment> {
  const [row] = await sql<Record<string, string | number | null>[]>`
    select status, currency, captured_minor::text as captured, refunded_minor::text as refunded,
           fee_minor::text as fee, customer_id, merchant_id, payment_method_id, provider, charge_number,
           occurred_at_ms::float8 as occurred_at_ms
      from payments where tenant_id = ${tenantId} and payment_id = ${paymentId} for update`;
  if (row === undefined) throw unknownPayment(paymentId);
  // A statement of its own: it sees what was committed while this one waited for the lock.
  const [promised] = await sql<{ amount: string; fee: string }[]>`
    select coalesce(sum(amount_minor), 0)::text as amount, coalesce(sum(fee_returned_minor), 0)::text as fee
      from refunds
     where tenant_id = ${tenantId} and payment_id = ${paymentId}
       and status = any(${textArray([...PROMISED])}::text[])`;
  return {
    tenantId,
    paymentId,
    status: row.status as PaymentStatus,
    currency: row.currency as string,
    capturedMinor: BigInt(row.captured!),
    refundedMinor: BigInt(row.refunded!),
    feeMinor: BigInt(row.fee!),
    customerId: row.customer_id as string,
    merchantId: row.merchant_id as string,
    paymentMethodId: row.payment_method_id as string | null,
    provider: row.provider as string | null,
    chargeNumber: row.charge_number as number,
    occurredAtMs: row.occurred_at_ms as number,
    promisedMinor: BigInt(promised.amount),
    feePromisedMinor: BigInt(promised.fee),
  };
}

/** The refund, its row locked. Its id came from a row, so it is there. */
export async function lockRefund(
  sql: Transaction,
  tenantId: string,
  refundId: string,
): Promise<StoredRefund> {
  const refund = await findAndLockRefund(sql, tenantId, refundId);
  assert(refund !== null, `Refund "${refundId}" is not there, or was never asked for`);
  return refund;
}

/** The same; null where there is none, or it is history that was never asked for here. */
export async function findAndLockRefund(
  sql: Transaction,
  tenantId: string,
  refundId: string,
): Promise<StoredRefund | null> {
  const [row] = await sql<Record<string, string | null>[]>`
    select payment_id, status, amount_minor::text as amount, fee_returned_minor::text as fee, currency, principal,
           idempotency_key, (extract(epoch from expires_at) * 1000)::bigint::text as expires_at_ms,
           checks::text as checks, answer, requested_at_ms::text as requested_at_ms,
           (extract(epoch from created_at) * 1000)::bigint::text as created_at_ms
      from refunds where tenant_id = ${tenantId} and refund_id = ${refundId} for update`;
  if (!row?.answer) return null;
  return {
    tenantId,
    refundId,
    paymentId: row.payment_id!,
    status: row.status as RefundStatus,
    amountMinor: BigInt(row.amount!),
    feeReturnedMinor: BigInt(row.fee!),
    currency: row.currency!,
    principal: row.principal!,
    idempotencyKey: row.idempotency_key,
    expiresAtMs: row.expires_at_ms === null ? null : Number(row.expires_at_ms),
    checks: Number(row.checks),
    createdAtMs: Number(row.created_at_ms),
    requestedAtMs: Number(row.requested_at_ms),
    answer: JSON.parse(row.answer),
  };
}

export async function insertRefund(sql: Transaction, refund: {
  payment: RefundedPayment;
  refundId: string;
  status: RefundStatus;
  amountMinor: bigint;
  amountUsd: number;
  feeReturnedMinor: bigint;
  reason: RefundReason;
  note: string | null;
  principal: string;
  idempotencyKey: string | null;
  requestHash: string;
  requestedAtMs: number;
  risk: RefundRisk;
  answer: RefundAnswer;
  expiresAtMs: number | null;
  nextCheckAtMs: number | null;
  nowMs: number;
}): Promise<void> {
  const { payment, risk, status } = refund;
  const time = (ms: number | null) => ms === null ? null : toRfc3339(ms);
  await sql`
    insert into refunds (tenant_id, refund_id, payment_id, customer_id, status, currency, amount_minor,
           fee_returned_minor, amount_usd, reason, note, provider, principal, idempotency_key, request_hash,
           requested_at_ms, risk_score, abuse_probability, decision, model_version, answer, expires_at, next_check_at,
           created_at, finished_at)
    values (${payment.tenantId}, ${refund.refundId}, ${payment.paymentId}, ${payment.customerId}, ${status},
            ${payment.currency}, ${refund.amountMinor.toString()}, ${refund.feeReturnedMinor.toString()},
            ${refund.amountUsd}, ${refund.reason}, ${refund.note}, ${payment.provider}, ${refund.principal},
            ${refund.idempotencyKey}, ${refund.requestHash}, ${refund.requestedAtMs}, ${risk.score},
            ${risk.probability}, ${risk.decision}, ${risk.modelVersion}, ${JSON.stringify(refund.answer)},
            ${time(refund.expiresAtMs)}, ${time(refund.nextCheckAtMs)}, ${time(refund.nowMs)},
            ${status === "refused" ? time(refund.nowMs) : null})`;
}

/** What changes of a refund; a final status ends its place on the completer's list. */
export async function updateRefund(sql: Transaction, { tenantId, refundId }: StoredRefund, change: {
  status: RefundStatus;
  answer: RefundAnswer;
  feeReturnedMinor: bigint;
  nextCheckAtMs: number | null;
  finishedAtMs: number | null;
}): Promise<void> {
  const { answer } = change;
  const time = (ms: number | null) => ms === null ? null : toRfc3339(ms);
  await sql`
    update refunds
       set status = ${change.status}, answer = ${JSON.stringify(answer)},
           fee_returned_minor = ${change.feeReturnedMinor.toString()},
           provider_refund_id = ${answer.provider_refund_id}, failure_code = ${answer.failure_code},
           next_check_at = ${time(change.nextCheckAtMs)}, finished_at = ${time(change.finishedAtMs)}
     where tenant_id = ${tenantId} and refund_id = ${refundId}`;
}

/** The answer that a repeated call gets, where the refund has a key. */
export async function storeAnswer(
  sql: Transaction,
  tenantId: string,
  refundId: string,
  idempotencyKey: string | null,
  answer: RefundAnswer,
): Promise<void> {
  if (idempotencyKey === null) return;
  await sql`
    insert into idempotency_answers (tenant_id, resource_id, response)
    values (${tenantId}, ${refundId}, ${JSON.stringify(answer)})`;
}

/** Each step of a refund is audited once. */
const AUDIT_STEPS = { begun: 1, decided: 2, in_doubt: 3, ended: 4 } as const;

export async function auditRefund(
  sql: Transaction,
  { tenantId, refundId }: Pick<StoredRefund, "tenantId" | "refundId">,
  step: keyof typeof AUDIT_STEPS,
  action: string,
  actor: string,
  atMs: number,
  details: Record<string, string | number | null>,
): Promise<void> {
  await sql`
    insert into audit_events (tenant_id, audit_id, at, actor, action, resource, details)
    values (${tenantId}, ${`aud_${refundId.slice(3)}_${AUDIT_STEPS[step]}`}, ${
    toRfc3339(atMs)
  }::timestamptz, ${actor},
            ${action}, ${refundId}, ${sql.json(details)})`;
}
