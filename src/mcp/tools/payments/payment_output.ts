import { z } from "zod";

/** The parts that create_payment and get_payment_status answer alike. */
export const status = z.enum(["processing", "in_doubt", "succeeded", "declined", "failed"]).describe(
  "processing and in_doubt are not final: ask get_payment_status. succeeded, declined and failed are final.",
);

export const risk = z.object({
  score: z.number().nullable(),
  decline_at: z.number(),
  probability: z.number().nullable().describe("Calibrated probability of fraud."),
  decision: z.enum(["approve", "decline"]).nullable(),
  decided_by: z.string().nullable(),
  rules: z.array(z.string()),
  reasons: z.array(z.object({ feature: z.string(), value: z.number(), effect: z.number() })).describe(
    "The features that moved the score most; effect in log-odds of fraud.",
  ),
  model_version: z.string().nullable(),
});

export const attempt = z.object({
  attempt: z.number(),
  provider: z.string(),
  outcome: z.enum(["approved", "declined", "unknown", "voided"]),
  code: z.string().nullable(),
  charge_id: z.string().nullable(),
  latency_ms: z.number(),
});

export const routing = z.object({
  provider: z.string(),
  expected_success: z.number().nullable(),
  sample_size: z.number().nullable(),
  reason: z.string().nullable(),
  attempts: z.array(attempt),
}).nullable();

export const decline = z.object({
  by: z.enum(["risk", "issuer", "wallet"]),
  code: z.string(),
  message: z.string(),
  retriable: z.boolean(),
}).nullable();

export const paymentFields = {
  payment_id: z.string(),
  status,
  amount: z.string(),
  amount_minor: z.number(),
  currency: z.string(),
  method: z.string(),
  customer_id: z.string(),
  merchant_id: z.string(),
  payment_method_id: z.string().nullable(),
  risk_score: z.number().nullable().describe(
    "0 to 100; 75 and above is declined. Null for unscreened history.",
  ),
  risk,
  routing,
  decline,
  fee: z.string(),
  fee_minor: z.number(),
  created_at: z.string(),
  occurred_at: z.string(),
  timings_ms: z.object({ queue: z.number(), screen: z.number(), charge: z.number() }),
  next_move: z.string(),
};
