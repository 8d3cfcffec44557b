import { Random } from "../../core/random.ts";
import { scalarArray, textArray } from "../../db/array_literal.ts";
import type { Sql } from "../../db/pool.ts";
import { riskScore } from "../../fraud/model/risk_score.ts";

export const TENANT = "lab";
export const SINCE_MS = Date.UTC(2026, 0, 5);
const DAY_MS = 86_400_000;
/** The probability at score 75 in what is planted. */
export const THRESHOLD = 0.1;

export interface PlantedShadow {
  readonly champion: string;
  readonly challenger: string;
  readonly payments: number;
  readonly frauds: number;
  /** By how much a fraud's log-odds lie above a genuine payment's: what a model knows. */
  readonly championKnows: number;
  readonly challengerKnows: number;
  /** Added to all log-odds of the challenger: an operating point that does not fit. */
  readonly challengerOffset?: number;
  /** Days over which the payments are spread, to the present. */
  readonly days?: number;
  /** Whether what the champion would decline was declined and never reported on. */
  readonly declines?: boolean;
  /** Share of those that were let pass at random; 0 when left out. */
  readonly explores?: number;
  readonly paymentMethodId?: string;
  readonly seed?: number;
}

/** Stored payments, both models' scores of them, and labels of the frauds three days after each. */
export async function plantShadow(owner: Sql, planted: PlantedShadow): Promise<void> {
  const random = new Random(planted.seed ?? 1);
  const exploring = random.fork("explores");
  const days = planted.days ?? 60;
  const rows = Array.from({ length: planted.payments }, (_, i) => {
    const fraud = i < planted.frauds;
    const logOdds = (knows: number) => -7 + random.normal() + (fraud ? knows : 0);
    const champion = sigmoid(logOdds(planted.championKnows));
    const challenger = sigmoid(logOdds(planted.challengerKnows) + (planted.challengerOffset ?? 0));
    const isRisky = planted.declines === true && champion >= THRESHOLD;
    const declined = isRisky && exploring.uniform() >= (planted.explores ?? 0);
    return {
      id: `pay_planted${String(i).padStart(8, "0")}`,
      customer: `cust_${random.integer(0, 399)}`,
      atMs: SINCE_MS + Math.floor(random.uniform() * days * DAY_MS),
      isLabelled: fraud && !declined,
      champion,
      challenger,
      declined,
      propensity: isRisky ? planted.explores ?? 0 : 1,
    };
  });
  const text = (of: (row: typeof rows[number]) => string | null) => textArray(rows.map(of));
  const number = (of: (row: typeof rows[number]) => number) => scalarArray(rows.map(of));
  await owner`insert into tenants (tenant_id) values (${TENANT}) on conflict do nothing`;
  await owner`
    insert into payments (tenant_id, payment_id, status, method, currency, amount_minor, captured_minor, customer_id,
           merchant_id, payment_method_id, principal, country, occurred_at_ms, feature_vector, risk_score,
           fraud_probability, risk_decision, approval_propensity, model_version, decline_by, decline_code, created_at)
    select ${TENANT}, id, status, 'card', 'USD', 1000, case status when 'succeeded' then 1000 else 0 end, customer,
           'merch', ${
    planted.paymentMethodId ?? "pm_own"
  }, 'tester', 'US', at_ms, '\\x00', score, probability,
           case status when 'succeeded' then 'approve' else 'decline' end, propensity, ${planted.champion},
           case status when 'declined' then 'risk' end, case status when 'declined' then 'fraud_suspected' end, now()
      from unnest(${text((row) => row.id)}::text[], ${
    text((row) => row.declined ? "declined" : "succeeded")
  }::text[],
                  ${text((row) => row.customer)}::text[], ${number((row) => row.atMs)}::bigint[],
                  ${number((row) => riskScore(row.champion, THRESHOLD))}::real[],
                  ${number((row) => row.champion)}::float8[], ${number((row) => row.propensity)}::float8[])
                  u (id, status, customer, at_ms, score, probability, propensity)`;
  await owner`
    insert into challenger_models (model_version, shadowed_since)
    values (${planted.challenger}, ${new Date(SINCE_MS)}) on conflict do nothing`;
  await owner`
    insert into shadow_scores (tenant_id, challenger_version, payment_id, champion_version, champion_probability,
                               champion_score, challenger_probability, challenger_score, scored_at)
    select ${TENANT}, ${planted.challenger}, id, ${planted.champion}, a, a_score, b, b_score, now()
      from unnest(${text((row) => row.id)}::text[], ${number((row) => row.champion)}::float8[],
                  ${number((row) => riskScore(row.champion, THRESHOLD))}::real[],
                  ${number((row) => row.challenger)}::float8[],
                  ${
    number((row) => riskScore(row.challenger, THRESHOLD))
  }::real[]) u (id, a, a_score, b, b_score)`;
  const labelled = rows.filter(({ isLabelled }) => isLabelled);
  await owner`
    insert into payment_labels (tenant_id, payment_id, fraud, source, reported_at_ms, known_at_ms)
    select ${TENANT}, id, true, 'planted', at_ms, at_ms
      from unnest(${textArray(labelled.map(({ id }) => id))}::text[],
                  ${scalarArray(labelled.map(({ atMs }) => atMs + 3 * DAY_MS))}::bigint[]) u (id, at_ms)`;
}

function sigmoid(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds));
}
