import { createHash } from "node:crypto";
import { toRfc3339 } from "../core/clock.ts";
import { DomainError } from "../core/errors.ts";
import { formatAmount } from "../core/money.ts";
import { decodeCursor, encodeCursor } from "./history/cursor.ts";
import { type Direction, directionOf, type EntryKind } from "./history/entry.ts";
import { findRecurring } from "./history/find_recurring.ts";
import { readAhead, readEntries } from "./history/read_entries.ts";
import { readHeld } from "./history/read_held.ts";
import { type Unusual, unusualEntries } from "./history/unusual_entries.ts";
import { DAY_MS } from "./risk/past.ts";
import { moneyAnswer } from "./transfer.ts";
import type { WalletService } from "./wallet_service.ts";

export interface HistoryRequest {
  readonly tenantId: string;
  readonly walletId: string;
  readonly fromMs: number | null;
  /** Not included. */
  readonly untilMs: number | null;
  readonly direction: Direction | null;
  readonly kind: EntryKind | null;
  readonly counterparty: string | null;
  /** Read in the wallet's currency, which is known only here. */
  readonly amountMin: ((currency: string) => bigint) | null;
  readonly amountMax: ((currency: string) => bigint) | null;
  readonly cursor: string | null;
  readonly limit: number;
  readonly simulatedAtMs: number | null;
}

/** What recurring and unusual entries are found in: the latest, whatever the filters. */
const LOOKED_AT_ENTRIES = 2_000;
const LOOKED_AT_DAYS = 400;
const RECURRING_MIN_DAYS = 30;

/**
 * A wallet's entries, newest first, a page at a time; with what recurs in it and what is unusual. Reads only.
 *
 * Errors, in the order they are looked for: `unknown_wallet`, `invalid_amount`, `invalid_arguments` (range of time, of amounts, cursor).
 */
export async function walletTransactionHistory(service: WalletService, request: HistoryRequest) {
  const { tenantId, limit } = request;
  const { accountId, currency } = await service.references.wallet(tenantId, request.walletId);
  const asOfMs = request.simulatedAtMs ?? await service.clocks.nowMs(tenantId);
  // Just after now, so that what happened in this millisecond is there.
  const [fromMs, untilMs] = [request.fromMs ?? 0, request.untilMs ?? asOfMs + 1];
  const amountMinMinor = request.amountMin?.(currency) ?? null;
  const amountMaxMinor = request.amountMax?.(currency) ?? null;
  if (fromMs >= untilMs) {
    throw new DomainError(
      "invalid_arguments",
      `The range from ${toRfc3339(fromMs)} to ${toRfc3339(untilMs)} holds no time.`,
      { field: "start_date", nextMove: "Send a start_date before the end_date." },
    );
  }
  if (amountMinMinor !== null && amountMaxMinor !== null && amountMinMinor > amountMaxMinor) {
    const show = (minor: bigint) => `${formatAmount(minor, currency)} ${currency}`;
    throw new DomainError(
      "invalid_arguments",
      `The range from ${show(amountMinMinor)} to ${show(amountMaxMinor)} holds no amount.`,
      { field: "min_amount", nextMove: "Send a min_amount that is not above the max_amount." },
    );
  }
  const filter = {
    tenantId,
    accountId,
    fromMs,
    untilMs,
    direction: request.direction,
    kind: request.kind,
    counterparty: request.counterparty,
    amountMinMinor,
    amountMaxMinor,
  };
  const question = questionOf(request, amountMinMinor, amountMaxMinor);
  const after = request.cursor === null ? null : decodeCursor(request.cursor, question);
  const [page, latest, ahead, held] = await Promise.all([
    readEntries(service.pool.of(tenantId), { ...filter, after, limit: limit + 1 }),
    readEntries(service.pool.of(tenantId), {
      tenantId,
      accountId,
      fromMs: asOfMs - LOOKED_AT_DAYS * DAY_MS,
      untilMs: asOfMs + 1,
      direction: null,
      kind: null,
      counterparty: null,
      amountMinMinor: null,
      amountMaxMinor: null,
      after: null,
      limit: LOOKED_AT_ENTRIES,
    }),
    readAhead(service.pool.of(tenantId), tenantId, accountId, asOfMs),
    readHeld(service.pool.of(tenantId), tenantId, accountId),
  ]);
  const shown = page.slice(0, limit);
  const marks = unusualEntries(latest.toReversed(), new Set(shown.map(({ transferId }) => transferId)));
  return {
    wallet_id: accountId,
    currency,
    as_of: toRfc3339(asOfMs),
    entries: shown.map((entry) => ({
      transfer_id: entry.transferId,
      at: toRfc3339(entry.atMs),
      direction: directionOf(entry),
      ...moneyAnswer(entry.amountMinor, currency),
      kind: entry.kind,
      counterparty: entry.counterparty,
      category: entry.category,
      memo: entry.memo,
      payment_id: entry.paymentId,
      unusual: (marks.get(entry.transferId) ?? []).map((mark) => unusualAnswer(mark, currency)),
    })),
    next_cursor: page.length > limit ? encodeCursor(shown.at(-1)!.position, question) : null,
    ahead: {
      entries: ahead.entries,
      ...moneyAnswer(ahead.sumMinor, currency),
      last_at: ahead.lastAtMs === null ? null : toRfc3339(ahead.lastAtMs),
    },
    held,
    recurring: recurringAnswer(latest, currency, asOfMs),
    looked_at: { entries: latest.length, days_at_most: LOOKED_AT_DAYS },
  };
}

/** A cursor belongs to one wallet and one set of filters. */
function questionOf(
  { tenantId, walletId, fromMs, untilMs, direction, kind, counterparty }: HistoryRequest,
  amountMin: bigint | null,
  amountMax: bigint | null,
): string {
  const text = JSON.stringify([
    tenantId,
    walletId,
    fromMs,
    untilMs,
    direction,
    kind,
    counterparty,
    `${amountMin}`,
    `${amountMax}`,
  ]);
  return createHash("sha256").update(text).digest("base64url").slice(0, 16);
}

function recurringAnswer(latest: Parameters<typeof findRecurring>[0], currency: string, asOfMs: number) {
  const days = latest.length === 0 ? 0 : Math.floor((asOfMs - latest.at(-1)!.atMs) / DAY_MS);
  if (days < RECURRING_MIN_DAYS) {
    return {
      basis: "insufficient_data",
      sample_size: latest.length,
      missing: `${RECURRING_MIN_DAYS - days} more ${
        RECURRING_MIN_DAYS - days === 1 ? "day" : "days"
      } of the wallet's entries: what recurs needs ${RECURRING_MIN_DAYS}. Card payments are no entries of a wallet.`,
    };
  }
  return {
    basis:
      "like amounts at even distances, by counterparty; weekly, every two or four weeks, monthly, quarterly",
    sample_size: latest.length,
    payments: findRecurring(latest, asOfMs).map((one) => ({
      counterparty: one.counterparty,
      direction: one.direction,
      period: one.period,
      ...moneyAnswer(one.amountMinor, currency),
      amount_range: [formatAmount(one.amountMinMinor, currency), formatAmount(one.amountMaxMinor, currency)],
      occurrences: one.occurrences,
      missed: one.missed,
      last_at: toRfc3339(one.lastAtMs),
      next_date: toRfc3339(one.nextAtMs).slice(0, 10),
    })),
  };
}

function unusualAnswer({ why, sampleSize, figure, usualMinor }: Unusual, currency: string) {
  const messages = {
    amount: () => `${figure} times the usual ${formatAmount(BigInt(usualMinor!), currency)} ${currency}`,
    new_counterparty: () =>
      `The first with this counterparty, and larger than ${Math.round(figure * 100)}% of all before`,
    hour: () => `${(figure * 100).toFixed(1)}% of earlier entries came within two hours of this time of day`,
  } as const;
  return { why, message: `${messages[why]()} (${sampleSize} entries).`, sample_size: sampleSize };
}
