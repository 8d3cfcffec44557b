import { textArray } from "../db/array_literal.ts";
import type { TenantPool } from "../db/tenant_pool.ts";
import type { Account } from "../ledger/accounts.ts";
import { parseWalletId, unknownWallet } from "./wallet_id.ts";

const CACHE_MAX_ENTRIES = 200_000;

/**
 * Finds the accounts that calls name. Accounts and customers are never deleted, so what was found is remembered;
 * what was not found is asked for again each time.
 */
export class WalletReferences {
  readonly #pool: TenantPool;
  readonly #open = new Set<string>();
  #next: {
    asked: Map<string, { tenantId: string; account: Account }>;
    found: Promise<Map<string, FoundAccount>>;
  } | undefined;

  constructor(pool: TenantPool) {
    this.#pool = pool;
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
    const [row] = await this.#pool.of(tenantId)`
      select 1 from customers where tenant_id = ${tenantId} and customer_id = ${customerId}`;
    return row !== undefined;
  }

  /** Whether a world, or anybody, was loaded into the tenant. */
  async hasCustomers(tenantId: string): Promise<boolean> {
    const [row] = await this.#pool.of(tenantId)`
      select 1 from customers where tenant_id = ${tenantId} limit 1`;
    return row !== undefined;
  }

  #isOpen(tenantId: string, account: Account): boolean {
    return this.#open.has(`${tenantId}/${account.accountId}`);
  }

  #remember(tenantId: string, account: Account): void {
    if (this.#open.size >= CACHE_MAX_ENTRIES) this.#open.delete(this.#open.values().next().value!);
    this.#open.add(`${tenantId}/${account.accountId}`);
  }

  async #isKnown(tenantId: string, account: Account, orMayBeOpened: boolean): Promise<boolean> {
    if (this.#isOpen(tenantId, account)) return true;
    const found = await this.#find(tenantId, account);
    if (found?.open) this.#remember(tenantId, account);
    return found !== undefined && (found.open || (orMayBeOpened && found.owned));
  }

  /** All that is asked for in one turn of the event loop is one statement. */
  async #find(tenantId: string, account: Account): Promise<FoundAccount | undefined> {
    if (this.#next === undefined) {
      const asked = new Map<string, { tenantId: string; account: Account }>();
      const found = Promise.resolve().then(() => {
        this.#next = undefined;
        return this.#load([...asked.values()]);
      });
      this.#next = { asked, found };
    }
    const { asked, found } = this.#next;
    const key = `${tenantId}/${account.accountId}`;
    asked.set(key, { tenantId, account });
    return (await found).get(key);
  }

  async #load(asked: readonly { tenantId: string; account: Account }[]): Promise<Map<string, FoundAccount>> {
    const column = (value: (one: { tenantId: string; account: Account }) => string) =>
      textArray(asked.map(value));
    const rows = await this.#pool.of(asked.map(({ tenantId }) => tenantId))<
      (FoundAccount & { key: string })[]
    >`
      select u.tenant_id || '/' || u.account_id as key,
             exists (select from accounts a
                      where a.tenant_id = u.tenant_id and a.account_id = u.account_id) as open,
             case u.kind
               when 'wallet' then exists (select from customers c
                                           where c.tenant_id = u.tenant_id and c.customer_id = u.owner_id)
               else exists (select from merchants m where m.tenant_id = u.tenant_id and m.merchant_id = u.owner_id)
             end as owned
        from unnest(${column(({ tenantId }) => tenantId)}::text[], ${
      column(({ account }) => account.accountId)
    }::text[],
                    ${column(({ account }) => account.kind)}::text[], ${
      column(({ account }) => account.ownerId)
    }::text[])
             u (tenant_id, account_id, kind, owner_id)`;
    return new Map(rows.map((row) => [row.key, row]));
  }
}

interface FoundAccount {
  readonly open: boolean;
  /** Whether there is a customer or a merchant who may open it. */
  readonly owned: boolean;
}
