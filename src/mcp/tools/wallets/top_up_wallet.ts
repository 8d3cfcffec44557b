import { z } from "zod";
import { currencyOf, parseAmount } from "../../../core/money.ts";
import { topUpWallet } from "../../../wallets/top_up_wallet.ts";
import { defineTool } from "../../define_tool.ts";
import * as params from "../../params.ts";
import { amount, amountMinor, insufficientData, money, time } from "./wallet_output.ts";

export const topUpWalletTool = defineTool({
  name: "top_up_wallet",
  title: "Top a wallet up by card",
  description:
    "Charges the customer's card through the same screening and routing as create_payment and credits the wallet with " +
    "the whole amount; opens the wallet if need be. Recommends the next top-up, amount and date, from the spending " +
    "forecast. A decline is an answer. Send an idempotency_key and repeat the same call after any failure. Do not use it " +
    "to pay a merchant (create_payment) or to move money between wallets (transfer_funds).",
  scope: "wallets",
  input: z.strictObject({
    wallet_id: params.walletId,
    amount: params.amount,
    currency: params.currency.meta({ description: "The wallet's own." }),
    payment_method_id: params.paymentMethodId.optional(),
    idempotency_key: params.idempotencyKey.optional(),
  }),
  output: z.object({
    top_up_id: z.string(),
    status: z.enum(["charging", "succeeded", "declined", "failed"]).describe(
      "charging is not final: repeat the call with the same key. Only succeeded has credited the wallet.",
    ),
    wallet_id: z.string(),
    amount,
    amount_minor: amountMinor,
    currency: z.string(),
    payment_id: z.string().nullable().describe("For get_payment_status."),
    risk_score: z.number().nullable(),
    decline: z.object({ by: z.string(), code: z.string(), message: z.string() }).nullable(),
    available: money.describe("What the wallet can spend now."),
    recommendation: z.union([
      z.object({
        basis: z.string(),
        sample_size: z.int().describe("Days of history."),
        needed: z.literal(true),
        date: z.string().meta({ format: "date" }),
        amount,
        amount_minor: amountMinor,
        currency: z.string(),
        reason: z.string().describe("The figures it follows from."),
      }),
      z.object({ basis: z.string(), sample_size: z.int(), needed: z.literal(false), reason: z.string() }),
      insufficientData,
    ]).describe("The next top-up."),
    created_at: time,
    next_move: z.string(),
    replayed: z.boolean().describe("Whether an earlier call with this key began it."),
  }),
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  handle: async (input, { caller, wallets, simulatedAtMs }) => {
    currencyOf(input.currency);
    const currency = input.currency as string;
    const { answer, replayed } = await topUpWallet(wallets, {
      tenantId: caller.tenantId,
      principal: caller.principal,
      walletId: input.wallet_id,
      amountMinor: parseAmount(input.amount, currency),
      currency,
      paymentMethodId: input.payment_method_id ?? null,
      idempotencyKey: input.idempotency_key ?? null,
      simulatedAtMs,
    });
    return { answer: { ...answer, replayed } };
  },
});
