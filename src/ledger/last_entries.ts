import type { PendingQuery } from "postgres";
import { textArray } from "../db/array_literal.ts";
import type { Sql } from "../db/pool.ts";
import type { TenantStatements } from "../db/tenant_pool.ts";

export interface LastEntry {
  readonly tenant_id: string;
  readonly account_id: string;
  /** Milliseconds since the Unix epoch; null where there is no entry. */
  readonly last_ms: number | null;
}

/**
 * When wallets had their last entries. Reads all of a wallet's entries, so only for what may lie before them: a call that
 * sets its own time, what has waited, and what goes back. Ask under the lock of the accounts, or another entry may come in between.
 */
export function lastEntriesOf(
  sql: Sql,
  wallets: readonly { readonly tenantId: string; readonly accountId: string }[],
): PendingQuery<LastEntry[]> {
  return sql<LastEntry[]>`
    select u.tenant_id, u.account_id,
           (select ceil(extract(epoch from max(t.created_at)) * 1000)::float8
              from postings p join transfers t using (tenant_id, transfer_id)
             where p.tenant_id = u.tenant_id and p.account_id = u.account_id and p.account_id like 'wallet:%') as last_ms
      from (select distinct * from unnest(${textArray(wallets.map(({ tenantId }) => tenantId))}::text[],
                                          ${textArray(wallets.map(({ accountId }) => accountId))}::text[])
                              v (tenant_id, account_id)) u`;
}

/** From when on an entry fits behind those of all these wallets: for certain where the transaction has locked them. */
export async function nextEntryMs(
  sql: TenantStatements,
  tenantId: string,
  accountIds: readonly string[],
): Promise<number> {
  const wallets = accountIds.map((accountId) => ({ tenantId, accountId }));
  const entries = new NextEntries(await lastEntriesOf(sql as unknown as Sql, wallets));
  return Math.max(...accountIds.map((accountId) => entries.earliestMs(tenantId, accountId)));
}

/** By wallet, from when on the next entry fits behind the last one; kept up to date while a batch is decided. */
export class NextEntries {
  readonly #byWallet = new Map<string, number>();

  constructor(rows: readonly LastEntry[] = []) {
    for (const { tenant_id, account_id, last_ms } of rows) {
      if (last_ms !== null) this.#byWallet.set(`${tenant_id}/${account_id}`, last_ms + 1);
    }
  }

  earliestMs(tenantId: string, accountId: string): number {
    return this.#byWallet.get(`${tenantId}/${accountId}`) ?? Number.NEGATIVE_INFINITY;
  }

  /** An entry that the batch has made. */
  add(tenantId: string, accountId: string, atMs: number): void {
    this.#byWallet.set(
      `${tenantId}/${accountId}`,
      Math.max(this.earliestMs(tenantId, accountId), atMs + 1),
    );
  }
}
