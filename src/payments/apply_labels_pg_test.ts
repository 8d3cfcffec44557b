import { Buffer } from "node:buffer";
import { expect } from "expect";
import { FEATURE_INDEX, type FeatureName } from "../fraud/features/catalogue.ts";
import { applyLabels } from "./apply_labels.ts";
import { checkFeatures } from "./check_features.ts";
import { takeHint } from "./take_hint.ts";
import { type Lab, openLab, TENANT } from "./testing/open_lab.ts";

const DAY_MS = 86_400_000;

/** What the payment was judged by, of the features named. */
async function judgedBy(lab: Lab, paymentId: string, names: readonly FeatureName[]): Promise<number[]> {
  const [{ feature_vector: bytes }] = await lab.owner<{ feature_vector: Uint8Array }[]>`
    select feature_vector from payments where payment_id = ${paymentId}`;
  return names.map((name) => Buffer.from(bytes).readDoubleLE(FEATURE_INDEX[name] * 8));
}

const RISKS = [
  "customer_known_frauds_30d",
  "card_known_frauds_30d",
  "device_known_frauds_30d",
  "address_known_frauds_30d",
  "merchant_fraud_run",
] as const;

Deno.test("a label is known to the next payment of the same customer, card, device, address and merchant, and to no other", async () => {
  await using lab = await openLab();
  const bought = { deviceId: "dev_1", addressId: "addr_1", paymentMethodId: "pm_ann" };
  const first = (await lab.pay(bought)).answer.payment_id;
  expect(await judgedBy(lab, first, RISKS)).toEqual([0, 0, 0, 0, 0]);
  lab.clock.advance(3 * DAY_MS);
  const label = { paymentId: first, fraud: true, reportedAtMs: lab.clock.nowMs() };
  expect(await applyLabels(lab.service.pool.of(TENANT), TENANT, [label], "test")).toEqual({
    applied: 1,
    known: 0,
    unknown: 0,
  });
  const next = (await lab.pay(bought)).answer.payment_id;
  for (const risk of await judgedBy(lab, next, RISKS)) expect(risk).toBeCloseTo(1, 6);
  const [days] = await judgedBy(lab, next, ["merchant_known_fraud_days"]);
  expect(days).toBeCloseTo(3, 1);
  const elsewhere =
    (await lab.pay({ customerId: "cust_ben", paymentMethodId: "pm_ben", merchantId: "merch_de" })).answer;
  expect(await judgedBy(lab, elsewhere.payment_id, RISKS)).toEqual([0, 0, 0, 0, 0]);
  expect(await checkFeatures(lab.owner)).toMatchObject({ labels: 1, examples: [] });
});

Deno.test("the first label of a payment counts, however often and from wherever others come", async () => {
  await using lab = await openLab();
  const paymentId = (await lab.pay()).answer.payment_id;
  const label = { paymentId, fraud: true, reportedAtMs: lab.clock.nowMs() };
  const sql = lab.service.pool.of(TENANT);
  const results = await Promise.all(
    Array.from({ length: 6 }, () => applyLabels(sql, TENANT, [label, label], "test")),
  );
  expect(results.reduce((sum, { applied }) => sum + applied, 0)).toBe(1);
  expect(await applyLabels(sql, TENANT, [{ ...label, fraud: false }], "test")).toMatchObject({
    applied: 0,
    known: 1,
  });
  expect(await applyLabels(sql, TENANT, [{ ...label, paymentId: "pay_nowhere" }], "test"))
    .toEqual({ applied: 0, known: 0, unknown: 1 });
  expect(await applyLabels(sql, "other", [label], "test")).toMatchObject({ applied: 0, unknown: 1 });
  expect(await lab.count("payment_labels")).toBe(1);
  const [risk] = await judgedBy(lab, (await lab.pay()).answer.payment_id, ["customer_known_frauds_30d"]);
  expect(risk).toBeCloseTo(1, 6);
  expect(await checkFeatures(lab.owner)).toMatchObject({ labels: 1, examples: [] });
});

Deno.test("a provider's dispute labels its payment as fraud once; another provider's does not", async () => {
  await using lab = await openLab();
  const paymentId = (await lab.pay()).answer.payment_id;
  const [{ provider }] = await lab.owner<{ provider: string }[]>`select provider from payments`;
  const hint = { provider, eventId: "evt_1", type: "charge.disputed", key: `${TENANT}/${paymentId}` };
  const stranger = [...lab.service.providers.keys()].find((name) => name !== provider)!;
  await takeHint(lab.service, { ...hint, provider: stranger });
  await takeHint(lab.service, { ...hint, eventId: "evt_2", key: `${TENANT}/pay_nowhere` });
  expect(await lab.count("payment_labels")).toBe(0);
  await takeHint(lab.service, { ...hint, eventId: "evt_3" });
  await takeHint(lab.service, { ...hint, eventId: "evt_3" });
  await takeHint(lab.service, { ...hint, eventId: "evt_4" });
  const labels = await lab.owner`select payment_id, fraud, source from payment_labels`;
  expect([...labels]).toEqual([{ payment_id: paymentId, fraud: true, source: `dispute:${provider}` }]);
  expect(await checkFeatures(lab.owner)).toMatchObject({ labels: 1, examples: [] });
});
