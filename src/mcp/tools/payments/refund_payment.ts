import { z } from "zod";
import { refuseCardNumber } from "../../../core/card_number.ts";
import { refundPayment } from "../../../payments/refunds/refund_payment.ts";
import { approvalGiven, approvalOutput, approvalQuestion } from "../../approval_question.ts";
import { defineTool } from "../../define_tool.ts";
import * as params from "../../params.ts";
import { createdAt, tenantTime } from "../../times.ts";
import { amount, amountMinor, refundStatus, status, toldAt } from "./payment_output.ts";

export const refundPaymentTool = defineTool({
  name: "refund_payment",
  title: "Refund a payment",
  description:
    "Gives back a captured payment, in part or whole, to the card or wallet that paid. Judges the request by the " +
    "customer's refund history, the amount, the age and the reason: it is made, refused, or answered as pending_approval " +
    "until a person approves it on the approvals page, or the same call is repeated with the approval_token. Only a person " +
    "may decide that. " +
    "Never gives back more than was captured. Send an idempotency_key and repeat the same call after any failure. Do not " +
    "use it to cancel a payment that was never charged, nor again in parts or with another reason after it was refused.",
  scope: "payments",
  input: z.strictObject({
    payment_id: params.paymentId,
    amount: params.amount.optional().meta({
      type: ["number", "string"],
      description:
        'In the payment\'s currency, major units, positive and exact: 25 or "25.00". Left out: all that is left.',
      examples: ["25.00", 25],
    }),
    reason: params.refundReason.optional(),
    idempotency_key: params.idempotencyKey.optional(),
    approval_token: params.approvalToken.optional(),
    approved: params.approved.optional(),
  }),
  output: z.object({
    refund_id: z.string(),
    payment_id: z.string(),
    status: refundStatus.describe(
      "pending_approval waits for a person, processing and in_doubt for the provider; the others are final: refused by the " +
        "score, rejected by the person who was asked, expired because nobody answered.",
    ),
    amount,
    amount_minor: amountMinor,
    currency: z.string(),
    reason: z.string().nullable(),
    risk_score: z.number().describe(
      "0 to 100; a person is asked from review_at, it is refused from refuse_at.",
    ),
    risk: z.object({
      score: z.number(),
      review_at: z.number(),
      refuse_at: z.number(),
      probability: z.number().describe("That the reason would be found untrue."),
      decision: z.enum(["approve", "review", "refuse"]),
      decided_by: z.enum(["model", "test_payment_method", "open_dispute"]),
      reasons: z.array(z.object({ feature: z.string(), value: z.number(), effect: z.number() })).describe(
        "What moved the score most; effect in log-odds against an average request.",
      ),
      history: z.object({
        purchases: z.int(),
        payments_asked_back: z.int(),
        not_received: z.int(),
        found_untrue_ever: z.int(),
      }).describe("What the customer did in the 90 days before, other than about this payment."),
      model_version: z.string(),
    }),
    borne_by: z.object({
      merchant_minor: amountMinor,
      provider_fee_minor: amountMinor.describe("What the provider gives back of its fee, in proportion."),
    }).describe("Who gives the money. Zero until it is given back."),
    // Not in answers that were stored for replay before it was looked at.
    dispute: z.object({ told_at: toldAt, warning: z.string() }).nullable().optional().describe(
      "Set where the customer disputes the payment at their bank too: then a person decides.",
    ),
    refunded_to: z.string(),
    provider_refund_id: z.string().nullable(),
    failure_code: z.string().nullable(),
    payment: z.object({
      status,
      captured_minor: amountMinor,
      refunded_minor: amountMinor,
      refundable: amount,
      refundable_minor: amountMinor,
    }).describe("The payment after it."),
    approval: approvalOutput.describe(
      "Null unless pending_approval. Show the score's reasons to a person before you use the token.",
    ),
    created_at: createdAt,
    requested_at: tenantTime(
      "When it was asked for, or as simulated, and never before the payment, earlier refunds of it, and the entries of the " +
        "wallet that gets the money",
    ),
    // Not in answers that were stored for replay before it was kept.
    occurred_at: tenantTime(
      "When it ended, which is when its money moved; until then as requested_at. One that had to wait for a person or for " +
        "its provider's word ends when that came",
    ).optional(),
    next_move: z.string(),
    replayed: z.boolean().describe("Whether an earlier call made the refund."),
  }),
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  waiting: approvalQuestion(({ amount, currency, payment_id, reason, risk, dispute }) => {
    const { score, history } = risk as {
      score: number;
      history: { purchases: number; payments_asked_back: number; found_untrue_ever: number };
    };
    return `Refund ${amount} ${currency} of ${payment_id}${
      reason === null ? "" : ` (${reason})`
    }? Abuse score ${score} ` +
      `of 100: in 90 days the customer asked for ${history.payments_asked_back} of ${history.purchases} purchases back, ` +
      `and ${history.found_untrue_ever} requests were found untrue.${
        dispute === null ? "" : ` ${(dispute as { warning: string }).warning}`
      }`;
  }),
  handle: async (input, { caller, payments, simulatedAtMs, dismissed }) => {
    refuseCardNumber("reason", input.reason);
    const { answer, replayed } = await refundPayment(payments, {
      tenantId: caller.tenantId,
      principal: caller.principal,
      paymentId: input.payment_id,
      amount: input.amount,
      reason: input.reason ?? null,
      idempotencyKey: input.idempotency_key ?? null,
      ...approvalGiven(input, dismissed),
      simulatedAtMs,
    });
    return { answer: { ...answer, replayed } };
  },
});
