import { toRfc3339 } from "../../src/core/clock.ts";
import type { Random } from "../../src/core/random.ts";
import { openPool, type Sql } from "../../src/db/pool.ts";

export const TENANT = "bench-wallets";
export const MERCHANT = "merchant:merch_bench:USD";
export const WALLETS = 50_000;
export const HOT_WALLETS = 10;
const FUNDED_MINOR = 100_000_000;

export interface Pair {
  readonly from: string;
  readonly to: string;
  readonly amountMinor: bigint;
}

export function walletOf(index: number): string {
  return `wallet:cust_${index}:USD`;
}

/** A third goes to the merchant, the rest stays among the ten: small sums, as at a canteen. */
export function hotPair(random: Random): Pair {
  const from = random.integer(0, HOT_WALLETS - 1);
  const to = random.chance(1 / 3)
    ? MERCHANT
    : walletOf((from + random.integer(1, HOT_WALLETS - 1)) % HOT_WALLETS);
  return { from: walletOf(from), to, amountMinor: BigInt(random.integer(1, 500)) };
}

/** A tenant with fifty thousand funded wallets and a merchant, booked through the ledger's own trigger; once. */
export async function prepareWallets(sql: Sql, ownerUrl: string, nowMs: number): Promise<void> {
  const [known] = await sql`select 1 from tenants where tenant_id = ${TENANT}`;
  if (known !== undefined) return;
  const now = toRfc3339(nowMs);
  await sql.begin(async (transaction) => {
    await transaction`insert into tenants (tenant_id) values (${TENANT})`;
    await transaction`
      insert into customers (tenant_id, customer_id, name, email, country, currency, since_ms)
      select ${TENANT}, 'cust_' || i, 'Bench ' || i, i || '@example.test', 'US', 'USD', 0
        from generate_series(0, ${WALLETS - 1}) i`;
    await transaction`
      insert into merchants (tenant_id, merchant_id, name, category, country, currency)
      values (${TENANT}, 'merch_bench', 'Bench', 'general', 'US', 'USD')`;
    await transaction`
      insert into accounts (tenant_id, account_id, owner_id, kind, currency, may_go_negative)
      select ${TENANT}, 'wallet:cust_' || i || ':USD', 'cust_' || i, 'wallet', 'USD', false
        from generate_series(0, ${WALLETS - 1}) i
      union all values (${TENANT}, ${MERCHANT}, 'merch_bench', 'merchant', 'USD', false),
                       (${TENANT}, 'external:bank:USD', 'bank', 'external', 'USD', true)`;
    await transaction`
      insert into transfers (tenant_id, transfer_id, kind, memo, created_at)
      select ${TENANT}, 'tr_bench_' || i, 'post', 'opening balance', ${now}::timestamptz
        from generate_series(0, ${WALLETS - 1}) i`;
    await transaction`
      insert into postings (tenant_id, transfer_id, leg, account_id, currency, amount_minor)
      select ${TENANT}, 'tr_bench_' || i, leg,
             case leg when 1 then 'external:bank:USD' else 'wallet:cust_' || i || ':USD' end, 'USD',
             case leg when 1 then -1 else 1 end * ${FUNDED_MINOR}::bigint
        from generate_series(0, ${WALLETS - 1}) i, generate_series(1, 2) leg`;
  });
  // As pgbench does for its own tables; else the first minutes would measure autovacuum.
  const owner = openPool({ url: ownerUrl, max: 1, applicationName: "bench" });
  await owner`vacuum (analyze)`;
  await owner.end();
}

/** What all wallets and merchants of the tenant may claim: transfers among them leave it as it is. */
export async function totalClaims(sql: Sql): Promise<string> {
  const [{ total }] = await sql<{ total: string }[]>`
    select sum(balance_minor)::text as total from accounts
     where tenant_id = ${TENANT} and kind in ('wallet', 'merchant')`;
  return total;
}

/** Deadlocks PostgreSQL has broken up in this database, ever. */
export async function deadlocks(sql: Sql): Promise<number> {
  await sql`select pg_stat_force_next_flush()`;
  const [{ count }] = await sql<{ count: number }[]>`
    select deadlocks::int as count from pg_stat_database where datname = current_database()`;
  return count;
}
