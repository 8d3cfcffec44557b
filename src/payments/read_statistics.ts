import type { Sql } from "../db/pool.ts";
import { SuccessStatistics } from "../routing/route_payment.ts";
import { TEST_PAYMENT_METHODS } from "../providers/test_payment_methods.ts";

/** Past outcomes that a route rests on, at most: the most recent ones. */
const ATTEMPTS_MAX = 200_000;

/**
 * What routing knows when the server starts: the outcomes of the most recent attempts of all tenants, by provider,
 * network and border. Test methods order their outcome and are left out.
 */
export async function readStatistics(sql: Sql): Promise<SuccessStatistics> {
  const statistics = new SuccessStatistics();
  const rows = await sql<
    { provider: string; network: string; crossBorder: boolean; approved: number; total: number }[]
  >`
    select a.provider, m.network, m.issuer_country <> h.country as "crossBorder",
           count(*) filter (where a.outcome = 'approved')::int as approved, count(*)::int as total
      from (select * from payments order by payment_id desc limit ${ATTEMPTS_MAX}) p
      join payment_attempts a using (tenant_id, payment_id)
      join payment_methods m on m.tenant_id = p.tenant_id and m.payment_method_id = p.payment_method_id
      join merchants h on h.tenant_id = p.tenant_id and h.merchant_id = p.merchant_id
     where a.outcome in ('approved', 'declined') and p.payment_method_id <> all (${
    Object.keys(TEST_PAYMENT_METHODS)
  })
     group by 1, 2, 3`;
  for (const row of rows) statistics.add(row.provider, row.network, row.crossBorder, row.approved, row.total);
  return statistics;
}
