import { html } from "hono/html";
import { formatAmount } from "../../core/money.ts";
import type { REFUND_FEATURES } from "../../fraud/refunds/refund_features.ts";
import { isGivenBackByOthers } from "../../payments/refunds/approve_refund.ts";
import type { RefundForPerson } from "../../payments/refunds/refunds_for_person.ts";
import type { ApprovalItem } from "./approval_item.ts";
import { momentOf, money, named } from "./show.ts";

/** A refund that needs, or needed, a person. */
export function refundItem(refund: RefundForPerson): ApprovalItem {
  const { answer } = refund;
  const { risk, currency } = answer;
  const show = (minor: bigint) => money(formatAmount(minor, currency), currency);
  const asked = money(answer.amount, currency);
  return {
    kind: "refund",
    id: refund.refundId,
    title: `Refund of ${asked} to ${refund.customerName}`,
    facts: [
      { label: "Customer", value: named(refund.customerName, refund.customerId) },
      { label: "Reason given", value: answer.reason === null ? "None" : html`<bdi>${answer.reason}</bdi>` },
      {
        label: "Payment",
        value: html`<code>${answer.payment_id}</code> of ${show(refund.capturedMinor)}, paid ${
          momentOf(refund.paidAtMs)
        }`,
      },
      { label: "Already given back", value: show(refund.promisedMinor) },
      { label: "Merchant", value: named(refund.merchantName, refund.merchantId) },
      { label: "Goes to", value: html`<code>${answer.refunded_to}</code>` },
    ],
    risk: { name: "Abuse score", score: risk.score, askAt: risk.review_at, refuseAt: risk.refuse_at },
    why: risk.decided_by === "test_payment_method"
      ? "The payment was made by a test method that orders a person’s decision, whatever the score."
      : risk.decided_by === "open_dispute"
      ? "The payment is disputed as well; the score alone would have let it pass."
      : `The score puts the chance that the reason is untrue at ${percent(risk.probability)}.`,
    obstacle: refund.status === "pending_approval" &&
        isGivenBackByOthers(refund, BigInt(answer.amount_minor))
      ? `It can no longer be paid: of ${show(refund.capturedMinor)} captured, ${
        show(refund.refundedMinor)
      } has been given back meanwhile. Approved, it ends as failed.`
      : null,
    outcome: refund.status === "failed" ? answer.next_move : null,
    evidence: [
      // Answers from before disputes were looked at say nothing of them.
      ...(answer.dispute ? [{ what: "Dispute", figures: answer.dispute.warning }] : []),
      {
        what: "The customer’s last 90 days, other payments only",
        figures: `${risk.history.payments_asked_back} of ${risk.history.purchases} purchases asked back, ` +
          `${risk.history.not_received} of them as never arrived`,
      },
      { what: "Requests ever found untrue", figures: String(risk.history.found_untrue_ever) },
      ...risk.reasons.map(({ feature, value, effect }) => ({
        what: FEATURES[feature as RefundFeature].name,
        figures: `${FEATURES[feature as RefundFeature].show(value, asked)}: ${
          effect > 0 ? "raises" : effect < 0 ? "lowers" : "leaves"
        } the score${effect === 0 ? " as it is" : ` by ${Math.abs(effect).toFixed(2)} in log-odds`}`,
      })),
    ],
    askedBy: refund.askedBy,
    askedAtMs: refund.askedAtMs,
    expiresAtMs: refund.expiresAtMs,
    status: refund.status,
  };
}

type RefundFeature = typeof REFUND_FEATURES[number];

/** The model's inputs in a person's words; most of them are logarithms, which nobody reads. */
const FEATURES = {
  reason_not_as_described: { name: "Reason “not as described”", show: yesOrNo },
  reason_not_received: { name: "Reason “not received”", show: yesOrNo },
  reason_duplicate: { name: "Reason “duplicate”", show: yesOrNo },
  // The rounded logarithm would give another amount back.
  amount_ln: { name: "Amount", show: (_value, asked) => asked },
  age_days_ln: { name: "Time since the payment", show: (value) => `${Math.expm1(value).toFixed(1)} days` },
  is_partial: { name: "Only a part of the payment", show: yesOrNo },
  requests_90d_ln: { name: "Payments asked back in 90 days", show: countOf },
  request_rate_90d_ln: {
    name: "Asked back for each purchase, starting from an average customer",
    show: (value) => percent(Math.exp(value)),
  },
  refunded_value_share_90d: { name: "Share of the money spent that was asked back", show: percent },
  not_received_90d_ln: { name: "Claims in 90 days that nothing arrived", show: countOf },
  found_untrue_ln: { name: "Requests found untrue before", show: countOf },
} as const satisfies Record<RefundFeature, { name: string; show: (value: number, asked: string) => string }>;

function yesOrNo(value: number): string {
  return value >= 0.5 ? "yes" : "no";
}

function countOf(value: number): string {
  return String(Math.round(Math.expm1(value)));
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}%`;
}
