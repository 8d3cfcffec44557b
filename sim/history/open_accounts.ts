import { type Sql } from "../../src/db/pool.ts";
import { type Account, MAY_GO_NEGATIVE } from "../../src/ledger/accounts.ts";

/** Rows of one insert. */
const ACCOUNTS_AT_ONCE = 5_000;

/**
 * Opens the accounts that are needed and not `known`, and adds them to it. Others may be opening the same ones: who comes
 * second waits, so everybody goes in the order of their ids.
 */
export async function openAccounts(
  sql: Sql,
  tenantId: string,
  needed: readonly Account[],
  known: Set<string>,
): Promise<void> {
  const fresh = needed
    .filter(({ accountId }) => !known.has(accountId) && known.add(accountId))
    .sort((a, b) => a.accountId < b.accountId ? -1 : 1);
  for (let from = 0; from < fresh.length; from += ACCOUNTS_AT_ONCE) {
    const rows = fresh.slice(from, from + ACCOUNTS_AT_ONCE).map(({ accountId, ownerId, kind, currency }) => ({
      tenant_id: tenantId,
      account_id: accountId,
      owner_id: ownerId,
      kind,
      currency,
      may_go_negative: MAY_GO_NEGATIVE[kind],
    }));
    await sql`insert into accounts ${sql(rows)} on conflict (tenant_id, account_id) do nothing`;
  }
}
