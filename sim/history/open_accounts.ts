import { toRfc3339 } from "../../src/core/clock.ts";
import { CURRENCIES } from "../../src/core/money.ts";
import { Random } from "../../src/core/random.ts";
import { type Sql } from "../../src/db/pool.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { type Account, accountOf, MAY_GO_NEGATIVE } from "../../src/ledger/accounts.ts";
import type { World } from "../world/world.ts";
import { CopyRows } from "./copy_rows.ts";

export const POSTING_COLUMNS = [
  "tenant_id",
  "transfer_id",
  "leg",
  "account_id",
  "currency",
  "amount_minor",
] as const;

/** What a customer keeps in the wallet: between 50 and 500 US dollars at the reference rate, whole major units. */
const WALLET_MIN_USD = 50;
const WALLET_SPREAD_USD = 450;

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

/** Each customer has a wallet in the own currency, filled once from outside at the end of the history. */
export async function openWallets(sql: Sql, world: World, tenantId: string): Promise<number> {
  const random = new Random(world.config.seed).fork("wallets");
  const at = toRfc3339(world.config.startMs + world.config.days * DAY_MS);
  const filled = world.customers.map((customer) => {
    const { exponent, referenceUsd } = CURRENCIES[customer.currency];
    const major = (WALLET_MIN_USD + Math.floor(WALLET_SPREAD_USD * random.uniform())) / referenceUsd;
    return {
      wallet: accountOf("wallet", customer.customerId, customer.currency),
      source: accountOf("external", "bank", customer.currency),
      transferId: `tr_opening_${customer.customerId}`,
      amountMinor: BigInt(Math.round(major)) * 10n ** BigInt(exponent),
    };
  });
  await openAccounts(sql, tenantId, filled.flatMap(({ wallet, source }) => [wallet, source]), new Set());
  const transfers = await CopyRows.start(sql, "transfers", [
    "tenant_id",
    "transfer_id",
    "kind",
    "memo",
    "created_at",
  ]);
  for (const { transferId } of filled) {
    await transfers.add([tenantId, transferId, "post", "opening balance", at]);
  }
  await transfers.end();
  const postings = await CopyRows.start(sql, "postings", POSTING_COLUMNS);
  for (const { wallet, source, transferId, amountMinor } of filled) {
    await postings.add([tenantId, transferId, 1, source.accountId, source.currency, -amountMinor]);
    await postings.add([tenantId, transferId, 2, wallet.accountId, wallet.currency, amountMinor]);
  }
  await postings.end();
  return postings.rows;
}
