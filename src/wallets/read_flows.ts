import { toRfc3339 } from "../core/clock.ts";
import { hash32 } from "../core/random.ts";
import type { TenantStatements } from "../db/tenant_pool.ts";
import { DAY_MS } from "./risk/past.ts";

/** How far back a forecast looks: longer, and it would mix in habits that are over. */
const FLOW_DAYS_MAX = 120;

export interface WalletFlows {
  /** Whole UTC days, oldest first, since the wallet's first entry: what came in less what went out, without top-ups. */
  readonly dailyNet: readonly number[];
  /** On how many of them more went out than came in. */
  readonly spendingDays: number;
  /** One seed for one wallet and day: a repeated question gets the same answer. */
  readonly seed: number;
}

/**
 * A wallet's days before this one. Money from outside (top-ups, an opening balance) is left out: it answers what is
 * spent, and a forecast asks what happens without it.
 */
export async function readFlows(
  sql: TenantStatements,
  tenantId: string,
  accountId: string,
  atMs: number,
): Promise<WalletFlows> {
  const endMs = Math.floor(atMs / DAY_MS) * DAY_MS;
  const startMs = endMs - FLOW_DAYS_MAX * DAY_MS;
  const rows = await sql<{ day: number; net: number }[]>`
    select floor(extract(epoch from t.created_at) / 86400)::int as day,
           coalesce(sum(p.amount_minor) filter (where not (p.amount_minor > 0 and exists (
             select from postings o
              where o.tenant_id = p.tenant_id and o.transfer_id = p.transfer_id and o.amount_minor < 0
                and (o.account_id like 'external:%' and o.account_id not like 'external:conversion:%'
                     or o.account_id like 'merchant:merch_wallet:%')))), 0)::float8 as net
      from postings p join transfers t using (tenant_id, transfer_id)
     where p.tenant_id = ${tenantId} and p.account_id = ${accountId} and p.account_id like 'wallet:%'
       and t.created_at >= ${toRfc3339(startMs)}::timestamptz and t.created_at < ${
    toRfc3339(endMs)
  }::timestamptz
     group by 1 order by 1`;
  const seed = hash32(`${tenantId}/${accountId}/${endMs}`);
  if (rows.length === 0) return { dailyNet: [], spendingDays: 0, seed };
  const first = rows[0].day;
  const dailyNet: number[] = Array(endMs / DAY_MS - first).fill(0);
  for (const { day, net } of rows) dailyNet[day - first] = net;
  return { dailyNet, spendingDays: dailyNet.filter((net) => net < 0).length, seed };
}
