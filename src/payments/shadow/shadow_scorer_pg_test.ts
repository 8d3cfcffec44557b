import { expect } from "expect";
import { FEATURE_INDEX } from "../../fraud/features/catalogue.ts";
import type { FraudModelPort } from "../../fraud/screen_payment.ts";
import { Metrics } from "../../http/metrics.ts";
import { createPayment } from "../create_payment.ts";
import { type Lab, modelOf, openLab, requestOf, TENANT } from "../testing/open_lab.ts";
import { ShadowScorer } from "./shadow_scorer.ts";

const CHALLENGER: FraudModelPort = {
  modelVersion: "challenger",
  // The larger the amount, the more suspicious: 90 from some 22,000 US dollars on.
  score: (vector) => {
    const riskScore = Math.min(100, Math.round(vector[FEATURE_INDEX.amount_ln] * 90) / 10);
    return { probability: riskScore / 200, riskScore };
  },
  explain: () => [],
};

function scorerOf(lab: Lab, model = CHALLENGER, accept = 0) {
  const verdicts: string[] = [];
  const scorer = new ShadowScorer(
    { pool: lab.service.pool, clock: lab.clock, queued: { accept, settle: 0 } },
    model,
    { shadowed: (champion, challenger) => verdicts.push(`${champion}/${challenger}`) },
  );
  return { scorer, verdicts };
}

interface Stored {
  tenant_id: string;
  payment_id: string;
  champion_version: string;
  champion_probability: number;
  champion_score: number;
  challenger_probability: number;
  challenger_score: number;
}

async function stored(lab: Lab): Promise<Stored[]> {
  return [
    ...await lab.owner<Stored[]>`
      select tenant_id, payment_id, champion_version, champion_probability, champion_score, challenger_probability,
             challenger_score
        from shadow_scores order by tenant_id, payment_id`,
  ].map((row) => ({ ...row }));
}

Deno.test("a challenger scores every payment screened since it came, on the stored vector, and changes no decision", async () => {
  await using lab = await openLab({
    model: modelOf((vector) => vector[FEATURE_INDEX.amount_ln] > 8 ? 80 : 5),
  });
  const { scorer, verdicts } = scorerOf(lab);
  const before = await lab.pay({ amountMinor: 2_000n });
  lab.clock.advance(1_000);
  expect(await scorer.round()).toBe(0);
  lab.clock.advance(1_000);

  const small = await lab.pay({ amountMinor: 5_000n });
  const large = await lab.pay({ paymentMethodId: "pm_ann", amountMinor: 500_000n });
  const largest = await lab.pay({ paymentMethodId: "pm_ann", amountMinor: 9_000_000n });
  const other = await createPayment(lab.service, requestOf({ tenantId: "other", customerId: "cust_other" }));
  expect([before, small, large, largest, other].map(({ answer }) => answer.status)).toEqual([
    "succeeded",
    "succeeded",
    "declined",
    "declined",
    "succeeded",
  ]);
  lab.clock.advance(1_000);
  expect(await scorer.round()).toBe(4);
  expect(await scorer.round()).toBe(0);

  const rows = await stored(lab);
  expect(rows.map((row) => row.payment_id).sort()).toEqual(
    [small, large, largest, other].map(({ answer }) => answer.payment_id).sort(),
  );
  for (const row of rows) {
    const [payment] = await lab.owner<
      { risk_score: number; fraud_probability: number; amount_minor: string; model_version: string }[]
    >`select risk_score, fraud_probability, amount_minor::text, model_version from payments
       where tenant_id = ${row.tenant_id} and payment_id = ${row.payment_id}`;
    const { riskScore, probability } = CHALLENGER.score(
      Float64Array.of(Math.log(Number(payment.amount_minor) / 100)),
    );
    expect(row).toEqual({
      tenant_id: row.tenant_id,
      payment_id: row.payment_id,
      champion_version: payment.model_version,
      champion_probability: payment.fraud_probability,
      champion_score: payment.risk_score,
      challenger_probability: probability,
      challenger_score: expect.closeTo(riskScore, 4),
    });
  }
  expect(verdicts.sort()).toEqual(["decline/decline", "decline/decline", "pass/pass", "pass/pass"]);

  // Row-level security: each tenant sees its own scores, and nobody changes one.
  const own = await lab.service.pool.of("other")<
    { tenant_id: string }[]
  >`select tenant_id from shadow_scores`;
  expect(own.map((row) => row.tenant_id)).toEqual(["other"]);
  await expect(lab.owner`update shadow_scores set challenger_score = 0`).rejects.toThrow();
  await expect(lab.owner`delete from shadow_scores`).rejects.toThrow();
});

Deno.test("what was committed late, accepted elsewhere or while no challenger ran is scored once", async () => {
  await using lab = await openLab();
  const first = scorerOf(lab).scorer;
  expect(await first.round()).toBe(0);
  lab.clock.advance(20_000);
  const paid = await lab.pay({ paymentMethodId: "pm_ann" });
  expect(await first.round()).toBe(1);
  // Asked for before the last round began, committed after it.
  lab.clock.advance(-10_000);
  const early = lab.service.ids.next("pay");
  lab.clock.advance(10_000);
  await lab.owner.unsafe(
    `create temporary table copied as select * from payments where payment_id = '${paid.answer.payment_id}';
     update copied set payment_id = '${early}';
     insert into payments select * from copied`,
  ).simple();
  expect(await first.round()).toBe(1);

  // The server restarts after a while; another one was up meanwhile.
  lab.clock.advance(3_600_000);
  await lab.pay({ paymentMethodId: "pm_ann" }, await lab.openService());
  lab.clock.advance(3_600_000);
  const second = scorerOf(lab).scorer;
  const third = scorerOf(lab).scorer;
  const [one, two] = await Promise.all([second.round(), third.round()]);
  expect(Math.max(one, two)).toBe(1);
  expect((await stored(lab)).length).toBe(3);
  expect(second.behindMs).toBe(0);
  lab.clock.advance(5_000);
  expect(second.behindMs).toBe(5_000);
});

Deno.test("a backlog of several tenants is caught up in one round, batch by batch, each payment once", async () => {
  await using lab = await openLab();
  const { scorer, verdicts } = scorerOf(lab);
  await scorer.round();
  await lab.pay();
  await createPayment(lab.service, requestOf({ tenantId: "other", customerId: "cust_other" }));
  const perTenant = 701;
  // Copies beside the originals, with ids of the same millisecond.
  await lab.owner.unsafe(
    `create temporary table copied as
       select p.*, n from payments p, generate_series(1, ${
      perTenant - 1
    }) n where p.feature_vector is not null;
     update copied set payment_id = left(payment_id, 20) || lpad(n::text, 10, '0');
     alter table copied drop column n;
     insert into payments select * from copied`,
  ).simple();
  // Some of them were scored by another server meanwhile.
  await lab.owner`
    insert into shadow_scores (tenant_id, challenger_version, payment_id, champion_version, champion_probability,
                               champion_score, challenger_probability, challenger_score, scored_at)
    select tenant_id, ${CHALLENGER.modelVersion}, payment_id, 'lab-model', 0, 0, 0, 0, now() from payments
     where payment_id like '%7'`;
  const already = (await stored(lab)).length;
  expect(already).toBeGreaterThan(100);
  expect(await scorer.round()).toBe(2 * perTenant - already);
  expect(verdicts.length).toBe(2 * perTenant - already);
  expect((await stored(lab)).length).toBe(2 * perTenant);
  expect(await scorer.round()).toBe(0);
});

Deno.test("the shadow waits while payments wait, and shows the hard rules' score as the screen does", async () => {
  await using lab = await openLab();
  const busy = scorerOf(lab, CHALLENGER, 1_000).scorer;
  expect(await busy.round()).toBe(0);
  for (let i = 0; i < 17; i++) await lab.pay({ paymentMethodId: "pm_ann", amountMinor: 100n });
  expect(await busy.round()).toBe(0);
  expect(await stored(lab)).toEqual([]);
  expect(await scorerOf(lab).scorer.round(() => true)).toBe(0);
  const metrics = new Metrics();
  const counted = new ShadowScorer(
    { pool: lab.service.pool, clock: lab.clock, queued: { accept: 0, settle: 0 } },
    CHALLENGER,
    metrics.shadow,
  );
  expect(await counted.round()).toBe(17);
  const rows = await stored(lab);
  const byRule = rows.filter((row) => row.champion_score >= 95);
  expect(byRule.length).toBeGreaterThan(0);
  expect(await metrics.registry.metrics()).toContain(
    `fraud_shadow_scores_total{champion="decline",challenger="decline"} ${byRule.length}`,
  );
  for (const row of byRule) {
    expect(row.challenger_score).toBe(95);
    expect(row.challenger_probability).toBeLessThan(0.5);
  }
  expect(rows.every((row) => row.tenant_id === TENANT)).toBe(true);
});
