import { expect } from "expect";
import { Random } from "../core/random.ts";
import { byteaArray, scalarArray, textArray } from "../db/array_literal.ts";
import { openPool } from "../db/pool.ts";
import { freshDatabase } from "../db/testing/fresh_database.ts";
import { driftReference } from "../fraud/drift/reference.ts";
import { FEATURE_INDEX, FEATURES } from "../fraud/features/catalogue.ts";
import type { FraudModelPort } from "../fraud/screen_payment.ts";
import { driftText } from "./drift_command.ts";
import { storedDrift } from "./stored_drift.ts";

const AMOUNT = FEATURE_INDEX.amount_ln;
const MODEL: FraudModelPort = {
  modelVersion: "amounts",
  score: (vector) => ({ probability: 1 / (1 + Math.exp(6 - vector[AMOUNT])), riskScore: 1 }),
  explain: () => [],
};

/** Vectors in which only the amount varies, about its mean. */
function vectors(rows: number, meanLn: number, seed: number): Float64Array[] {
  const random = new Random(seed);
  return Array.from({ length: rows }, () => {
    const vector = new Float64Array(FEATURES.length);
    vector[AMOUNT] = meanLn + random.normal();
    return vector;
  });
}

Deno.test("storedDrift() tells, by month, which features of stored vectors moved, and that the others did not", async () => {
  const database = await freshDatabase();
  const owner = openPool({ url: database.ownerUrl, max: 1, applicationName: "drift test" });
  try {
    const trained = vectors(5_000, 3, 1);
    const reference = driftReference(
      { length: trained.length, vector: (row) => Float32Array.from(trained[row]) },
      { length: trained.length, probability: (row) => MODEL.score(trained[row]).probability },
      FEATURES.length,
    );
    const store = async (prefix: string, atMs: number, rows: readonly Float64Array[]) => {
      await owner`
        insert into payments (tenant_id, payment_id, status, method, currency, amount_minor, captured_minor, customer_id,
               merchant_id, principal, country, occurred_at_ms, feature_vector, created_at)
        select 'lab', id, 'succeeded', 'card', 'USD', 100, 100, 'cust', 'merch', 'tester', 'US', at_ms, vector, now()
          from unnest(${textArray(rows.map((_, i) => `pay_${prefix}${i}`))}::text[],
                      ${scalarArray(rows.map((_, i) => atMs + i))}::bigint[],
                      ${
        byteaArray(rows.map((row) => new Uint8Array(row.buffer)))
      }::bytea[]) u (id, at_ms, vector)`;
    };
    await store("same", Date.UTC(2026, 2, 1), vectors(3_000, 3, 2));
    await store("moved", Date.UTC(2026, 3, 30, 23, 59, 50), vectors(3_000, 4, 3));
    // History that was loaded, and vectors of another program, are no evidence.
    await store("other", Date.UTC(2026, 5, 1), [new Float64Array(3)]);
    await owner`update payments set feature_vector = null where payment_id = 'pay_same0'`;

    const months = await storedDrift(owner, MODEL, reference);
    expect(months.map(({ month, payments, sampled }) => [month, payments, sampled])).toEqual([
      ["2026-03", 2_999, 2_999],
      ["2026-04", 3_000, 3_000],
    ]);
    const [march, april] = months;
    expect(march.score).toBeLessThan(0.02);
    expect(march.features[AMOUNT]).toBeLessThan(0.02);
    expect(april.score).toBeGreaterThan(0.25);
    expect(april.features[AMOUNT]).toBeGreaterThan(0.25);
    const others = april.features.filter((_, f) => f !== AMOUNT);
    expect(others.length).toBe(FEATURES.length - 1);
    // A feature that never varies has one bin and a half of nothing.
    for (const psi of others) expect(psi).toBeLessThan(0.01);

    const text = driftText(MODEL.modelVersion, months, 1);
    expect(text).toMatch(/screened payments +2999 +3000/);
    expect(text).toMatch(/\namount_ln +0\.0\d\d +[01]\.\d\d\d\n/);
  } finally {
    await owner.end();
    await database.drop();
  }
});
