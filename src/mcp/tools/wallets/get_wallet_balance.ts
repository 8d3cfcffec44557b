import { z } from "zod";
import { currencyOf } from "../../../core/money.ts";
import { getWalletBalance } from "../../../wallets/get_wallet_balance.ts";
import { defineTool } from "../../define_tool.ts";
import * as params from "../../params.ts";
import { tenantTime } from "../../times.ts";
import { amount, insufficientData, money, runOut } from "./wallet_output.ts";

export const getWalletBalanceTool = defineTool({
  name: "get_wallet_balance",
  title: "Get a wallet's balance",
  description:
    "Reads what a customer's wallets hold: available, pending and ledger balance; the latest week's spending by " +
    "category against the customer's own usual; when the money runs out, with an interval; and alerts. Give customer_id " +
    "for all wallets or wallet_id for one. Do not use it to list entries (wallet_transaction_history) or to check a " +
    "payment (get_payment_status).",
  scope: "wallets",
  input: z.strictObject({
    customer_id: params.customerId.meta({ description: "Whose wallets; or give wallet_id." }).optional(),
    wallet_id: params.walletId.optional(),
    currency: params.currency.meta({ description: "Only the wallet in this currency." }).optional(),
  }),
  output: z.object({
    customer_id: z.string(),
    as_of: tenantTime("The time of the question"),
    wallets: z.array(z.object({
      wallet_id: z.string(),
      currency: z.string(),
      available: money.describe("What can be spent now."),
      pending: money.describe("Held for what is not finished."),
      arriving: money.describe(
        "Top-ups that are not finished: charged or not, the wallet does not have them yet.",
      ),
      ledger_balance: money.describe("Available and pending together."),
      spending: z.union([
        z.object({
          basis: z.string(),
          sample_size: z.int().describe("Whole weeks the usual rests on."),
          categories: z.array(z.object({
            category: z.string(),
            last_7_days: money,
            usual_week: money,
            usual_spread: amount,
            payments: z.int().describe("In all weeks looked at."),
            verdict: z.enum(["usual", "above_usual", "below_usual", "rarely_bought"]),
          })),
        }),
        insufficientData,
      ]),
      run_out: runOut,
      alerts: z.array(z.object({
        code: z.enum(["empty", "runs_out_soon", "much_is_held", "spending_above_usual"]),
        severity: z.enum(["info", "warning", "critical"]),
        message: z.string(),
      })),
    })),
    next_move: z.string(),
  }),
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  handle: async (input, { caller, wallets, simulatedAtMs }) => {
    if (input.currency !== undefined) currencyOf(input.currency);
    return {
      answer: await getWalletBalance(wallets, {
        tenantId: caller.tenantId,
        customerId: input.customer_id ?? null,
        walletId: input.wallet_id ?? null,
        currency: (input.currency as string | undefined) ?? null,
        simulatedAtMs,
      }),
    };
  },
});
