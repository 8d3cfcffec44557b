import type { Sql } from "../../src/db/pool.ts";
import type { Posting } from "../../src/ledger/capture_postings.ts";
import type { BookedPayment } from "./book_payment.ts";
import { type Cell, CopyRows } from "./copy_rows.ts";

/** One COPY of a row an item; none where there are no items. Returns the number of rows. */
export async function copyItems<Item>(
  sql: Sql,
  table: string,
  columns: readonly string[],
  items: readonly Item[],
  cellsOf: (item: Item) => readonly Cell[],
): Promise<number> {
  if (items.length === 0) return 0;
  const rows = await CopyRows.start(sql, table, columns);
  for (const item of items) await rows.add(cellsOf(item));
  await rows.end();
  return rows.rows;
}

const ATTEMPT_COLUMNS = [
  "tenant_id",
  "payment_id",
  "attempt",
  "provider",
  "outcome",
  "code",
  "charge_id",
  "latency_ms",
  "expected_success",
  "started_at",
] as const;

/** The one attempt of each charge that was booked. */
export async function copyAttempts(
  sql: Sql,
  tenantId: string,
  charges: readonly { readonly booking: BookedPayment; readonly startedAt: string }[],
): Promise<void> {
  await copyItems(sql, "payment_attempts", ATTEMPT_COLUMNS, charges, ({ booking, startedAt }) => [
    tenantId,
    booking.paymentId,
    1,
    booking.provider,
    booking.approved ? "approved" : "declined",
    booking.code,
    booking.chargeId,
    booking.latencyMs,
    booking.expectedSuccess,
    startedAt,
  ]);
}

const POSTING_COLUMNS = [
  "tenant_id",
  "transfer_id",
  "leg",
  "account_id",
  "currency",
  "amount_minor",
] as const;

/** The postings of transfers of the ledger, each with its place. Returns how many there are. */
export async function copyPostings(
  sql: Sql,
  tenantId: string,
  transfers: readonly { readonly transferId: string; readonly postings: readonly Posting[] }[],
): Promise<number> {
  const legs = transfers.flatMap(({ transferId, postings }) =>
    postings.map(({ account, amountMinor }, i) => ({ transferId, leg: i + 1, account, amountMinor }))
  );
  return await copyItems(
    sql,
    "postings",
    POSTING_COLUMNS,
    legs,
    ({ transferId, leg, account, amountMinor }) => [
      tenantId,
      transferId,
      leg,
      account.accountId,
      account.currency,
      amountMinor,
    ],
  );
}

/** The transfer that moves a payment's money. */
export function transferIdOf(paymentId: string): string {
  return `tr_${paymentId.slice("pay_".length)}`;
}
