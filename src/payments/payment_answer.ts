import { toRfc3339 } from "../core/clock.ts";
import { formatAmount } from "../core/money.ts";
import { DECLINE_AT_SCORE } from "../fraud/screen_payment.ts";
import { DECLINE_CODES, type DeclineCode } from "../providers/decline_codes.ts";
import type { AcceptedPayment } from "./accept_payments.ts";
import { timeShiftS } from "./simulated_time.ts";
import type { SettledRoute } from "./settle_payments.ts";
import { type DeclineReasonCode, PAYMENT_STATUSES, type PaymentStatus } from "./payment.ts";

/** What create_payment answers, and what a repeated call gets again to the letter. */
export interface PaymentAnswer {
  payment_id: string;
  status: PaymentStatus;
  amount: string;
  amount_minor: number;
  currency: string;
  method: string;
  customer_id: string;
  merchant_id: string;
  payment_method_id: string | null;
  /** Null for simulated history, which was never screened. */
  risk_score: number | null;
  risk: {
    score: number | null;
    decline_at: number;
    step_up_at: number | null;
    probability: number | null;
    decision: "approve" | "step_up" | "decline" | null;
    decided_by: string | null;
    /** The probability with which the screen let this payment pass; null where it was not kept. */
    propensity: number | null;
    rules: string[];
    reasons: { feature: string; value: number | string; effect: number }[];
    model_version: string | null;
  };
  routing: {
    /** The provider asked last; `attempts` has all. */
    provider: string;
    expected_success: number | null;
    /** Known to the call that chose the route, not to a later reading. */
    sample_size: number | null;
    expected_fee: string | null;
    expected_fee_minor: number | null;
    reason: string | null;
    attempts: PaymentAttempt[];
  } | null;
  decline:
    | { by: "risk" | "issuer" | "wallet"; code: DeclineReasonCode; message: string; retriable: boolean }
    | null;
  /** What the customer has to do before the payment goes on. */
  challenge: {
    asked_by: "issuer" | "risk";
    about: string;
    expires_at: string;
    /** For the caller that made the payment; null in a later reading. */
    confirm_token: string | null;
  } | null;
  fee: string;
  fee_minor: number;
  created_at: string;
  occurred_at: string;
  time_shift_s: number;
  /** Null where it was never measured, or where it is not known any more. */
  timings_ms: { queue: number | null; screen: number | null; charge: number | null };
  next_move: string;
}

export interface PaymentAttempt {
  attempt: number;
  provider: string;
  outcome: "approved" | "declined" | "refused" | "unknown" | "voided" | "requires_action";
  code: string | null;
  charge_id: string | null;
  latency_ms: number;
  expected_success: number | null;
  expected_fee: string | null;
  expected_fee_minor: number | null;
  reason: string | null;
}

/** A payment refused in transaction 1: no provider was asked. */
export function declinedAnswer(
  payment: AcceptedPayment,
  decline: { by: "risk" | "wallet"; code: DeclineReasonCode },
): PaymentAnswer {
  return {
    ...baseAnswer(payment, "declined"),
    decline: { ...decline, message: declineMessage(decline.code), retriable: false },
  };
}

/** A wallet's payment that waits for its owner's word: no provider is asked. */
export function challengedAnswer(payment: AcceptedPayment, expiresAtMs: number): PaymentAnswer {
  return { ...baseAnswer(payment, "requires_action"), challenge: challengeOf("risk", expiresAtMs) };
}

export function challengeOf(askedBy: "issuer" | "risk", expiresAtMs: number): PaymentAnswer["challenge"] {
  return {
    asked_by: askedBy,
    about: askedBy === "issuer"
      ? "The card's issuer wants its holder to confirm the payment (3-D Secure)."
      : "The fraud screen wants the customer to confirm the payment.",
    expires_at: toRfc3339(expiresAtMs),
    confirm_token: null,
  };
}

/** The answer before any provider's word: status, risk and route. */
export function baseAnswer(payment: AcceptedPayment, status: PaymentStatus): PaymentAnswer {
  const { item: { request, references, paymentId }, risk, route } = payment;
  return {
    payment_id: paymentId,
    status,
    amount: formatAmount(request.amountMinor, request.currency),
    amount_minor: Number(request.amountMinor),
    currency: request.currency,
    method: request.method,
    customer_id: request.customerId,
    merchant_id: references.merchant.merchantId,
    payment_method_id: references.paymentMethod?.paymentMethodId ?? null,
    risk_score: risk.score,
    risk: {
      score: risk.score,
      decline_at: DECLINE_AT_SCORE,
      step_up_at: payment.stepUpAt,
      probability: significant(risk.probability),
      decision: risk.decision,
      decided_by: risk.decidedBy,
      propensity: risk.propensity,
      rules: [...risk.rules],
      reasons: risk.reasons.map(({ feature, value, effect }) => ({
        feature,
        value: typeof value === "string" ? value : significant(value),
        effect: significant(effect),
      })),
      model_version: risk.modelVersion,
    },
    routing: route === null ? null : { ...routeAnswer(route, request.currency), attempts: [] },
    decline: null,
    challenge: null,
    fee: formatAmount(0n, request.currency),
    fee_minor: 0,
    created_at: toRfc3339(payment.createdAtMs),
    occurred_at: toRfc3339(payment.occurredAtMs),
    time_shift_s: timeShiftS(payment.createdAtMs, payment.occurredAtMs),
    timings_ms: {
      queue: milliseconds(payment.timingsMs.queue),
      screen: milliseconds(payment.timingsMs.screen),
      charge: null,
    },
    next_move: PAYMENT_STATUSES[status].nextMove,
  };
}

/** Where a payment goes, what is expected of it there, and why. */
export function routeAnswer(route: SettledRoute, currency: string) {
  return {
    provider: route.provider,
    expected_success: route.expectedSuccess === null ? null : significant(route.expectedSuccess),
    sample_size: route.sampleSize,
    expected_fee: formatAmount(route.feeMinor, currency),
    expected_fee_minor: Number(route.feeMinor),
    reason: route.reason,
  };
}

export function declineMessage(code: DeclineReasonCode): string {
  if (code === "fraud_suspected") return "The fraud screen declined the payment; the issuer was not asked.";
  if (code === "wallet_insufficient_funds") return "The wallet does not hold the amount.";
  return DECLINE_CODES[code].message;
}

/** Whether the same card may be accepted later: the issuers' soft declines. */
export function declineIsRetriable(code: DeclineCode): boolean {
  return DECLINE_CODES[code].soft;
}

export function milliseconds(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Four significant digits: what a reader can use of a statistic. */
export function significant(value: number): number {
  return Number(value.toPrecision(4));
}
