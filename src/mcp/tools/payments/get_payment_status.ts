import { z } from "zod";
import { getPaymentStatus } from "../../../payments/get_payment_status.ts";
import { defineTool } from "../../define_tool.ts";
import * as params from "../../params.ts";
import { realTime } from "../../times.ts";
import { amountMinor, paymentFields, refundable, refunds, toldAt } from "./payment_output.ts";

export const getPaymentStatusTool = defineTool({
  name: "get_payment_status",
  title: "Get a payment's status",
  description:
    "Reads one payment: its status, the timeline of what happened, its refunds, what can still be refunded, its ledger entries, how long " +
    "payments like it take to settle, and how likely a dispute is. Reads only what this server has recorded: it does not ask the provider and changes " +
    "nothing. Use it after an in_doubt or processing answer; do not use it to list payments.",
  scope: "payments",
  input: z.strictObject({ payment_id: params.paymentId }),
  output: z.object({
    ...paymentFields,
    description: z.string().nullable(),
    metadata: z.record(z.string(), z.string()).nullable().describe(
      "The labels that create_payment was given.",
    ),
    captured_minor: amountMinor,
    refunded_minor: amountMinor,
    refundable,
    refundable_minor: amountMinor,
    refunds,
    timeline: z.array(
      z.object({
        at: realTime("When it was recorded"),
        action: z.string(),
        details: z.record(z.string(), z.unknown()),
      }),
    ).describe(
      "What was done with it and its refunds, the oldest first; payment.disputed where its provider told that the customer " +
        "disputes it.",
    ),
    ledger: z.array(z.object({
      transfer_id: z.string(),
      account_id: z.string(),
      amount: z.string().describe("Signed: positive adds to the account."),
      amount_minor: amountMinor,
      currency: z.string(),
    })),
    time_to_settle: z.union([
      z.object({
        basis: z.string(),
        sample_size: z.number(),
        p50_ms: z.number(),
        p90_ms: z.number(),
        p99_ms: z.number(),
      }),
      z.object({ basis: z.literal("insufficient_data"), sample_size: z.number(), missing: z.string() }),
    ]).describe(
      "From creation to the final status: quantiles of this server's own payments, same provider and method.",
    ),
    dispute: z.union([
      z.object({
        basis: z.string(),
        probability: z.number().describe("That the payment, which nobody has disputed yet, will be."),
        sample_size: z.int().describe("Payments it was fitted on."),
        calibration_error: z.object({ value: z.number(), low: z.number(), high: z.number() }).describe(
          "Mean distance of predicted and observed shares on later payments, with a 95% interval.",
        ),
        within_days: z.int().describe("Days after the payment by which a dispute that comes has come."),
      }),
      z.object({ basis: z.literal("disputed"), probability: z.literal(1), told_at: toldAt }),
      z.object({ basis: z.literal("insufficient_data"), missing: z.string() }),
    ]).nullable().describe("How likely a chargeback is; null where no card was charged."),
  }),
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  handle: async (input, { caller, payments }) => ({
    answer: { ...await getPaymentStatus(payments, caller.tenantId, input.payment_id) },
  }),
});
