import { DomainError } from "../core/errors.ts";
import { textArray } from "../db/array_literal.ts";
import type { BatchReader } from "../db/batch_transaction.ts";
import type { PaymentEvent } from "../fraud/features/event.ts";
import { accountOf } from "../ledger/accounts.ts";
import { lastEntriesOf, NextEntries } from "../ledger/last_entries.ts";
import type { AcceptItem } from "./accept_payments.ts";

export interface WalletFunds {
  accountId: string;
  availableMinor: bigint;
}

/** What the wallets of a batch have, by `tenant/account`; each is locked until the batch ends. */
export async function readFunds(
  reader: BatchReader,
  items: readonly AcceptItem[],
): Promise<Map<string, WalletFunds>> {
  const wallets = items.filter((item) => item.request.method === "wallet");
  if (wallets.length === 0) return new Map();
  const { sql } = reader;
  const rows = await reader.send(
    sql<{ tenant_id: string; account_id: string; available_minor: string }[]>`
    select tenant_id, account_id, available_minor::text
      from ledger_lock_accounts(${textArray(wallets.map((item) => item.request.tenantId))}::text[],
                                ${textArray(wallets.map((item) => walletAccountId(item)))}::text[])`,
  );
  return new Map(rows.map((row) => [
    `${row.tenant_id}/${row.account_id}`,
    { accountId: row.account_id, availableMinor: BigInt(row.available_minor) },
  ]));
}

export function walletFunds(item: AcceptItem, funds: Map<string, WalletFunds>): WalletFunds | DomainError {
  const { tenantId, customerId, currency } = item.request;
  return funds.get(`${tenantId}/${walletAccountId(item)}`) ??
    new DomainError("unknown_wallet", `Customer "${customerId}" has no wallet in ${currency}.`, {
      field: "currency",
      nextMove: "Pay by card, or in the currency of a wallet the customer has.",
    });
}

/** Of the wallets that pay at a time of the call's own: any other time lies behind their entries anyhow. */
export async function readEntries(reader: BatchReader, items: readonly AcceptItem[]): Promise<NextEntries> {
  const wallets = items.filter(({ request }) => request.method === "wallet" && request.simulatedAtMs !== null)
    .map((item) => ({ tenantId: item.request.tenantId, accountId: walletAccountId(item) }));
  return new NextEntries(
    wallets.length === 0 ? [] : await reader.send(lastEntriesOf(reader.sql, wallets)),
  );
}

/** A wallet's payment never lies before an entry that the wallet has already. */
export function behindEntries(item: AcceptItem, event: PaymentEvent, entries: NextEntries): PaymentEvent {
  const { tenantId, simulatedAtMs } = item.request;
  if (simulatedAtMs === null) return event;
  const earliest = entries.earliestMs(tenantId, walletAccountId(item));
  return earliest <= event.occurredAtMs ? event : { ...event, occurredAtMs: earliest };
}

export function walletAccountId(item: AcceptItem): string {
  return accountOf("wallet", item.request.customerId, item.request.currency).accountId;
}
