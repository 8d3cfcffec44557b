import { waitingApproval } from "../../core/approval_ways.ts";
import { toRfc3339 } from "../../core/clock.ts";
import { DomainError } from "../../core/errors.ts";
import { formatAmount, toReferenceUsd } from "../../core/money.ts";
import { findEarlierCall, KEY_LIFETIME_MS } from "../../db/idempotency_keys.ts";
import type { Sql } from "../../db/pool.ts";
import { type TenantAhead, writeAhead } from "../../db/tenant_clocks.ts";
import { refundReasonOf } from "../../fraud/refunds/reasons.ts";
import type { RefundRisk } from "../../fraud/refunds/refund_model.ts";
import { accountOf } from "../../ledger/accounts.ts";
import { feeReturnedMinor } from "../../ledger/refund_postings.ts";
import { hold, type Transaction } from "../../ledger/transfers.ts";
import { testPaymentMethod } from "../../providers/test_payment_methods.ts";
import { PAYMENT_STATUSES } from "../payment.ts";
import type { PaymentService } from "../payment_service.ts";
import { disputeToldAt } from "../open_dispute.ts";
import { readRefundHistory } from "./refund_history.ts";
import { readRefundClocks, requestedAt } from "./refund_time.ts";
import { fillsWallet, refundableMinor } from "./refundable.ts";
import { auditRefund, insertRefund, lockPayment, storeAnswer } from "./store_refund.ts";
import {
  newRefundAnswer,
  type RefundAnswer,
  type RefundedPayment,
  refundHoldId,
  type RefundPaymentRequest,
  type RefundStatus,
} from "./refund.ts";

export type BegunRefund =
  /** The provider is to be asked. */
  | { readonly kind: "begun"; readonly refundId: string }
  /** It waits for a person, or was refused. */
  | { readonly kind: "answered"; readonly answer: RefundAnswer; readonly replayed: boolean }
  /** An earlier call with this key made it, and it has no final answer yet. */
  | { readonly kind: "open"; readonly refundId: string };

const STATUS_OF_DECISION = {
  approve: "processing",
  review: "pending_approval",
  refuse: "refused",
} as const satisfies Record<RefundRisk["decision"], RefundStatus>;

/**
 * Transaction 1 of a refund: the key, the payment's row under lock, what is left of it, the score, and the refund with
 * its money set aside. Whoever refunds the same payment waits for the lock and then sees this refund.
 *
 * Throws, in this order: `idempotency_key_reused`, `unknown_payment`, `invalid_state`, `refund_exceeds_captured`,
 * `insufficient_funds`. Then nothing is stored, the key neither.
 */
export async function beginRefund(
  service: PaymentService,
  request: RefundPaymentRequest,
  asked: { readonly amountMinor: bigint | null; readonly requestHash: string },
): Promise<BegunRefund> {
  const { tenantId, principal, idempotencyKey } = request;
  const clocks = await readRefundClocks(service, tenantId);
  const { nowMs } = clocks;
  const refundId = service.ids.next("re");
  let advances: TenantAhead[] = [];
  const begun = await service.pool.of(tenantId).begin(async (sql): Promise<BegunRefund> => {
    if (idempotencyKey !== null) {
      const earlier = await earlierCall(sql, request, asked.requestHash);
      if (earlier !== null) return earlier;
      await sql`
        insert into idempotency_keys (tenant_id, principal, key, tool, request_hash, resource_id, created_at, expires_at)
        values (${tenantId}, ${principal}, ${idempotencyKey}, 'refund_payment', ${asked.requestHash}, ${refundId},
                ${toRfc3339(nowMs)}::timestamptz, ${toRfc3339(nowMs + KEY_LIFETIME_MS)}::timestamptz)`;
    }
    const payment = await lockPayment(sql, tenantId, request.paymentId);
    const amountMinor = asked.amountMinor ?? payment.capturedMinor - payment.promisedMinor;
    requireRefundable(payment, amountMinor);
    const requestedAtMs = await requestedAt(sql, payment, request.simulatedAtMs, clocks);
    const reason = refundReasonOf(request.reason);
    const usd = (minor: bigint) => toReferenceUsd(minor, payment.currency);
    const history = await readRefundHistory(sql, payment, requestedAtMs);
    const assessed = service.refundModel.assess(
      {
        amountUsd: usd(amountMinor),
        capturedUsd: usd(payment.capturedMinor),
        paidAtMs: payment.occurredAtMs,
        requestedAtMs,
        reason,
      },
      history,
      orderedDecision(payment.paymentMethodId),
    );
    const disputedAt = await disputeToldAt(sql, payment);
    // The issuer may give the money back as well: whether it is to go back twice is no score's to say.
    const risk: RefundRisk = disputedAt !== null && assessed.decision === "approve"
      ? { ...assessed, decision: "review", decidedBy: "open_dispute" }
      : assessed;
    const status = STATUS_OF_DECISION[risk.decision];
    const expiresAtMs = status === "pending_approval" ? nowMs + service.settings.approvalLifetimeMs : null;
    const answer = newRefundAnswer(
      {
        refundId,
        status,
        amountMinor,
        reason: request.reason,
        approval: expiresAtMs === null ? null : waitingApproval(
          service.settings.approvals,
          { tenantId, principal, resourceId: refundId, requestHash: asked.requestHash, expiresAtMs },
          service.approvalSecret,
        ),
        createdAtMs: nowMs,
        requestedAtMs,
        disputedAt,
      },
      payment,
      risk,
      history,
      service.refundModel,
    );
    const feeMinor = status === "processing"
      ? await setAside(sql, payment, { refundId, amountMinor }, nowMs)
      : 0n;
    await insertRefund(sql, {
      payment,
      refundId,
      status,
      amountMinor,
      amountUsd: usd(amountMinor),
      feeReturnedMinor: feeMinor,
      reason,
      note: request.reason,
      principal,
      idempotencyKey,
      requestHash: asked.requestHash,
      requestedAtMs,
      risk,
      answer,
      expiresAtMs,
      nextCheckAtMs: status === "processing" ? nowMs + service.graceMs : null,
      nowMs,
    });
    if (request.simulatedAtMs !== null) {
      advances = service.clocks.advancesOf([{ tenantId, aheadMs: requestedAtMs - nowMs }]);
      if (advances.length > 0) await writeAhead(sql as unknown as Sql, advances, sql`true`);
    }
    await auditRefund(sql, { tenantId, refundId }, "begun", `refund.${status}`, principal, nowMs, {
      payment_id: payment.paymentId,
      amount_minor: Number(amountMinor),
      risk_score: risk.score,
      decided_by: risk.decidedBy,
      model_version: risk.modelVersion,
    });
    if (status === "processing") return { kind: "begun", refundId };
    if (status === "refused") await storeAnswer(sql, tenantId, refundId, idempotencyKey, answer);
    return { kind: "answered", answer, replayed: false };
  }) as BegunRefund;
  service.clocks.advanced(advances);
  return begun;
}

/**
 * Holds in the merchant's account what it will have to give, so that nothing is given back that cannot be booked.
 * Answers the provider's share.
 */
export async function setAside(
  sql: Transaction,
  payment: RefundedPayment,
  { refundId, amountMinor }: { refundId: string; amountMinor: bigint },
  nowMs: number,
): Promise<bigint> {
  const feeMinor = feeReturnedMinor(
    payment,
    { refundedMinor: payment.promisedMinor, feeReturnedMinor: payment.feePromisedMinor },
    amountMinor,
  );
  if (amountMinor > feeMinor) {
    await hold(sql, {
      tenantId: payment.tenantId,
      holdId: refundHoldId(refundId),
      account: accountOf("merchant", payment.merchantId, payment.currency),
      amountMinor: amountMinor - feeMinor,
      memo: `refund of ${payment.paymentId}`,
      atMs: nowMs,
    });
  }
  return feeMinor;
}

/** Whether the payment can give back so much now; it may have been able to when it was first asked. */
export function requireRefundable(payment: RefundedPayment, amountMinor: bigint): void {
  const { status, paymentId, currency, capturedMinor, promisedMinor } = payment;
  if (fillsWallet(payment)) {
    throw new DomainError("invalid_state", `Cannot refund payment "${paymentId}": it fills a wallet.`, {
      field: "payment_id",
      nextMove: "Its money is in the wallet, or on the way there: spend or transfer it from there.",
    });
  }
  if (!PAYMENT_STATUSES[status].captured) {
    throw new DomainError("invalid_state", `Cannot refund payment "${paymentId}": it is ${status}.`, {
      field: "payment_id",
      nextMove: PAYMENT_STATUSES[status].final
        ? "Nothing was charged, so there is nothing to give back."
        : status === "requires_action"
        ? "Nothing is charged yet: the customer has to pass the challenge first, else the payment ends as failed."
        : "Wait until get_payment_status says succeeded.",
    });
  }
  const leftMinor = refundableMinor(payment, promisedMinor);
  if (amountMinor > 0n && amountMinor <= leftMinor) return;
  const show = (minor: bigint) => `${formatAmount(minor, currency)} ${currency}`;
  throw new DomainError(
    "refund_exceeds_captured",
    `Cannot refund ${show(amountMinor > 0n ? amountMinor : capturedMinor)} of payment "${paymentId}": of ${
      show(capturedMinor)
    } captured, ${show(promisedMinor)} was or is being refunded, ${show(leftMinor)} is left.`,
    {
      field: "amount",
      nextMove: leftMinor > 0n ? `Refund at most ${show(leftMinor)}.` : "Nothing is left to refund.",
    },
  );
}

/** Test methods leave nothing to chance: a refund is approved unless the method orders otherwise. */
function orderedDecision(paymentMethodId: string | null): RefundRisk["decision"] | null {
  const kind = testPaymentMethod(paymentMethodId ?? "")?.effect.kind;
  if (kind === undefined) return null;
  return kind === "refund_review" ? "review" : kind === "refund_refused" ? "refuse" : "approve";
}

async function earlierCall(
  sql: Transaction,
  { tenantId, principal, idempotencyKey: key }: RefundPaymentRequest,
  requestHash: string,
): Promise<BegunRefund | null> {
  const known = await findEarlierCall(sql, { tenantId, principal, key }, requestHash);
  if (known === null) return null;
  return known.response === null
    ? { kind: "open", refundId: known.resourceId }
    : { kind: "answered", answer: JSON.parse(known.response), replayed: true };
}
