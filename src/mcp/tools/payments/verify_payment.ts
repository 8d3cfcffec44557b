import { z } from "zod";
import { verifyPayment } from "../../../payments/verify_payment.ts";
import { defineTool } from "../../define_tool.ts";
import * as params from "../../params.ts";
import { realTime } from "../../times.ts";
import { amountMinor, refundable, refunds, status } from "./payment_output.ts";

const minor = z.int().nullable();

export const verifyPaymentTool = defineTool({
  name: "verify_payment",
  title: "Verify a payment",
  description:
    "Asks the provider what really happened to one payment. Settles it, and refunds of it, if they are in doubt: booked " +
    "if the provider charged or gave back, failed for good if not. Compares provider, ledger and record field by field, and scores how unusual the " +
    "payment is for its customer and merchant. Use it for in_doubt payments and before disputing an outcome. Do not use " +
    "it to poll a payment that is processing (get_payment_status), nor to decide whether to accept a new one.",
  scope: "payments",
  input: z.strictObject({ payment_id: params.paymentId }),
  output: z.object({
    payment_id: z.string(),
    status,
    status_before: status,
    settled_now: z.boolean().describe("Whether this call brought the payment to its end."),
    verified_at: realTime("When the books were compared"),
    provider_charges: z.array(z.object({
      provider: z.string(),
      key: z.string().describe("What the provider knows the charge by."),
      state: z.enum(["approved", "declined", "refused", "voided", "requires_action", "none", "no_answer"]),
      charge_id: z.string().nullable(),
      amount: z.string().nullable(),
      amount_minor: minor,
      currency: z.string().nullable(),
      refunded_minor: minor,
    })).describe("Each provider that was asked, in its own words; empty when a wallet paid."),
    refunds,
    refundable,
    refundable_minor: amountMinor,
    comparison: z.array(z.object({
      field: z.string(),
      record: z.string().nullable(),
      ledger: z.string().nullable(),
      provider: z.string().nullable(),
      agrees: z.boolean().nullable().describe("Null while the provider does not answer."),
    })).describe("The same fact in three books; null where a book does not keep it."),
    consistent: z.boolean().nullable().describe("Whether all agree; null while a provider does not answer."),
    anomaly: z.union([
      z.object({
        basis: z.string(),
        score: z.number().describe("0 to 100; 99 and above is rare even among many payments."),
        parts: z.array(z.object({
          name: z.enum([
            "amount_for_customer",
            "amount_for_merchant",
            "hour_for_customer",
            "merchant_for_customer",
          ]),
          value: z.string(),
          usual: z.string(),
          z: z.number().nullable().describe("Robust z of the logarithm of the amount."),
          tail: z.number().describe("Probability of something at least as unusual."),
          sample_size: z.int(),
        })),
        sample_size: z.int(),
      }),
      z.object({ basis: z.literal("insufficient_data"), sample_size: z.int(), missing: z.string() }),
    ]).describe("How unusual the payment is beside those before it. Not the fraud screen's score."),
    next_move: z.string(),
  }),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  handle: async (input, { caller, payments }) => ({
    answer: { ...await verifyPayment(payments, caller.tenantId, input.payment_id) },
  }),
});
