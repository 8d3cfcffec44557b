import { z } from "zod";
import { parseAmount } from "../../../core/money.ts";
import { ENTRY_KINDS } from "../../../wallets/history/entry.ts";
import { walletTransactionHistory } from "../../../wallets/wallet_transaction_history.ts";
import { defineTool } from "../../define_tool.ts";
import * as params from "../../params.ts";
import { expiresAt, realTime, tenantDay, tenantTime } from "../../times.ts";
import { amount, amountMinor, insufficientData } from "./wallet_output.ts";

const PAGE_DEFAULT = 50;
const PAGE_MAX = 200;
const direction = z.enum(["in", "out"]);

/** A bound may be left out; which texts are amounts depends on the wallet's currency. */
const bound = (field: string, given: unknown) =>
  given === undefined ? null : (currency: string) => parseAmount(given, currency, field);

export const walletTransactionHistoryTool = defineTool({
  name: "wallet_transaction_history",
  title: "List a wallet's entries",
  description:
    "Lists a wallet's entries, newest first, a page at a time, by range, direction, kind, counterparty and amount. " +
    "Shows which payments recur, with period, amount and next date, and marks unusual entries with why. Do not use it " +
    "for the balance or a forecast (get_wallet_balance), or for card payments, which touch no wallet.",
  scope: "wallets",
  input: z.strictObject({
    wallet_id: params.walletId,
    start_date: params.instant.meta({ description: "From this moment or day on, by the tenant's clock." })
      .optional(),
    end_date: params.instant.meta({
      description: "Before this moment, or up to and with this day, by the tenant's clock.",
    }).optional(),
    direction: direction.describe("Only what came in, or went out.").optional(),
    kind: z.enum(ENTRY_KINDS).describe("Only entries of this kind.").optional(),
    counterparty: params.counterparty.optional(),
    min_amount: params.amount.meta({ description: "Only entries of at least this size." }).optional(),
    max_amount: params.amount.meta({ description: "Only entries of at most this size." }).optional(),
    cursor: params.cursor.optional(),
    limit: z.int().min(1).max(PAGE_MAX).default(PAGE_DEFAULT).meta({
      description: "Entries on a page.",
      examples: [PAGE_DEFAULT],
    }),
  }),
  output: z.object({
    wallet_id: z.string(),
    currency: z.string(),
    as_of: tenantTime("The time of the question"),
    entries: z.array(z.object({
      transfer_id: z.string(),
      at: tenantTime("When its money moved"),
      direction,
      amount: amount.describe("Signed: positive came in."),
      amount_minor: amountMinor,
      currency: z.string(),
      kind: z.enum(ENTRY_KINDS),
      counterparty: z.string(),
      category: z.string().nullable(),
      memo: z.string().nullable(),
      payment_id: z.string().nullable(),
      unusual: z.array(z.object({
        why: z.enum(["amount", "new_counterparty", "hour"]),
        message: z.string(),
        sample_size: z.int(),
      })),
    })),
    next_cursor: z.string().nullable().describe("For the next page; null on the last."),
    ahead: z.object({
      entries: z.int(),
      amount: amount.describe("Their signed sum."),
      amount_minor: amountMinor,
      currency: z.string(),
      last_at: tenantTime("Of the last of them").nullable(),
    }).describe(
      "Entries dated after as_of by simulated times: they are in the balance, and listed with an end_date after last_at.",
    ),
    held: z.array(z.object({
      transfer_id: z.string(),
      status: z.enum(["posted", "pending_approval", "refused", "rejected", "expired"]),
      to_wallet_id: z.string(),
      amount: amount.describe("What it debits."),
      amount_minor: amountMinor,
      currency: z.string(),
      memo: z.string().nullable(),
      asked_at: realTime("When the call was taken"),
      expires_at: expiresAt,
      decided_at: realTime("When it ended").nullable().describe("Null while it waits."),
    })).describe(
      "The latest transfers out of this wallet that a person was asked about, and how each ended; whatever the filters.",
    ),
    recurring: z.union([
      z.object({
        basis: z.string(),
        sample_size: z.int(),
        payments: z.array(z.object({
          counterparty: z.string(),
          direction,
          period: z.enum(["weekly", "every_two_weeks", "every_four_weeks", "monthly", "quarterly"]),
          amount,
          amount_minor: amountMinor,
          currency: z.string(),
          amount_range: z.array(amount).describe("Smallest and largest."),
          occurrences: z.int(),
          missed: z.int(),
          last_at: tenantTime("Of the last of them"),
          next_date: tenantDay("When the next is expected"),
        })),
      }),
      insufficientData,
    ]),
    looked_at: z.object({ entries: z.int(), days_at_most: z.int() }).describe("By recurring and unusual."),
  }),
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  handle: async (input, { caller, wallets, simulatedAtMs }) => ({
    answer: await walletTransactionHistory(wallets, {
      tenantId: caller.tenantId,
      walletId: input.wallet_id,
      fromMs: input.start_date === undefined ? null : params.instantMs(input.start_date, "start"),
      untilMs: input.end_date === undefined ? null : params.instantMs(input.end_date, "end"),
      direction: input.direction ?? null,
      kind: input.kind ?? null,
      counterparty: input.counterparty ?? null,
      amountMin: bound("min_amount", input.min_amount),
      amountMax: bound("max_amount", input.max_amount),
      cursor: input.cursor ?? null,
      limit: input.limit,
      simulatedAtMs,
    }),
  }),
});
