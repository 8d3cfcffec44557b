import { toRfc3339 } from "../../core/clock.ts";
import { againAfterLostRace } from "../../db/lost_race.ts";
import { type Decider, type Decision, EXPIRY, recordDecision } from "../../db/approval_decisions.ts";
import type { Transaction } from "../../ledger/transfers.ts";
import type { PaymentService } from "../payment_service.ts";
import { requireRefundable, setAside } from "./begin_refund.ts";
import { endsAt, readRefundClocks } from "./refund_time.ts";
import { driveRefund } from "./settle_refund.ts";
import {
  auditRefund,
  findAndLockRefund,
  lockPayment,
  lockRefund,
  storeAnswer,
  type StoredRefund,
  updateRefund,
} from "./store_refund.ts";
import { paymentPart, REFUND_STATUSES, type RefundAnswer, type RefundedPayment } from "./refund.ts";

/** When a refund ends: by the real clock, and by its tenant's. */
interface EndTimes {
  readonly nowMs: number;
  readonly endsAtMs: number;
}

/** A refund after a decision. */
export interface DecidedRefund {
  readonly answer: RefundAnswer;
  /** True when it had been decided before, or never waited: this call has changed nothing. */
  readonly replayed: boolean;
}

/**
 * What a person decided of a refund that waits. Approved, it goes on as one that needed no approval, if as much is still
 * left of the payment. Where others have given it back meanwhile, it ends as failed, for it can never be made; where others
 * may yet fail, it throws `refund_exceeds_captured` and goes on waiting, and so it does where the merchant does not have
 * the money now (`insufficient_funds`). Once decided it stays so.
 *
 * @returns null where there is no such refund, another tenant's included
 */
export async function decideRefund(
  service: PaymentService,
  call: { tenantId: string; refundId: string; approved: boolean; by: Decider },
): Promise<DecidedRefund | null> {
  const { tenantId, refundId, approved, by } = call;
  const clocks = await readRefundClocks(service, tenantId);
  const { nowMs } = clocks;
  const decided = await againAfterLostRace(() =>
    service.pool.of(tenantId).begin(async (sql): Promise<DecidedRefund | null> => {
      const refund = await findAndLockRefund(sql, tenantId, refundId);
      if (refund === null) return null;
      if (refund.status !== "pending_approval") return { answer: refund.answer, replayed: true };
      const endsAtMs = endsAt(refund, clocks, service.graceMs);
      const times = { nowMs, endsAtMs };
      if (refund.expiresAtMs! <= nowMs) {
        return { answer: await endWaiting(sql, refund, "expired", EXPIRY, times), replayed: false };
      }
      if (!approved) {
        return { answer: await endWaiting(sql, refund, "rejected", by, times), replayed: false };
      }
      const payment = await lockPayment(sql, tenantId, refund.paymentId);
      if (isGivenBackByOthers(payment, refund.amountMinor)) {
        return { answer: await endTooLate(sql, refund, payment, by, times), replayed: false };
      }
      requireRefundable(payment, refund.amountMinor);
      const answer: RefundAnswer = {
        ...refund.answer,
        status: "processing",
        payment: paymentPart(payment, { promisedMinor: payment.promisedMinor + refund.amountMinor }),
        approval: null,
        next_move: REFUND_STATUSES.processing.nextMove,
      };
      await updateRefund(sql, refund, {
        status: "processing",
        answer,
        feeReturnedMinor: await setAside(sql, payment, refund, nowMs),
        nextCheckAtMs: nowMs + service.graceMs,
        finishedAtMs: null,
      });
      await recordRefundDecision(sql, refund, "approved", by, nowMs);
      await auditRefund(sql, refund, "decided", "refund.approved", by.name, nowMs, { via: by.via });
      return { answer, replayed: false };
    })
  ) as DecidedRefund | null;
  if (decided === null) return null;
  const { status } = decided.answer;
  if (status !== "processing" && status !== "in_doubt") return decided;
  return { ...decided, answer: await driveRefund(service, tenantId, refundId) };
}

/** Whether so much can never be given back again, whatever becomes of what is under way. */
export function isGivenBackByOthers(
  { capturedMinor, refundedMinor }: Pick<RefundedPayment, "capturedMinor" | "refundedMinor">,
  amountMinor: bigint,
): boolean {
  return amountMinor > capturedMinor - refundedMinor;
}

async function endTooLate(
  sql: Transaction,
  refund: StoredRefund,
  payment: RefundedPayment,
  by: Decider,
  { nowMs, endsAtMs }: EndTimes,
): Promise<RefundAnswer> {
  const part = paymentPart(payment);
  const answer: RefundAnswer = {
    ...refund.answer,
    occurred_at: toRfc3339(endsAtMs),
    status: "failed",
    failure_code: "refund_exceeds_captured",
    payment: part,
    approval: null,
    next_move: `Other refunds of the payment were made meanwhile: ${
      part.refundable_minor === 0
        ? "nothing is left to give back."
        : `${part.refundable} ${payment.currency} is left, ask for at most that with a new idempotency key.`
    }`,
  };
  await end(sql, refund, answer, nowMs);
  await recordRefundDecision(sql, refund, "approved", by, nowMs);
  await auditRefund(sql, refund, "decided", "refund.approved", by.name, nowMs, { via: by.via });
  await auditRefund(sql, refund, "ended", "refund.failed", refund.principal, nowMs, {
    failure_code: answer.failure_code,
  });
  return answer;
}

/** The answer of a refund whose key has none yet: it waits, ends by its expiry, or is driven on. */
export async function readOpenRefund(
  service: PaymentService,
  tenantId: string,
  refundId: string,
): Promise<RefundAnswer> {
  const clocks = await readRefundClocks(service, tenantId);
  const { nowMs } = clocks;
  const answer = await service.pool.of(tenantId).begin(async (sql) => {
    const refund = await lockRefund(sql, tenantId, refundId);
    const times = { nowMs, endsAtMs: endsAt(refund, clocks, service.graceMs) };
    return refund.status === "pending_approval" && refund.expiresAtMs! <= nowMs
      ? await endWaiting(sql, refund, "expired", EXPIRY, times)
      : refund.answer;
  }) as RefundAnswer;
  const isOpen = answer.status === "processing" || answer.status === "in_doubt";
  return isOpen ? await driveRefund(service, tenantId, refundId) : answer;
}

async function endWaiting(
  sql: Transaction,
  refund: StoredRefund,
  status: "rejected" | "expired",
  by: Decider,
  { nowMs, endsAtMs }: EndTimes,
): Promise<RefundAnswer> {
  const answer: RefundAnswer = {
    ...refund.answer,
    status,
    occurred_at: toRfc3339(endsAtMs),
    approval: null,
    next_move: REFUND_STATUSES[status].nextMove,
  };
  await end(sql, refund, answer, nowMs);
  await recordRefundDecision(sql, refund, status, by, nowMs);
  await auditRefund(sql, refund, "decided", `refund.${status}`, by.name, nowMs, { via: by.via });
  return answer;
}

async function end(
  sql: Transaction,
  refund: StoredRefund,
  answer: RefundAnswer,
  nowMs: number,
): Promise<void> {
  await updateRefund(sql, refund, {
    status: answer.status,
    answer,
    feeReturnedMinor: 0n,
    nextCheckAtMs: null,
    finishedAtMs: nowMs,
  });
  await storeAnswer(sql, refund.tenantId, refund.refundId, refund.idempotencyKey, answer);
}

function recordRefundDecision(
  sql: Transaction,
  { tenantId, refundId }: StoredRefund,
  decision: Decision,
  by: Decider,
  atMs: number,
): Promise<void> {
  return recordDecision(sql, tenantId, { resourceId: refundId, kind: "refund", decision, by, atMs });
}
