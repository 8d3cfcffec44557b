import { DAY_MS } from "../features/windows.ts";
import type { RefundReason } from "./reasons.ts";

/** How far back a customer's purchases and requests are looked at. */
export const REFUND_WINDOW_MS = 90 * DAY_MS;

/** A refund as it is asked for. Amounts in US dollars at the fixed reference rate. */
export interface RefundAsked {
  readonly amountUsd: number;
  /** What was captured of the payment. */
  readonly capturedUsd: number;
  readonly paidAtMs: number;
  readonly requestedAtMs: number;
  readonly reason: RefundReason;
}

/**
 * The customer's last 90 days before this instant. Requests count once for each payment, and those for this very payment
 * do not count: a refund in ten parts is one request.
 */
export interface RefundHistory {
  readonly purchases: number;
  readonly purchasesUsd: number;
  readonly requests: number;
  readonly requestsUsd: number;
  /** Of the requests, those that claimed that nothing arrived. */
  readonly notReceived: number;
  /** Of all the customer's requests ever, those that were known by then to have been lies. */
  readonly foundUntrue: number;
}

export const REFUND_FEATURES = [
  "reason_not_as_described",
  "reason_not_received",
  "reason_duplicate",
  "amount_ln",
  "age_days_ln",
  "is_partial",
  "requests_90d_ln",
  "request_rate_90d_ln",
  "refunded_value_share_90d",
  "not_received_90d_ln",
  "found_untrue_ln",
] as const;

/** Where somebody with hardly a history stands: about one request in eighty purchases. */
const RATE_PRIOR = { requests: 0.3, purchases: 25 } as const;

/**
 * One request as the model's inputs, in the order of {@link REFUND_FEATURES}. The same code serves and trains.
 *
 * @param reasonShares of the training rows: what a reason that the model never saw is taken for, an average one
 */
export function refundFeatures(
  asked: RefundAsked,
  history: RefundHistory,
  reasonShares: readonly [number, number, number] = [0, 0, 0],
): number[] {
  const is = (reason: RefundReason, place: 0 | 1 | 2) =>
    asked.reason === "other" ? reasonShares[place] : asked.reason === reason ? 1 : 0;
  const ageDays = Math.max(0, asked.requestedAtMs - asked.paidAtMs) / DAY_MS;
  return [
    is("not_as_described", 0),
    is("not_received", 1),
    is("duplicate", 2),
    Math.log1p(asked.amountUsd),
    Math.log1p(ageDays),
    asked.amountUsd < asked.capturedUsd * 0.999 ? 1 : 0,
    Math.log1p(history.requests),
    Math.log((history.requests + RATE_PRIOR.requests) / (history.purchases + RATE_PRIOR.purchases)),
    Math.min(1, history.requestsUsd / (history.purchasesUsd + asked.capturedUsd + 1)),
    Math.log1p(history.notReceived),
    Math.log1p(history.foundUntrue),
  ];
}
