import { z } from "zod";
import { refuseCardNumber } from "../../../core/card_number.ts";
import { currencyOf, parseAmount } from "../../../core/money.ts";
import { transferFunds } from "../../../wallets/transfer_funds.ts";
import { approvalGiven, approvalOutput, approvalQuestion } from "../../approval_question.ts";
import { defineTool } from "../../define_tool.ts";
import * as params from "../../params.ts";
import { createdAt, tenantTime } from "../../times.ts";
import { amount, amountMinor, money } from "./wallet_output.ts";

export const transferFundsTool = defineTool({
  name: "transfer_funds",
  title: "Transfer money between wallets",
  description:
    "Moves money from a wallet to another wallet or to a merchant, at once or not at all; between currencies at a " +
    "dated rate. Judges the transfer by money-mule patterns: it is posted, refused, or held as pending_approval " +
    "until a person approves it on the approvals page, or the same call is repeated with the approval_token, or until " +
    "it expires. Only a person may decide that. Send an idempotency_key and repeat the same call after any failure. Do not use it to pay " +
    "by card (create_payment), to fill a wallet from outside (top_up_wallet), or to split an amount that was refused.",
  scope: "wallets",
  input: z.strictObject({
    from_wallet_id: params.walletId,
    to_wallet_id: params.walletId.meta({
      description: "Who receives: a customer's wallet, opened if need be, or a merchant's account.",
      examples: ["wallet:cust_000001:USD", "merchant:merch_default:USD"],
    }),
    amount: params.amount,
    currency: params.currency.meta({
      description: "The sender's wallet's: then the amount is debited. The receiver's: then it is credited.",
    }),
    idempotency_key: params.idempotencyKey.optional(),
    memo: params.memo.optional(),
    approval_token: params.approvalToken.optional(),
    approved: params.approved.optional(),
  }),
  waiting: approvalQuestion(({ amount, currency, from_wallet_id, to_wallet_id, risk }) =>
    `Transfer ${amount} ${currency} from ${from_wallet_id} to ${to_wallet_id}? It is held because: ${
      (risk as { patterns: { about: string }[] }).patterns.map(({ about }) => about).join("; ")
    }.`
  ),
  output: z.object({
    transfer_id: z.string(),
    status: z.enum(["posted", "pending_approval", "refused", "rejected", "expired"]).describe(
      "pending_approval holds the money until a person approves or it expires; the others are final: refused by the risk " +
        "patterns, rejected by the person who was asked.",
    ),
    from_wallet_id: z.string(),
    to_wallet_id: z.string(),
    amount,
    amount_minor: amountMinor,
    currency: z.string(),
    debited: money,
    credited: money,
    conversion: z.object({
      rate: z.string().describe("Units of the receiver's currency for one of the sender's."),
      rate_date: z.string().meta({ format: "date" }),
      rate_source: z.string(),
      rounding: z.string().describe("Which way it was rounded, and who gains."),
    }).nullable().describe("Null within one currency."),
    memo: z.string().nullable(),
    risk_score: z.number(),
    risk: z.object({
      score: z.number().describe("0 to 100."),
      hold_at: z.number(),
      refuse_at: z.number(),
      decision: z.enum(["approve", "hold", "refuse"]),
      patterns: z.array(z.object({
        pattern: z.enum(["new_payee", "fan_in", "fan_out", "pass_through", "structuring"]),
        weight: z.number().describe("In log-odds."),
        about: z.string(),
        evidence: z.record(z.string(), z.number()),
      })),
      transfers_looked_at: z.object({ sent: z.int(), received: z.int(), by_receiver: z.int() }),
    }),
    available_after: money.nullable().describe("What the sender could spend after it."),
    approval: approvalOutput.describe(
      "Null unless pending_approval. Show the patterns to a person before you use the token.",
    ),
    created_at: createdAt,
    occurred_at: tenantTime(
      "When its money moved, or where none has, when it was asked for: as it was made, or as simulated, and never before an " +
        "entry that either wallet has already. One that a person had to approve moved when that was done",
    ),
    next_move: z.string(),
    replayed: z.boolean().describe("Whether an earlier call made the transfer."),
  }),
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
  handle: async (input, { caller, wallets, simulatedAtMs, dismissed }) => {
    refuseCardNumber("memo", input.memo);
    currencyOf(input.currency);
    const currency = input.currency as string;
    const { answer, replayed } = await transferFunds(wallets, {
      tenantId: caller.tenantId,
      principal: caller.principal,
      fromWalletId: input.from_wallet_id,
      toWalletId: input.to_wallet_id,
      amountMinor: parseAmount(input.amount, currency),
      currency,
      memo: input.memo ?? null,
      idempotencyKey: input.idempotency_key ?? null,
      ...approvalGiven(input, dismissed),
      simulatedAtMs,
    });
    return { answer: { ...answer, replayed } };
  },
});
