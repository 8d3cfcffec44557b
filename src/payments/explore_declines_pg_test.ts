import { expect } from "expect";
import { modelOf, openLab, TENANT } from "./testing/open_lab.ts";

const README = new URL("../promotion/README.md", import.meta.url);

Deno.test("a payment that chance let pass stays so when its process dies, and for another server", async () => {
  await using lab = await openLab({ model: modelOf(() => 80), exploreDeclines: 1 });
  const paymentId = await lab.crashedPayment({ paymentMethodId: "pm_ann" });
  await lab.completeAll(await lab.openService());
  const [row] = await lab.owner`
    select status, decline_by, risk_decision, approval_propensity from payments where payment_id = ${paymentId}`;
  expect(row).toMatchObject({ risk_decision: "approve", approval_propensity: 1 });
  expect(row.decline_by).not.toBe("risk");
});

Deno.test("without exploration the record says that the screen's word was certain", async () => {
  let riskScore = 80;
  await using lab = await openLab({ model: modelOf(() => riskScore), stepUpAt: 62 });
  const declined = await lab.pay({ paymentMethodId: "pm_ann" });
  riskScore = 5;
  const approved = await lab.pay();
  expect(declined.answer.risk).toMatchObject({ decided_by: "model", propensity: 0 });
  expect(approved.answer.risk.propensity).toBe(1);
  const rows = await lab.owner<{ approval_propensity: number }[]>`
    select approval_propensity from payments order by payment_id`;
  expect(rows.map((row) => row.approval_propensity).sort()).toEqual([0, 1]);
});

Deno.test("the documented query reads what a model is trained with: features, outcome and weight", async () => {
  const [, query] = /```sql\n([\s\S]+?)```/.exec(await Deno.readTextFile(README))!;
  await using lab = await openLab({ model: modelOf(() => 80), exploreDeclines: 0.5 });
  await lab.fundWallet("cust_ann", 100_000n);
  const known: { paymentId: string; fraud: boolean; weight: number }[] = [];
  for (let i = 0; i < 24; i++) {
    const { answer } = await lab.pay({ method: "wallet" });
    if (answer.status === "succeeded") known.push({ paymentId: answer.payment_id, fraud: false, weight: 2 });
  }
  expect(known.length).toBeGreaterThan(1);
  known[0] = { ...known[0], fraud: true };
  await lab.owner`
    insert into payment_labels (tenant_id, payment_id, fraud, source, reported_at_ms, known_at_ms)
    values (${TENANT}, ${known[0].paymentId}, true, 'test', ${lab.clock.nowMs()}, ${lab.clock.nowMs()})`;
  lab.clock.advance(8 * 86_400_000);
  // A test payment method orders its outcome, and what is young may still be reported: neither is learned from.
  await lab.pay({ paymentMethodId: "pm_card_visa" });
  const rows = await lab.owner.unsafe<
    { payment_id: string; feature_vector: Uint8Array; fraud: boolean; weight: number }[]
  >(query);
  expect(rows.map((row) => ({ paymentId: row.payment_id, fraud: row.fraud, weight: row.weight }))).toEqual(
    known.sort((a, b) => a.paymentId < b.paymentId ? -1 : 1),
  );
  for (const row of rows) expect(row.feature_vector.length % 8).toBe(0);
});
