import type { Sql } from "../db/pool.ts";
import type { Account } from "../ledger/accounts.ts";
import { parseWalletId, unknownWallet } from "./wallet_id.ts";

const CACHE_MAX_ENTRIES = 200_000;

/**
 * Finds the accounts that calls name. Accounts and customers are never deleted, so what was found is remembered;
 * what was not found is asked for again each time.
 */
export class WalletReferences {
  readonly #sql: Sql;
  readonly #open = new Set<string>();

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** An account that is open, or whose owner may open it by receiving money; else throws `unknown_wallet`. */
  async receiver(tenantId: string, walletId: string, field = "to_wallet_id"): Promise<Account> {
    const account = parseWalletId(walletId);
    if (account !== null && await this.#isKnown(tenantId, account, true)) return account;
    throw unknownWallet(field, walletId);
  }

  /** A customer's wallet that is open; else throws `unknown_wallet`. */
  async wallet(tenantId: string, walletId: string, field = "wallet_id"): Promise<Account> {
    const account = parseWalletId(walletId);
    if (account?.kind === "wallet" && await this.#isKnown(tenantId, account, false)) return account;
    throw unknownWallet(field, walletId);
  }

  async customerExists(tenantId: string, customerId: string): Promise<boolean> {
    const [row] = await this.#sql`
      select 1 from customers where tenant_id = ${tenantId} and customer_id = ${customerId}`;
    return row !== undefined;
  }

  isOpen(tenantId: string, account: Account): boolean {
    return this.#open.has(`${tenantId}/${account.accountId}`);
  }

  remember(tenantId: string, account: Account): void {
    if (this.#open.size >= CACHE_MAX_ENTRIES) this.#open.delete(this.#open.values().next().value!);
    this.#open.add(`${tenantId}/${account.accountId}`);
  }

  async #isKnown(tenantId: string, account: Account, orMayBeOpened: boolean): Promise<boolean> {
    if (this.isOpen(tenantId, account)) return true;
    const [row] = await this.#sql<{ open: boolean; owned: boolean }[]>`
      select exists (select from accounts where tenant_id = ${tenantId} and account_id = ${account.accountId}) as open,
             case ${account.kind}::text
               when 'wallet' then exists (select from customers where tenant_id = ${tenantId}
                                                                  and customer_id = ${account.ownerId})
               else exists (select from merchants where tenant_id = ${tenantId} and merchant_id = ${account.ownerId})
             end as owned`;
    if (row.open) this.remember(tenantId, account);
    return row.open || (orMayBeOpened && row.owned);
  }
}
