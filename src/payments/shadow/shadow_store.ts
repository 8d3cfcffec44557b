import { toRfc3339 } from "../../core/clock.ts";
import { firstIdAt } from "../../core/ids.ts";
import { scalarArray, textArray } from "../../db/array_literal.ts";
import type { TenantPool } from "../../db/tenant_pool.ts";
import { FEATURES } from "../../fraud/features/catalogue.ts";

/** A screened payment as stored: the vector that the champion judged, and its judgement. */
export interface ScreenedPayment {
  readonly tenantId: string;
  readonly paymentId: string;
  readonly vector: Float64Array;
  readonly championVersion: string;
  readonly championProbability: number;
  readonly championScore: number;
}

export interface ShadowScore extends Omit<ScreenedPayment, "vector"> {
  readonly challengerProbability: number;
  readonly challengerScore: number;
}

/** Since when the challenger has been in the shadow: now, if this is the first that anybody hears of it. */
export async function registerChallenger(
  pool: TenantPool,
  modelVersion: string,
  nowMs: number,
): Promise<number> {
  const sql = pool.of([]);
  await sql`
    insert into challenger_models (model_version, shadowed_since) values (${modelVersion}, ${
    toRfc3339(nowMs)
  })
    on conflict do nothing`;
  const [{ since_ms: sinceMs }] = await sql<{ since_ms: number }[]>`
    select (extract(epoch from shadowed_since) * 1000)::float8 as since_ms from challenger_models
     where model_version = ${modelVersion}`;
  return Math.round(sinceMs);
}

/** What a round reads next: payments behind this one, by tenant and id. */
export interface ShadowPlace {
  readonly tenantId: string;
  readonly paymentId: string;
}

/**
 * Payments of all tenants that were asked for from `fromMs` to before `untilMs`, by the server's clock, that stand behind
 * `after` and that the challenger has not scored; by tenant and id, `limit` at most. Those of history that was loaded
 * were never screened, and vectors of another length are of a program with other features: both are left alone.
 */
export async function readUnscored(
  pool: TenantPool,
  challengerVersion: string,
  window: { readonly fromMs: number; readonly untilMs: number },
  after: ShadowPlace | null,
  limit: number,
): Promise<ScreenedPayment[]> {
  const tenantId = after?.tenantId ?? "";
  const first = firstIdAt("pay", window.fromMs);
  // Each payment is looked up among the scores by its key, which the inner limit leaves no choice about: as a join, on
  // tables that nobody has analysed yet, all scores were read for each payment.
  const rows = await pool.ofEveryTenant<
    {
      tenant_id: string;
      payment_id: string;
      feature_vector: Uint8Array;
      model_version: string;
      fraud_probability: number;
      risk_score: number;
    }[]
  >`
    select p.* from tenants t cross join lateral (
      select p.tenant_id, p.payment_id, p.feature_vector, p.model_version, p.fraud_probability, p.risk_score
        from payments p
        left join lateral (select true as is_scored from shadow_scores s
                            where s.tenant_id = p.tenant_id and s.challenger_version = ${challengerVersion}
                              and s.payment_id = p.payment_id limit 1) s on true
       where p.tenant_id = t.tenant_id and s.is_scored is null
         and p.payment_id > case t.tenant_id when ${tenantId} then ${
    after?.paymentId ?? first
  } else ${first} end
         and p.payment_id < ${firstIdAt("pay", window.untilMs)}
         and octet_length(p.feature_vector) = ${FEATURES.length * Float64Array.BYTES_PER_ELEMENT}
       order by p.payment_id limit ${limit}
    ) p where t.tenant_id >= ${tenantId}
    order by p.tenant_id, p.payment_id limit ${limit}`;
  return rows.map((row) => ({
    tenantId: row.tenant_id,
    paymentId: row.payment_id,
    vector: vectorOf(row.feature_vector),
    championVersion: row.model_version,
    championProbability: row.fraud_probability,
    championScore: row.risk_score,
  }));
}

/** In one statement. What another server has scored meanwhile stays as it is. */
export async function storeShadowScores(
  pool: TenantPool,
  challengerVersion: string,
  scores: readonly ShadowScore[],
  nowMs: number,
): Promise<void> {
  const text = (value: (score: ShadowScore) => string) => textArray(scores.map(value));
  const number = (value: (score: ShadowScore) => number) => scalarArray(scores.map(value));
  await pool.of(scores.map(({ tenantId }) => tenantId))`
    insert into shadow_scores (tenant_id, challenger_version, payment_id, champion_version, champion_probability,
                               champion_score, challenger_probability, challenger_score, scored_at)
    select u.tenant_id, ${challengerVersion}, u.payment_id, u.champion_version, u.champion_probability,
           u.champion_score, u.challenger_probability, u.challenger_score, ${toRfc3339(nowMs)}::timestamptz
      from unnest(${text((s) => s.tenantId)}::text[], ${text((s) => s.paymentId)}::text[],
                  ${text((s) => s.championVersion)}::text[],
                  ${number((s) => s.championProbability)}::float8[], ${
    number((s) => s.championScore)
  }::real[],
                  ${number((s) => s.challengerProbability)}::float8[], ${
    number((s) => s.challengerScore)
  }::real[])
                  u (tenant_id, payment_id, champion_version, champion_probability, champion_score,
                     challenger_probability, challenger_score)
    on conflict do nothing`;
}

/** float64, little endian, as store_accepted.ts writes it. */
export function vectorOf(bytes: Uint8Array): Float64Array {
  // A copy: those bytes may lie anywhere in a buffer of the driver's, whose own slice() copies nothing.
  return new Float64Array(new Uint8Array(bytes).buffer);
}
