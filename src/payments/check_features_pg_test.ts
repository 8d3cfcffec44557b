import { expect } from "expect";
import { Random } from "../core/random.ts";
import { applyLabels } from "./apply_labels.ts";
import { checkFeatures } from "./check_features.ts";
import type { PaymentRequest } from "./payment.ts";
import { type Lab, modelOf, openLab, TENANT } from "./testing/open_lab.ts";

/** Payments of two customers with few cards, devices and merchants, so that they meet all the time. */
function randomRequest(random: Random, lab: Lab): Partial<PaymentRequest> {
  const customerId = random.pick(["cust_ann", "cust_ben", "cust_nocard"]);
  const own = { cust_ann: "pm_ann", cust_ben: "pm_ben" }[customerId];
  const wallet = random.chance(0.2);
  return {
    customerId,
    method: wallet ? "wallet" : "card",
    paymentMethodId: wallet
      ? null
      : random.chance(0.5) && own !== undefined
      ? own
      : random.pick(["pm_card_visa", "pm_card_amex", "pm_card_declined"]),
    merchantId: random.pick([null, "merch_de"]),
    addressId: random.pick([null, "addr_1", "addr_2", `addr_${random.integer(3, 40)}`]),
    deviceId: random.pick([null, "dev_1", "dev_2", "dev_3", `dev_${random.integer(4, 400)}`]),
    country: random.pick([null, "US", "DE", "JP"]),
    currency: wallet ? "USD" : random.pick(["USD", "EUR", "JPY", "KWD"]),
    amountMinor: BigInt(random.integer(1, 50_000)),
    idempotencyKey: random.chance(0.5) ? crypto.randomUUID() : null,
    // The caller's clock may stand still, run ahead or go back.
    simulatedAtMs: random.pick([null, lab.clock.nowMs() + random.integer(-50_000, 50_000)]),
  };
}

Deno.test("three servers race on the same customers, cards, devices, addresses and merchants while labels arrive: served features equal rebuilt ones", async () => {
  // Scores that spread, so that some payments are declined: they are observed all the same.
  await using lab = await openLab({ model: modelOf((vector) => (Math.abs(vector[0]) * 1e6) % 90) });
  const services = [lab.service, await lab.openService(), await lab.openService()];
  for (const customerId of ["cust_ann", "cust_ben", "cust_nocard"]) {
    await lab.fundWallet(customerId, 200_000n);
  }
  const random = new Random(11);
  const total = 1_200;
  const paymentIds: string[] = [];
  for (let paid = 0; paid < total; paid += 120) {
    const requests = Array.from({ length: 120 }, () => randomRequest(random, lab));
    const reportedAtMs = lab.clock.nowMs();
    const labels = paymentIds.filter(() => random.chance(0.15))
      .map((paymentId) => ({ paymentId, fraud: random.chance(0.5), reportedAtMs }));
    // The same reports reach two servers, while payments go on.
    const labelled = [services[0], services[1]].map(({ pool }) =>
      applyLabels(pool.of(TENANT), TENANT, labels, "test")
    );
    const created = await Promise.all(
      requests.map((request, i) => lab.pay(request, services[i % services.length])),
    );
    await Promise.all(labelled);
    paymentIds.push(...created.map(({ answer }) => answer.payment_id));
    lab.clock.advance(random.integer(0, 600_000));
  }
  const check = await checkFeatures(lab.owner);
  expect(check).toMatchObject({
    payments: total,
    vectors: total,
    differingVectors: 0,
    differingStates: 0,
    examples: [],
  });
  expect(check.states).toBeGreaterThan(100);
  expect(check.labels).toBeGreaterThan(400);
  expect(check.labels).toBe(await lab.count("payment_labels"));
  // Whoever came in between, each merchant's payments have one order.
  const [{ ties }] = await lab.owner<{ ties: number }[]>`
    select count(*)::int as ties from (select from payments group by merchant_id, occurred_at_ms having count(*) > 1) t`;
  expect(ties).toBe(0);
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("checkFeatures() goes from one tenant to the next with more rows to come than it fetches at once", async () => {
  await using lab = await openLab();
  for (let i = 0; i < 5; i++) {
    await lab.pay({ deviceId: `dev_${i}` });
    await lab.pay({ tenantId: "other", customerId: "cust_other", deviceId: `dev_${i}` });
  }
  const check = await checkFeatures(lab.owner, 2);
  expect(check).toMatchObject({
    payments: 10,
    vectors: 10,
    differingVectors: 0,
    differingStates: 0,
    examples: [],
  });
  // Of each tenant five devices, a customer, a card and a merchant: every one was compared.
  expect(check.states).toBe(2 * 8);
  await lab.owner`delete from feature_states where tenant_id = 'other' and kind = 'device'`;
  const spoilt = await checkFeatures(lab.owner, 2);
  expect(spoilt).toMatchObject({ payments: 10, states: 2 * 8, differingStates: 5 });
  expect(spoilt.examples[0]).toContain("other/device/");
});

Deno.test("vectors of an earlier version with other features are counted, and not called different", async () => {
  await using lab = await openLab();
  for (let i = 0; i < 2; i++) await lab.pay({ deviceId: "dev_1", paymentMethodId: "pm_ann" });
  const first = "where payment_id = (select min(payment_id) from payments)";
  await lab.owner.unsafe(
    `update payments set feature_vector = substring(feature_vector from 1 for 800) ${first}`,
  );
  expect(await checkFeatures(lab.owner)).toMatchObject({ vectors: 1, otherVectors: 1, differingVectors: 0 });
  // Eight bytes a feature: anything else is a vector that was cut.
  await lab.owner.unsafe(
    `update payments set feature_vector = substring(feature_vector from 1 for 799) ${first}`,
  );
  expect(await checkFeatures(lab.owner)).toMatchObject({ vectors: 2, otherVectors: 0, differingVectors: 1 });
});

Deno.test("checkFeatures() finds what differs", async (t) => {
  await using lab = await openLab();
  for (let i = 0; i < 5; i++) {
    const { answer } = await lab.pay({ deviceId: "dev_1", paymentMethodId: "pm_ann" });
    if (i === 2) {
      const label = { paymentId: answer.payment_id, fraud: true, reportedAtMs: lab.clock.nowMs() };
      await applyLabels(lab.service.pool.of(TENANT), TENANT, [label], "test");
    }
  }
  expect(await checkFeatures(lab.owner)).toMatchObject({ vectors: 5, labels: 1, states: 4, examples: [] });
  const lies: [expected: string, differing: [vectors: number, states: number], lie: string][] = [
    [
      "amount_ln: stored",
      [1, 0],
      `update payments set feature_vector = set_byte(feature_vector, 0, 255 - get_byte(feature_vector, 0))
        where payment_id = (select max(payment_id) from payments)`,
    ],
    // The last payment's amount entered its own vector and all four states.
    [
      "amount_ln: stored",
      [1, 4],
      `alter table payments disable trigger user;
      update payments set amount_minor = amount_minor + 1 where payment_id = (select max(payment_id) from payments)`,
    ],
    [
      "has no stored vector",
      [1, 0],
      "update payments set feature_vector = null where payment_id = (select max(payment_id) from payments)",
    ],
    [
      "differs from its payments",
      [0, 4],
      "alter table payment_labels disable trigger user; update payment_labels set fraud = not fraud",
    ],
    [
      "cannot be rebuilt",
      [1, 4],
      "alter table payment_labels disable trigger user; update payment_labels set reported_at_ms = 0, known_at_ms = 1",
    ],
    ["has payments and no state", [0, 1], "delete from feature_states where kind = 'device'"],
    [
      "has a state and no payment",
      [0, 1],
      "update feature_states set entity_id = 'dev_2' where kind = 'device'",
    ],
    [
      "is not later than",
      [1, 4],
      "update payments set occurred_at_ms = (select max(occurred_at_ms) from payments) where payment_id in (select payment_id from payments order by occurred_at_ms desc limit 2)",
    ],
    [
      "other has 4 states and no payment",
      [0, 4],
      "insert into feature_states select 'other', kind, entity_id, state from feature_states",
    ],
    ["that is not there", [5, 1], "delete from customers where customer_id = 'cust_ann'"],
  ];
  for (const [expected, [vectors, states], lie] of lies) {
    await t.step(expected, async () => {
      await lab.owner`create table backup_payments as table payments`;
      await lab.owner`create table backup_states as table feature_states`;
      await lab.owner`create table backup_customers as table customers`;
      await lab.owner`create table backup_labels as table payment_labels`;
      await lab.owner.unsafe(lie).simple();
      const check = await checkFeatures(lab.owner);
      await lab.owner.unsafe(`
        alter table payment_labels disable trigger user;
        truncate payments, feature_states, customers, payment_labels;
        insert into payment_labels select * from backup_labels;
        alter table payment_labels enable trigger user;
        insert into payments select * from backup_payments;
        insert into feature_states select * from backup_states;
        insert into customers select * from backup_customers;
        drop table backup_payments, backup_states, backup_customers, backup_labels`).simple();
      expect(check.examples.join("\n")).toContain(expected);
      expect(check.differingVectors).toBeGreaterThanOrEqual(vectors);
      expect(check.differingStates).toBeGreaterThanOrEqual(states);
      expect(check.differingVectors + check.differingStates).toBeGreaterThan(0);
    });
  }
});
