import { firstIdAt } from "../core/ids.ts";
import type { Sql } from "../db/pool.ts";
import { testPaymentMethod } from "../providers/test_payment_methods.ts";

/**
 * What became of a payment that two models have judged. `unknown_decline`: the screen declined it, so nobody can report it;
 * only a label that somebody brings all the same tells what it was. `stood_for`: the screen declined it by chance, and
 * those of its kind that chance let pass stand for it.
 */
export type ShadowedOutcome = "fraud" | "genuine" | "unknown_decline" | "stood_for";

export interface Judgement {
  readonly probability: number;
  /** As the screen shows it: 75 and above is declined. */
  readonly score: number;
}

/** A payment that is old enough to be judged by. */
export interface ShadowedPayment {
  /** A number for each customer of each tenant. */
  readonly customer: number;
  readonly outcome: ShadowedOutcome;
  /** How many payments it stands for: 1 over the probability with which the screen let it pass, 1 for a decline. */
  readonly weight: number;
  readonly champion: Judgement;
  readonly challenger: Judgement;
}

/** What was not taken, and why. */
export interface LeftOut {
  /** Too young: their frauds may not have been reported yet. */
  readonly immature: number;
  /** Failed, declined by the issuer or still open, and without a label: nobody could have reported them. */
  readonly noOutcome: number;
  /** Test payment methods order their outcome; what the models say of them proves nothing. */
  readonly testMethods: number;
  /** Judged by another champion than the present one. */
  readonly otherChampion: number;
  /** Screened since the challenger came, and not scored by it. */
  readonly unscored: number;
}

export interface Shadowed {
  readonly payments: readonly ShadowedPayment[];
  readonly customers: number;
  readonly leftOut: LeftOut;
  /** When the challenger came; null when it never did. */
  readonly sinceMs: number | null;
  /** The latest payment or report there is, by which age is told; of each tenant its own, here the latest of all. */
  readonly asOfMs: number | null;
}

export interface ShadowQuestion {
  readonly championVersion: string;
  readonly challengerVersion: string;
  readonly labelDelayMs: number;
  /** The present, in the payments' own time; null for each tenant's latest payment or report. */
  readonly asOfMs: number | null;
}

const CURSOR_ROWS = 5_000;

interface Row {
  tenant_id: string;
  customer_id: string;
  champion_version: string;
  champion_probability: number;
  champion_score: number;
  challenger_probability: number;
  challenger_score: number;
  status: string;
  decline_by: string | null;
  approval_propensity: number | null;
  payment_method_id: string | null;
  occurred_at_ms: number;
  fraud: boolean | null;
  reported_at_ms: number | null;
}

/** Everything that a challenger has scored, over all tenants and as the owner, sorted into what counts and what does not. */
export async function readShadowed(sql: Sql, question: ShadowQuestion): Promise<Shadowed> {
  const { challengerVersion, championVersion, labelDelayMs } = question;
  const [known] = await sql<{ since_ms: number }[]>`
    select (extract(epoch from shadowed_since) * 1000)::float8 as since_ms from challenger_models
     where model_version = ${challengerVersion}`;
  const nothing = { immature: 0, noOutcome: 0, testMethods: 0, otherChampion: 0, unscored: 0 };
  if (known === undefined) {
    return { payments: [], customers: 0, leftOut: nothing, sinceMs: null, asOfMs: null };
  }
  const asOf = await presentOf(sql, question);
  const leftOut = { ...nothing, unscored: await countUnscored(sql, challengerVersion, known.since_ms) };
  const customers = new Map<string, number>();
  const payments: ShadowedPayment[] = [];
  for await (const rows of scoredPayments(sql, challengerVersion)) {
    for (const row of rows) {
      const presentMs = asOf.get(row.tenant_id)!;
      const label = row.reported_at_ms !== null && row.reported_at_ms <= presentMs ? row.fraud : null;
      const outcome = outcomeOf(row, label);
      if (row.champion_version !== championVersion) leftOut.otherChampion++;
      else if (row.payment_method_id !== null && testPaymentMethod(row.payment_method_id) !== undefined) {
        leftOut.testMethods++;
      } else if (row.occurred_at_ms > presentMs - labelDelayMs) leftOut.immature++;
      else if (outcome === null) leftOut.noOutcome++;
      else {
        const customer = `${row.tenant_id}/${row.customer_id}`;
        if (!customers.has(customer)) customers.set(customer, customers.size);
        payments.push({
          customer: customers.get(customer)!,
          outcome,
          weight: row.decline_by === "risk" ? 1 : 1 / (row.approval_propensity ?? 1),
          champion: { probability: row.champion_probability, score: row.champion_score },
          challenger: { probability: row.challenger_probability, score: row.challenger_score },
        });
      }
    }
  }
  return {
    payments,
    customers: customers.size,
    leftOut,
    sinceMs: known.since_ms,
    asOfMs: asOf.size === 0 ? null : Math.max(...asOf.values()),
  };
}

/** Null where nobody could have reported anything. */
function outcomeOf(
  { status, decline_by: declineBy, approval_propensity: propensity }: Pick<
    Row,
    "status" | "decline_by" | "approval_propensity"
  >,
  label: boolean | null,
): ShadowedOutcome | null {
  // Also where somebody labelled it: it would count twice.
  if (declineBy === "risk" && propensity !== null && propensity > 0) return "stood_for";
  if (label !== null) return label ? "fraud" : "genuine";
  if (status === "succeeded") return "genuine";
  return declineBy === "risk" ? "unknown_decline" : null;
}

function scoredPayments(sql: Sql, challengerVersion: string): AsyncIterable<Row[]> {
  return sql<Row[]>`
    select s.tenant_id, p.customer_id, s.champion_version, s.champion_probability, s.champion_score,
           s.challenger_probability, s.challenger_score, p.status, p.decline_by, p.approval_propensity,
           p.payment_method_id, p.occurred_at_ms::float8 as occurred_at_ms, l.fraud, l.reported_at_ms::float8 as reported_at_ms
      from shadow_scores s
      join payments p on p.tenant_id = s.tenant_id and p.payment_id = s.payment_id
      left join payment_labels l on l.tenant_id = s.tenant_id and l.payment_id = s.payment_id
     where s.challenger_version = ${challengerVersion}
     order by s.tenant_id, s.payment_id`.cursor(CURSOR_ROWS);
}

/** By tenant. Event time may be simulated, so the machine's clock says nothing of how old a payment is. */
async function presentOf(
  sql: Sql,
  { challengerVersion, asOfMs }: ShadowQuestion,
): Promise<Map<string, number>> {
  const rows = await sql<{ tenant_id: string; at_ms: number }[]>`
    select s.tenant_id, greatest(max(p.occurred_at_ms), max(l.reported_at_ms))::float8 as at_ms
      from shadow_scores s
      join payments p on p.tenant_id = s.tenant_id and p.payment_id = s.payment_id
      left join payment_labels l on l.tenant_id = s.tenant_id and l.payment_id = s.payment_id
     where s.challenger_version = ${challengerVersion}
     group by s.tenant_id`;
  return new Map(rows.map((row) => [row.tenant_id, asOfMs ?? row.at_ms]));
}

async function countUnscored(sql: Sql, challengerVersion: string, sinceMs: number): Promise<number> {
  const [{ count }] = await sql<{ count: number }[]>`
    select count(*)::int as count from payments p
     where p.payment_id >= ${firstIdAt("pay", Math.round(sinceMs))} and p.feature_vector is not null
       and not exists (select from shadow_scores s
                        where s.tenant_id = p.tenant_id and s.challenger_version = ${challengerVersion}
                          and s.payment_id = p.payment_id)`;
  return count;
}
