import { WALLET_MERCHANT_ID } from "../core/wallet_merchant.ts";
import type { TenantStatements } from "../db/tenant_pool.ts";
import { median, robustSpread } from "./forecast/quantiles.ts";
import { DAY_MS } from "./risk/past.ts";

const WEEK_MS = 7 * DAY_MS;
const USUAL_WEEKS_MAX = 12;
export const USUAL_WEEKS_MIN = 4;
/** How many spreads from the median a week must be to be unusual. */
const UNUSUAL_AT = 3;
/** A spread is at least this share of the median, or steady spenders would be unusual by cents. */
export const SPREAD_MIN_SHARE = 0.15;

export interface CategorySpending {
  readonly category: string;
  readonly lastWeekMinor: number;
  /** Median and spread of the weeks before; weeks without a payment count as zero. */
  readonly usualMinor: number;
  readonly spreadMinor: number;
  readonly payments: number;
  /** `rarely_bought` where fewer than two of the weeks before had any: there is no usual to be above. */
  readonly verdict: "usual" | "above_usual" | "below_usual" | "rarely_bought";
}

export type Spending =
  | { basis: "insufficient_data"; weeks: number; missing: string }
  | { basis: "weekly_median_and_mad"; weeks: number; categories: CategorySpending[] };

interface SpentRow {
  readonly category: string;
  /** 0 for the latest seven days, 1 for those before … */
  readonly week: number;
  readonly spent: number;
  readonly payments: number;
}

/**
 * What a customer spent in the latest seven days, by merchant category, against the same customer's own weeks before.
 * All succeeded payments in the currency count, whatever paid them, and what was sent to others as "transfers".
 */
export async function readSpending(
  sql: TenantStatements,
  tenantId: string,
  customerId: string,
  accountId: string,
  currency: string,
  atMs: number,
): Promise<Spending> {
  const sinceMs = atMs - (USUAL_WEEKS_MAX + 1) * WEEK_MS;
  const rows = await sql<SpentRow[]>`
    select category, week, sum(amount_minor)::float8 as spent, count(*)::int as payments from (
      select m.category, p.captured_minor - p.refunded_minor as amount_minor,
             floor((${atMs}::bigint - p.occurred_at_ms)::float8 / ${WEEK_MS})::int as week
        from payments p join merchants m using (tenant_id, merchant_id)
       where p.tenant_id = ${tenantId} and p.customer_id = ${customerId} and p.currency = ${currency}
         and p.captured_minor > p.refunded_minor and p.occurred_at_ms > ${sinceMs} and p.occurred_at_ms <= ${atMs}
         and p.merchant_id <> ${WALLET_MERCHANT_ID}
       union all
      select 'transfers', amount_minor, floor((${atMs}::bigint - occurred_at_ms)::float8 / ${WEEK_MS})::int
        from wallet_transfers
       where tenant_id = ${tenantId} and from_account_id = ${accountId} and status = 'posted'
         and occurred_at_ms > ${sinceMs} and occurred_at_ms <= ${atMs}
    ) spent group by 1, 2`;
  return spendingOf(rows);
}

export function spendingOf(rows: readonly SpentRow[]): Spending {
  // The oldest week with a payment may have begun before the history did: it is no whole week.
  const weeks = rows.reduce((most, { week }) => Math.max(most, week), 0) - 1;
  if (weeks < USUAL_WEEKS_MIN) {
    const known = Math.max(0, weeks);
    return {
      basis: "insufficient_data",
      weeks: known,
      missing: `${
        USUAL_WEEKS_MIN - known
      } more whole weeks of payments before the latest: the usual needs ${USUAL_WEEKS_MIN}.`,
    };
  }
  const byCategory = Map.groupBy(rows, ({ category }) => category);
  const categories = [...byCategory].map(([category, found]) => {
    const spent: number[] = Array(weeks + 1).fill(0);
    for (const { week, spent: sum } of found) if (week <= weeks) spent[week] += sum;
    const [lastWeekMinor, ...before] = spent;
    const usualMinor = Math.round(median(before));
    const spreadMinor = Math.round(
      Math.max(robustSpread(before), SPREAD_MIN_SHARE * Math.max(usualMinor, lastWeekMinor)),
    );
    const away = spreadMinor === 0 ? 0 : (lastWeekMinor - usualMinor) / spreadMinor;
    return {
      category,
      lastWeekMinor,
      usualMinor,
      spreadMinor,
      payments: found.reduce((sum, { payments }) => sum + payments, 0),
      verdict: verdictOf(before, away),
    } as const;
  });
  categories.sort((a, b) => b.lastWeekMinor - a.lastWeekMinor || (a.category < b.category ? -1 : 1));
  return { basis: "weekly_median_and_mad", weeks, categories };
}

function verdictOf(before: readonly number[], away: number): CategorySpending["verdict"] {
  if (before.filter((sum) => sum > 0).length < 2) return "rarely_bought";
  return away >= UNUSUAL_AT ? "above_usual" : away <= -UNUSUAL_AT ? "below_usual" : "usual";
}
