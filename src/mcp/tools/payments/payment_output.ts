import { z } from "zod";
import { createdAt, expiresAt, realTime, tenantTime } from "../../times.ts";

/** The parts that create_payment and get_payment_status answer alike. */
export const status = z.enum([
  "processing",
  "requires_action",
  "in_doubt",
  "succeeded",
  "partially_refunded",
  "refunded",
  "declined",
  "failed",
]).describe(
  "processing and in_doubt are not final: ask get_payment_status. requires_action waits for the customer's answer to a " +
    "challenge. The others are final; a succeeded payment may be refunded.",
);

export const amount = z.string().describe('Major units with the currency\'s decimals, such as "100.00".');
export const amountMinor = z.int().describe("Minor units, such as cents.");
/** Of a dispute. */
export const toldAt = realTime("When the provider told of it");
const latencyMs = z.number().describe("Milliseconds.");

export const risk = z.object({
  score: z.number().nullable().describe("0 to 100; null for unscreened history."),
  decline_at: z.number().describe("Scores from here on are declined."),
  step_up_at: z.number().nullable().describe(
    "Scores from here on, below decline_at, have to pass a challenge; null where that is switched off.",
  ),
  probability: z.number().nullable().describe("Calibrated probability of fraud."),
  decision: z.enum(["approve", "step_up", "decline"]).nullable(),
  decided_by: z.string().nullable().describe(
    "model, rule, test_payment_method, or exploration: the model would have declined it, and chance let it pass.",
  ),
  // Not in answers that were stored for replay before it was kept.
  propensity: z.number().nullable().optional().describe(
    "Probability with which the screen let this payment pass: 1 or 0, between them where chance decides about what the " +
      "model would decline; null where it was not kept.",
  ),
  rules: z.array(z.string()).describe("Rules that fired."),
  reasons: z.array(
    z.object({ feature: z.string(), value: z.union([z.number(), z.string()]), effect: z.number() }),
  ).describe(
    "The features that moved the score most; effect in log-odds of fraud. A category's value is " +
      "its name; `code 123` where the model does not know the name.",
  ),
  model_version: z.string().nullable(),
});

const expectation = {
  expected_success: z.number().nullable().describe("Probability of success, estimated from past payments."),
  expected_fee: amount.nullable(),
  expected_fee_minor: amountMinor.nullable(),
  reason: z.string().nullable().describe("Why this provider."),
};

export const attempt = z.object({
  attempt: z.int().describe("From 1."),
  provider: z.string(),
  outcome: z.enum(["approved", "declined", "refused", "unknown", "voided", "requires_action"]).describe(
    "refused: the provider would not take the charge and the issuer was not asked.",
  ),
  code: z.string().nullable().describe(
    "The reason for a decline or refusal, how 3-D Secure went, or how the outcome was learned.",
  ),
  charge_id: z.string().nullable().describe("The provider's own id of the charge."),
  latency_ms: latencyMs,
  ...expectation,
});

export const routing = z.object({
  provider: z.string().describe("The provider asked last."),
  ...expectation,
  sample_size: z.number().nullable().describe("Past payments of the same kind, fading with age."),
  attempts: z.array(attempt),
}).nullable().describe("Null when a wallet pays, or nothing was charged.");

export const decline = z.object({
  by: z.enum(["risk", "issuer", "wallet"]),
  code: z.string(),
  message: z.string(),
  retriable: z.boolean(),
}).nullable().describe("Null unless declined.");

export const refundStatus = z.enum([
  "pending_approval",
  "processing",
  "in_doubt",
  "succeeded",
  "refused",
  "rejected",
  "expired",
  "failed",
]);

export const refunds = z.array(z.object({
  refund_id: z.string(),
  status: refundStatus,
  amount,
  amount_minor: amountMinor,
  reason: z.string().nullable(),
  risk_score: z.number().nullable(),
  provider_refund_id: z.string().nullable(),
  requested_at: tenantTime("When it was asked for"),
  finished_at: tenantTime("When it ended, which is when its money moved").nullable().describe(
    "Null while it waits or is under way.",
  ),
})).describe("What was asked back of it, the oldest first.");

export const refundable = amount.describe(
  "What refund_payment takes at most: what was captured less what was or is being given back. What waits for a person's " +
    "approval has nothing set aside and counts as refundable still; of a disputed payment every refund waits for a person.",
);

export const challenge = z.object({
  asked_by: z.enum(["issuer", "risk"]),
  about: z.string(),
  expires_at: expiresAt,
  confirm_token: z.string().nullable().describe(
    "For create_payment; null in a later reading of the payment.",
  ),
}).nullable().describe("What the customer has to do; null unless requires_action.");

export const paymentFields = {
  payment_id: z.string().describe("For get_payment_status."),
  status,
  amount,
  amount_minor: amountMinor,
  currency: z.string(),
  method: z.string(),
  customer_id: z.string(),
  merchant_id: z.string(),
  payment_method_id: z.string().nullable(),
  risk_score: z.number().nullable().describe(
    "0 to 100; 75 and above is declined, a band below it has to pass a challenge. Null for unscreened history.",
  ),
  risk,
  routing,
  decline,
  challenge,
  fee: amount,
  fee_minor: amountMinor,
  created_at: createdAt,
  occurred_at: tenantTime(
    "The payment's own time: when it was made, or as simulated, and never before what its customer, card, device, " +
      "merchant and wallet have had already",
  ),
  // Not in answers that were stored for replay before it was kept.
  time_shift_s: z.int().optional().describe(
    "Seconds that occurred_at lies after created_at: not 0 where a simulated time was set, for this payment or for an " +
      "earlier one. A time ahead takes the tenant's clock there for good: what comes later without a time of its own is as " +
      "long after it as has really passed since.",
  ),
  timings_ms: z.object({
    queue: latencyMs.nullable(),
    screen: latencyMs.nullable(),
    charge: latencyMs.nullable().describe("Milliseconds, all providers together; null where none was asked."),
  }).describe("Null where it was never measured."),
  next_move: z.string().describe("What the status means for you."),
};
