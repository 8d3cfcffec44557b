import { nextMoveOfWaiting, type WaitingApproval } from "../../core/approval_ways.ts";
import { toRfc3339 } from "../../core/clock.ts";
import { formatAmount } from "../../core/money.ts";
import type { RefundHistory } from "../../fraud/refunds/refund_features.ts";
import { type RefundModel, type RefundRisk, REVIEW_AT_SCORE } from "../../fraud/refunds/refund_model.ts";
import type { PaymentStatus } from "../payment.ts";

/**
 * A refund's life. What is open is driven to its end without the client; what waits for a person ends with its expiry.
 *
 *   (asked)          ─► processing | pending_approval | refused
 *   pending_approval ─► processing | rejected | expired | failed (approved, but given back by others meanwhile)
 *   processing       ─► succeeded | failed | in_doubt
 *   in_doubt         ─► succeeded | failed
 */
export type RefundStatus =
  | "pending_approval"
  | "processing"
  | "in_doubt"
  | "succeeded"
  | "refused"
  | "rejected"
  | "expired"
  | "failed";

export const REFUND_STATUSES = {
  pending_approval: {
    final: false,
    about: "A person has to approve it; nothing is set aside until then.",
    // A person decides; each answer says where and by what (see newRefundAnswer).
    nextMove: "A person has to decide it.",
  },
  processing: {
    final: false,
    about: "Stored, with the money set aside; the provider's answer is not in yet.",
    nextMove: "Call verify_payment in a second; its refunds tell how this one ended. Do not refund again.",
  },
  in_doubt: {
    final: false,
    about: "The provider did not answer in time: it is unknown whether it gave the money back.",
    nextMove:
      "Call verify_payment in a few seconds; its refunds tell how this one ended. It is being settled: do not refund again.",
  },
  succeeded: { final: true, about: "Given back and booked.", nextMove: "Nothing is left to do." },
  refused: {
    final: true,
    about: "Refused by the refund-abuse score; nothing was given back.",
    nextMove: "Do not repeat it in parts or with another reason. Show the reasons to a person.",
  },
  rejected: {
    final: true,
    about: "The person who was asked said no; nothing was given back.",
    nextMove: "Tell the customer. Do not ask again.",
  },
  expired: {
    final: true,
    about: "Nobody approved it in time; nothing was given back.",
    nextMove: "Ask for the refund again with a new idempotency key, without approval_token.",
  },
  failed: {
    final: true,
    about:
      "The provider would not give the money back, or others had it before a person approved; nothing is set aside.",
    nextMove: "Call verify_payment to see what the provider knows of the charge.",
  },
} as const satisfies Record<RefundStatus, { final: boolean; about: string; nextMove: string }>;

/** A refund as asked for. */
export interface RefundPaymentRequest {
  readonly tenantId: string;
  /** Who asks: idempotency keys and approval tokens belong to it. */
  readonly principal: string;
  readonly paymentId: string;
  /**
   * As the caller wrote it, in the payment's currency; undefined for all that is left. A null is no amount: whoever
   * meant to send one and did not have it must not give everything back.
   */
  readonly amount: unknown;
  readonly reason: string | null;
  readonly idempotencyKey: string | null;
  readonly approvalToken: string | null;
  /** With a token: false where the person said no, null where nobody answered, which leaves it waiting. */
  readonly approved: boolean | null;
  /** The request's own time in a simulated world; null for now. */
  readonly simulatedAtMs: number | null;
}

/** What refund_payment answers, and what a repeated call gets again to the letter. */
export interface RefundAnswer {
  refund_id: string;
  payment_id: string;
  status: RefundStatus;
  amount: string;
  amount_minor: number;
  currency: string;
  reason: string | null;
  risk_score: number;
  risk: {
    score: number;
    review_at: number;
    refuse_at: number;
    probability: number;
    decision: RefundRisk["decision"];
    decided_by: RefundRisk["decidedBy"];
    reasons: { feature: string; value: number; effect: number }[];
    /** What the customer did in the 90 days before. */
    history: {
      purchases: number;
      payments_asked_back: number;
      not_received: number;
      found_untrue_ever: number;
    };
    model_version: string;
  };
  /** Who gives the money: the provider its share of the fee, the merchant the rest. Zero until it is given back. */
  borne_by: { merchant_minor: number; provider_fee_minor: number };
  /** That the customer disputes the payment too, when it was asked for; null where nobody told of that. */
  dispute: { told_at: string; warning: string } | null;
  refunded_to: string;
  provider_refund_id: string | null;
  failure_code: string | null;
  payment: {
    status: PaymentStatus;
    captured_minor: number;
    refunded_minor: number;
    refundable: string;
    refundable_minor: number;
  };
  /** How a person decides it; null unless it waits for one. */
  approval: WaitingApproval | null;
  /** By the real clock. */
  created_at: string;
  /** By the tenant's clock, as is what follows. */
  requested_at: string;
  /** When it ended, which is when its money moved; until then when it was asked for. */
  occurred_at: string;
  next_move: string;
}

/** The payment that money is given back of, as it is while its row is locked. */
export interface RefundedPayment {
  readonly tenantId: string;
  readonly paymentId: string;
  readonly status: PaymentStatus;
  readonly currency: string;
  readonly capturedMinor: bigint;
  readonly refundedMinor: bigint;
  readonly feeMinor: bigint;
  readonly customerId: string;
  readonly merchantId: string;
  readonly paymentMethodId: string | null;
  /** Null: a wallet paid. */
  readonly provider: string | null;
  readonly chargeNumber: number;
  readonly occurredAtMs: number;
  /** Of refunds that are under way, or were made: their amounts and their shares of the fee. */
  readonly promisedMinor: bigint;
  readonly feePromisedMinor: bigint;
}

export function newRefundAnswer(
  refund: {
    refundId: string;
    status: RefundStatus;
    amountMinor: bigint;
    reason: string | null;
    approval: RefundAnswer["approval"];
    createdAtMs: number;
    requestedAtMs: number;
    disputedAt: Date | null;
  },
  payment: RefundedPayment,
  risk: RefundRisk,
  history: RefundHistory,
  model: RefundModel,
): RefundAnswer {
  const { status, amountMinor } = refund;
  const { currency } = payment;
  return {
    refund_id: refund.refundId,
    payment_id: payment.paymentId,
    status,
    amount: formatAmount(amountMinor, currency),
    amount_minor: Number(amountMinor),
    currency,
    reason: refund.reason,
    risk_score: risk.score,
    risk: {
      score: risk.score,
      review_at: REVIEW_AT_SCORE,
      refuse_at: model.refuseAtScore,
      probability: Number(risk.probability.toPrecision(4)),
      decision: risk.decision,
      decided_by: risk.decidedBy,
      reasons: risk.reasons.map(({ feature, value, effect }) => ({
        feature,
        value: Number(value.toPrecision(4)),
        effect: Number(effect.toPrecision(4)),
      })),
      history: {
        purchases: history.purchases,
        payments_asked_back: history.requests,
        not_received: history.notReceived,
        found_untrue_ever: history.foundUntrue,
      },
      model_version: risk.modelVersion,
    },
    borne_by: { merchant_minor: 0, provider_fee_minor: 0 },
    dispute: refund.disputedAt === null ? null : {
      told_at: refund.disputedAt.toISOString(),
      warning: DISPUTE_WARNING,
    },
    refunded_to: payment.provider === null
      ? `wallet:${payment.customerId}:${currency}`
      : payment.paymentMethodId ?? "card",
    provider_refund_id: null,
    failure_code: null,
    payment: paymentPart(payment, {
      promisedMinor: payment.promisedMinor + (status === "processing" ? amountMinor : 0n),
    }),
    approval: refund.approval,
    created_at: toRfc3339(refund.createdAtMs),
    requested_at: toRfc3339(refund.requestedAtMs),
    occurred_at: toRfc3339(refund.requestedAtMs),
    next_move: refund.approval === null
      ? REFUND_STATUSES[status].nextMove
      : nextMoveOfWaiting(refund.approval, {
        shown: "the score and its reasons",
        tells: "get_payment_status tells how it ended",
      }),
  };
}

const DISPUTE_WARNING =
  "The customer disputes this payment at their bank, which may give the money back as well: refunded too, it would go " +
  "back twice.";

/**
 * The payment as an answer tells it. `refundable` is what the next call may ask for: what is in doubt or under way
 * counts as given back, what waits for a person does not, for nothing is set aside for it.
 *
 * @param change what this transaction does to the row that was read
 */
export function paymentPart(
  payment: Pick<RefundedPayment, "capturedMinor" | "currency" | "status" | "refundedMinor" | "promisedMinor">,
  change: Partial<Pick<RefundedPayment, "status" | "refundedMinor" | "promisedMinor">> = {},
): RefundAnswer["payment"] {
  const { capturedMinor, currency, status, refundedMinor, promisedMinor } = { ...payment, ...change };
  return {
    status,
    captured_minor: Number(capturedMinor),
    refunded_minor: Number(refundedMinor),
    refundable: formatAmount(capturedMinor - promisedMinor, currency),
    refundable_minor: Number(capturedMinor - promisedMinor),
  };
}

/** The id of the transfer that books a refund, and of the hold before it. */
export function refundTransferId(refundId: string): string {
  return `tr_${refundId.slice(3)}`;
}

export function refundHoldId(refundId: string): string {
  return `hold_${refundId.slice(3)}`;
}

/** The key a provider knows the refund by. */
export function refundKeyOf(tenantId: string, refundId: string): string {
  return `${tenantId}/${refundId}`;
}
