import { DatabaseSync } from "node:sqlite";
import { expect } from "expect";
import { DomainError } from "../core/errors.ts";
import { callTool, errorOf, serveLab } from "../http/testing/serve_lab.ts";
import { CLIENT_KINDS } from "../mcp/testing/connect_client.ts";
import { ProviderTimeout } from "../providers/provider.ts";
import { getPaymentStatus } from "./get_payment_status.ts";
import { openLab, TENANT } from "./testing/open_lab.ts";
import { verifyPayment } from "./verify_payment.ts";

const HOUR_MS = 3_600_000;

Deno.test("a payment in doubt is settled by the provider's word, either way, and its books agree", async (t) => {
  const cases: [what: string, status: string, state: string, method: string][] = [
    ["never charged: failed, and voided first", "failed", "voided", "pm_card_timeout"],
    ["charged, and no answer to the look-up", "succeeded", "approved", "pm_card_charged_reply_lost"],
    ["declined, and no answer to the look-up", "declined", "declined", "pm_card_declined_reply_lost"],
  ];
  for (const [what, status, state, method] of cases) {
    await t.step(what, async () => {
      await using lab = await openLab({ providerTimeoutMs: 60 });
      const providers = [...lab.service.providers.values()];
      const lookUps = providers.map((provider) => provider.findCharge);
      // The look-up right after the lost reply is lost too.
      for (const provider of providers) {
        provider.findCharge = () => Promise.reject(new ProviderTimeout("silent"));
      }
      const { answer } = await lab.pay({ paymentMethodId: method });
      expect(answer.status).toBe("in_doubt");
      for (const [i, provider] of providers.entries()) provider.findCharge = lookUps[i];

      const verified = await verifyPayment(lab.service, TENANT, answer.payment_id);
      expect(verified).toMatchObject({
        status,
        status_before: "in_doubt",
        settled_now: true,
        consistent: true,
        provider_charges: [{ state, provider: answer.routing!.provider }],
      });
      expect((await getPaymentStatus(lab.service, TENANT, answer.payment_id)).status).toBe(status);
      const again = await verifyPayment(lab.service, TENANT, answer.payment_id);
      expect(again).toMatchObject({ status, status_before: status, settled_now: false, consistent: true });
      expect(await lab.count("open_payments")).toBe(0);
      expect(await lab.brokenInvariants()).toEqual([]);
    });
  }
});

Deno.test("while the provider is silent nothing is decided and nothing is called consistent", async () => {
  await using lab = await openLab({ providerTimeoutMs: 60 });
  const paid = await lab.pay();
  const { answer } = await lab.pay({ paymentMethodId: "pm_card_timeout" });
  for (const name of lab.service.providers.keys()) {
    lab.stack.simulated!.faults.change(name, { outage: "silent" });
  }
  expect(await verifyPayment(lab.service, TENANT, answer.payment_id)).toMatchObject({
    status: "in_doubt",
    settled_now: false,
    consistent: null,
    provider_charges: [{ state: "no_answer" }],
  });
  expect(await verifyPayment(lab.service, TENANT, paid.answer.payment_id)).toMatchObject({
    status: "succeeded",
    consistent: null,
    next_move: expect.stringContaining("again in a minute"),
  });
});

Deno.test("each book that was tampered with is found, by field", async (t) => {
  const tampers: [field: string, sql: string][] = [
    ["amount_minor", "update payments set captured_minor = 999"],
    ["charge_id", "update payments set provider_charge_id = 'ch_other'"],
    ["fee_minor", "update payments set fee_minor = fee_minor + 1"],
    ["refunded_minor", "update payments set refunded_minor = 100, status = 'partially_refunded'"],
  ];
  for (const [field, sql] of tampers) {
    await t.step(field, async () => {
      await using lab = await openLab();
      const { answer } = await lab.pay();
      expect(await verifyPayment(lab.service, TENANT, answer.payment_id)).toMatchObject({ consistent: true });
      await lab.owner.unsafe(sql);
      const verified = await verifyPayment(lab.service, TENANT, answer.payment_id);
      expect(verified.consistent).toBe(false);
      expect(verified.comparison.filter(({ agrees }) => !agrees).map((line) => line.field)).toEqual([field]);
      expect(verified.next_move).toMatch(/disagree/);
    });
  }
});

Deno.test("a payment that failed over shows both providers, and a charge at the wrong one is found", async () => {
  await using lab = await openLab();
  const { answer } = await lab.pay({ paymentMethodId: "pm_card_soft_decline_first" });
  const verified = await verifyPayment(lab.service, TENANT, answer.payment_id);
  expect(verified).toMatchObject({
    consistent: true,
    provider_charges: [{ state: "declined" }, { state: "approved" }],
  });
  expect(verified.comparison.find(({ field }) => field === "charged_at_other_providers")).toMatchObject({
    provider: "0",
    agrees: true,
  });
  const log = new DatabaseSync(`${lab.dataDirectory}/providers/charges.sqlite`);
  log.exec("update charges set state = 'captured', charge_id = 'ch_x' where state = 'declined'");
  log.close();
  expect(await verifyPayment(lab.service, TENANT, answer.payment_id)).toMatchObject({ consistent: false });
});

Deno.test("a wallet's payment has no provider and is held against the ledger", async () => {
  await using lab = await openLab();
  await lab.fundWallet("cust_ann", 5_000n);
  const { answer } = await lab.pay({ method: "wallet" });
  const verified = await verifyPayment(lab.service, TENANT, answer.payment_id);
  expect(verified).toMatchObject({ status: "succeeded", consistent: true, provider_charges: [] });
  expect(verified.comparison.every(({ provider }) => provider === null)).toBe(true);
});

Deno.test("a payment that a call is working on is left to it, and another tenant's looks like none", async () => {
  await using lab = await openLab();
  const paymentId = await lab.crashedPayment();
  expect(await verifyPayment(lab.service, TENANT, paymentId)).toMatchObject({
    status: "processing",
    settled_now: false,
  });
  expect(lab.charges(paymentId)).toEqual([]);
  await expect(verifyPayment(lab.service, "other", paymentId)).rejects.toThrow(DomainError);
});

Deno.test("an ordinary payment scores low, one of a hundred times the amount at a new shop by night scores high", async () => {
  await using lab = await openLab();
  const first = await lab.pay({ simulatedAtMs: lab.clock.nowMs() });
  expect((await verifyPayment(lab.service, TENANT, first.answer.payment_id)).anomaly).toMatchObject({
    basis: "insufficient_data",
    missing: expect.stringContaining("10 more payments of the customer"),
  });
  for (let day = 1; day <= 40; day++) {
    await lab.pay({
      amountMinor: BigInt(800 + 37 * (day % 11)),
      simulatedAtMs: lab.clock.nowMs() + day * 24 * HOUR_MS + (day % 5) * HOUR_MS,
    });
  }
  // The merchant's history is told by ids, which tell moments of this clock.
  lab.clock.advance(1);
  const at = (hours: number) => lab.clock.nowMs() + 41 * 24 * HOUR_MS + hours * HOUR_MS;
  const usual = await lab.pay({ amountMinor: 1_000n, simulatedAtMs: at(2) });
  const odd = await lab.pay({
    amountMinor: 100_000n,
    merchantId: "merch_de",
    simulatedAtMs: at(15),
  });
  const low = (await verifyPayment(lab.service, TENANT, usual.answer.payment_id)).anomaly;
  const high = (await verifyPayment(lab.service, TENANT, odd.answer.payment_id)).anomaly;
  expect("score" in low && low.score).toBeLessThan(60);
  expect("score" in high && high.score).toBeGreaterThan(99);
  // The usual shop has a history too, the new one none.
  expect("parts" in low && low.parts.map(({ name }) => name)).toEqual([
    "amount_for_customer",
    "hour_for_customer",
    "merchant_for_customer",
    "amount_for_merchant",
  ]);
  expect("parts" in high && high.parts.map(({ name }) => name)).toEqual([
    "amount_for_customer",
    "hour_for_customer",
    "merchant_for_customer",
  ]);
});

Deno.test("every client verifies a payment, and gets an unknown one refused", async (t) => {
  await using served = await serveLab({ lab: { providerTimeoutMs: 100 } });
  const pay = {
    amount: "12.00",
    currency: "USD",
    method: "card",
    customer_id: "cust_123",
    payment_method_id: "pm_card_timeout",
  };
  for (const [kind, { connect }] of Object.entries(CLIENT_KINDS)) {
    await t.step(kind, async () => {
      await using client = await connect({ url: served.url });
      await client.listTools();
      const paid = await client.callTool({ name: "create_payment", arguments: pay });
      const { payment_id } = paid.structuredContent as { payment_id: string };
      const verified = await client.callTool({ name: "verify_payment", arguments: { payment_id } });
      expect(verified.isError).toBeFalsy();
      expect(verified.structuredContent).toMatchObject({
        payment_id,
        status_before: "in_doubt",
        status: "failed",
        settled_now: true,
        consistent: true,
      });
    });
  }
  const refused = await callTool(served.url, "verify_payment", { payment_id: "pay_none" });
  expect(errorOf(refused)).toMatchObject({ code: "unknown_payment", field: "payment_id" });
});
