import type { Sql } from "../db/pool.ts";
import { type DriftFrom, driftFrom, type DriftReference } from "../fraud/drift/reference.ts";
import { FEATURES } from "../fraud/features/catalogue.ts";
import type { FraudModelPort } from "../fraud/screen_payment.ts";
import { vectorOf } from "../payments/shadow/shadow_store.ts";

export interface MonthDrift extends DriftFrom {
  /** In the payments' own time: 2026-03. */
  readonly month: string;
  /** Screened in this month. */
  readonly payments: number;
  /** Of those, looked at. */
  readonly sampled: number;
}

/** Enough for an index that is right to a thousandth. */
const ROWS_A_MONTH = 15_000;
const CURSOR_ROWS = 2_000;
const BUCKETS = 1_048_576;

/**
 * How far the vectors that servers stored lie from those a model learned from, month by month, over all tenants and as
 * the owner. Months with many payments are sampled, by a hash of their ids, so that the same ones are taken each time.
 */
export async function storedDrift(
  sql: Sql,
  model: FraudModelPort,
  reference: DriftReference,
): Promise<MonthDrift[]> {
  const months = await sql<{ month: string; payments: number }[]>`
    select ${monthOf(sql)} as month, count(*)::int as payments from payments p
     where ${isScreened(sql)} group by 1 order by 1`;
  const drifts: MonthDrift[] = [];
  for (const { month, payments } of months) {
    const below = Math.ceil(Math.min(1, ROWS_A_MONTH / payments) * BUCKETS);
    const vectors: Float64Array[] = [];
    const rows = sql<{ feature_vector: Uint8Array }[]>`
      select feature_vector from payments p
       where ${isScreened(sql)} and ${monthOf(sql)} = ${month}
         and hashtextextended(p.payment_id, 0) & ${BUCKETS - 1} < ${below}`.cursor(CURSOR_ROWS);
    for await (const batch of rows) for (const row of batch) vectors.push(vectorOf(row.feature_vector));
    if (vectors.length === 0) continue;
    const drift = driftFrom(reference, {
      length: vectors.length,
      vector: (row) => vectors[row],
      probability: (row) => model.score(vectors[row]).probability,
    });
    drifts.push({ month, payments, sampled: vectors.length, ...drift });
  }
  return drifts;
}

/** What servers screened with the present features; loaded history has no vector. */
function isScreened(sql: Sql) {
  return sql`octet_length(p.feature_vector) = ${FEATURES.length * Float64Array.BYTES_PER_ELEMENT}`;
}

function monthOf(sql: Sql) {
  return sql`to_char(to_timestamp(p.occurred_at_ms / 1000.0) at time zone 'UTC', 'YYYY-MM')`;
}
