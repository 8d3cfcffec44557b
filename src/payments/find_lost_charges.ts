import { textArray } from "../db/array_literal.ts";
import type { Sql } from "../db/pool.ts";
import type { CapturedCharge } from "../providers/captured_charge.ts";
import { PAYMENT_STATUSES, paymentOfKey, type PaymentStatus } from "./payment.ts";

/** Charges looked up at once. */
const PAGE = 5_000;

interface Row {
  tenant_id: string;
  /** Of the key's payment; all null where there is none. */
  payment_id: string | null;
  status: PaymentStatus | null;
  provider: string | null;
  charge_number: number | null;
  currency: string | null;
  captured: string | null;
}

/**
 * Charges that a provider has made, and not given back in full, of which no payment tells: the customer paid for what we
 * call failed, or twice. A payment tells of a charge when it is captured with that amount by that provider under that
 * very key, or is still open there. The provider's word comes before ours here, so what was on its way has its row.
 *
 * @returns `lost` as lines; `elsewhere` counts charges whose tenant this database does not have
 */
export async function findLostCharges(
  sql: Sql,
  captured: Iterable<CapturedCharge>,
): Promise<{ lost: string[]; elsewhere: number }> {
  const tenants = new Set(
    (await sql<{ tenant_id: string }[]>`select tenant_id from tenants`).map((row) => row.tenant_id),
  );
  const lost: string[] = [];
  let elsewhere = 0;
  let page: Page = [];
  for (const charge of captured) {
    if (charge.refundedMinor >= charge.amountMinor) continue;
    const of = paymentOfKey(charge.key);
    if (of === null || !tenants.has(of.tenantId)) {
      elsewhere++;
      continue;
    }
    page.push({ charge, of });
    if (page.length < PAGE) continue;
    lost.push(...await lostOf(sql, page));
    page = [];
  }
  lost.push(...await lostOf(sql, page));
  return { lost, elsewhere };
}

type Page = { charge: CapturedCharge; of: NonNullable<ReturnType<typeof paymentOfKey>> }[];

async function lostOf(sql: Sql, page: Page): Promise<string[]> {
  if (page.length === 0) return [];
  const rows = await sql<Row[]>`
    select k.tenant_id, p.payment_id, p.status, p.provider, p.charge_number, p.currency,
           p.captured_minor::text as captured
      from unnest(${textArray(page.map(({ of }) => of.tenantId))}::text[],
                  ${textArray(page.map(({ of }) => of.paymentId))}::text[])
             with ordinality k (tenant_id, payment_id, place)
      left join payments p on p.tenant_id = k.tenant_id and p.payment_id = k.payment_id
     order by k.place`;
  return page.flatMap(({ charge, of }, i) => {
    if (isToldOf(charge, of.chargeNumber, rows[i])) return [];
    const { provider, key, amountMinor, currency } = charge;
    const ours = rows[i].status === null ? "no payment of ours" : `${rows[i].status} in our books`;
    return [`${provider} ${key} charged ${amountMinor} ${currency}, ${ours}`];
  });
}

function isToldOf(charge: CapturedCharge, chargeNumber: number, row: Row): boolean {
  if (row.status === null || row.provider !== charge.provider || row.charge_number !== chargeNumber) {
    return false;
  }
  if (!PAYMENT_STATUSES[row.status].final) return true;
  return row.currency === charge.currency && BigInt(row.captured!) === charge.amountMinor;
}
