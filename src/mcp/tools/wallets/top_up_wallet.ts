import { z } from "zod";
import { currencyOf, parseAmount } from "../../../core/money.ts";
import { topUpWallet } from "../../../wallets/top_up_wallet.ts";
import { challengeQuestion, confirmationOf } from "../../challenge_question.ts";
import { defineTool } from "../../define_tool.ts";
import * as params from "../../params.ts";
import { createdAt, expiresAt, tenantDay, tenantTime } from "../../times.ts";
import { amount, amountMinor, insufficientData, money } from "./wallet_output.ts";

export const topUpWalletTool = defineTool({
  name: "top_up_wallet",
  title: "Top a wallet up by card",
  description:
    "Charges the customer's card through the same screening and routing as create_payment and credits the wallet with " +
    "the whole amount; opens the wallet if need be. Recommends the next top-up, amount and date, from the spending " +
    "forecast. A decline is an answer; requires_action means that the card's holder has to pass a 3-D Secure challenge " +
    "first: ask the customer, then repeat the call with confirm_token and challenge_answer. Send an idempotency_key and " +
    "repeat the same call after any failure. Do not use it to pay a merchant (create_payment) or to move money between " +
    "wallets (transfer_funds).",
  scope: "wallets",
  input: z.strictObject({
    wallet_id: params.walletId,
    amount: params.amount,
    currency: params.currency.meta({ description: "The wallet's own." }),
    payment_method_id: params.paymentMethodId.optional(),
    idempotency_key: params.idempotencyKey.optional(),
    confirm_token: params.confirmToken.optional(),
    challenge_answer: params.challengeAnswer.optional(),
  }),
  output: z.object({
    top_up_id: z.string(),
    status: z.enum(["charging", "in_doubt", "requires_action", "succeeded", "declined", "failed"]).describe(
      "charging and in_doubt are not final: repeat the call with the same key or, where it had none, ask get_payment_status. requires_action waits for the customer's answer to a " +
        "challenge. Only succeeded has credited the wallet.",
    ),
    wallet_id: z.string(),
    amount,
    amount_minor: amountMinor,
    currency: z.string(),
    payment_id: z.string().nullable().describe("For get_payment_status."),
    risk_score: z.number().nullable(),
    decline: z.object({ by: z.string(), code: z.string(), message: z.string() }).nullable(),
    challenge: z.object({
      asked_by: z.enum(["issuer", "risk"]),
      about: z.string(),
      expires_at: expiresAt,
      confirm_token: z.string().describe("For the same call again, with challenge_answer."),
    }).nullable().describe("What the customer has to do; null unless requires_action."),
    available: money.describe("What the wallet can spend now."),
    recommendation: z.union([
      z.object({
        basis: z.string(),
        sample_size: z.int().describe("Days of history."),
        needed: z.literal(true),
        date: tenantDay("By which it is needed"),
        amount,
        amount_minor: amountMinor,
        currency: z.string(),
        reason: z.string().describe("The figures it follows from."),
      }),
      z.object({ basis: z.string(), sample_size: z.int(), needed: z.literal(false), reason: z.string() }),
      insufficientData,
    ]).describe("The next top-up."),
    created_at: createdAt,
    // Not in answers that were stored for replay before it was kept.
    occurred_at: tenantTime(
      "When its money came into the wallet, and until then the time of its payment: when it was made, or as simulated, and " +
        "never before what the wallet, the customer and the card have had already. One that had to wait for the card's " +
        "holder or the provider's word came in when that was over",
    ).optional(),
    next_move: z.string(),
    replayed: z.boolean().describe("Whether an earlier call with this key began it."),
  }),
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  waiting: challengeQuestion(({ amount, currency, wallet_id }) => `${amount} ${currency}, to ${wallet_id}`),
  handle: async (input, { caller, wallets, simulatedAtMs, dismissed }) => {
    const confirmation = confirmationOf(input, dismissed);
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
      confirmation,
      simulatedAtMs,
    });
    return { answer: { ...answer, replayed } };
  },
});
