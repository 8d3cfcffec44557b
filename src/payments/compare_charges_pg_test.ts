import { expect } from "expect";
import { compareCharges } from "./compare_charges.ts";
import { openLab } from "./testing/open_lab.ts";
import { refund } from "./testing/refund_lab.ts";

Deno.test("our captures and refunds are held against the providers' own book, and each lie in either is found", async () => {
  await using lab = await openLab({ providerTimeoutMs: 300 });
  const found = async () =>
    Object.fromEntries(
      (await compareCharges(lab.owner, lab.stack.simulated!.log)).map((
        { name, violations },
      ) => [name, violations]),
    );
  const { answer: paid } = await lab.pay({ amountMinor: 10_000n });
  await refund(lab, { paymentId: paid.payment_id, amount: 40 });
  await lab.pay({ paymentMethodId: "pm_card_soft_decline_first" });
  const { answer: lost } = await lab.pay({ paymentMethodId: "pm_card_refund_reply_lost" });
  expect((await refund(lab, { paymentId: lost.payment_id })).answer.status).toBe("in_doubt");
  // What is in doubt may be in the provider's book already.
  expect(await found()).toEqual({
    captures_agree_with_providers: 0,
    charges_are_captured_payments: 0,
    refunds_agree_with_providers: 0,
  });

  const charge = lab.charges(paid.payment_id)[0];
  const byHand = {
    key: "hand",
    chargeKey: charge.key,
    amountMinor: 1n,
    currency: "USD",
    paymentMethodId: null,
  };
  await lab.service.provider(charge.provider).refund(byHand, 30_000);
  expect(await found()).toMatchObject({ refunds_agree_with_providers: 1 });
  await lab.owner`update payments set refunded_minor = 9000 where payment_id = ${paid.payment_id}`;
  expect(await found()).toMatchObject({ refunds_agree_with_providers: 1 });
  await lab.owner`update payments set provider_charge_id = 'ch_other' where payment_id = ${lost.payment_id}`;
  expect(await found()).toMatchObject({ captures_agree_with_providers: 1 });
});

Deno.test("a charge in the providers' book that our books have as failed, of another amount, twice or not at all is found", async () => {
  await using lab = await openLab({ providerTimeoutMs: 300 });
  const { log } = lab.stack.simulated!;
  const lost = async () =>
    (await compareCharges(lab.owner, log)).find(({ name }) => name === "charges_are_captured_payments")!;
  const { answer: paid } = await lab.pay({ amountMinor: 10_000n });
  await lab.pay({ paymentMethodId: "pm_card_declined" });
  await lab.crashedPayment({}, true);
  expect(await lost()).toMatchObject({ violations: 0 });
  const [charge] = lab.charges(paid.payment_id);
  const charged = (key: string, provider = charge.provider) =>
    log.record({
      provider,
      key,
      chargeId: `ch_of_${key}`,
      amountMinor: 500n,
      currency: "USD",
      state: "captured",
      code: null,
      createdAtMs: 0,
    });

  // Of other databases' tenants, and of nobody's: counted, and no fault of this one.
  await charged("elsewhere/pay_1");
  await charged("by hand");
  const clean = await lost();
  expect(clean.violations).toBe(0);
  expect(clean.about).toContain("2 charges");

  await charged("lab/pay_1");
  expect(await lost()).toMatchObject({
    violations: 1,
    examples: [`${charge.provider} lab/pay_1 charged 500 USD, no payment of ours`],
  });
  // What was given back in full is no loss to anybody.
  const whole = { chargeKey: "lab/pay_1", amountMinor: 500n, currency: "USD", paymentMethodId: null };
  await log.refund(charge.provider, { ...whole, key: "lab/pay_1/r" }, 0);
  expect(await lost()).toMatchObject({ violations: 0 });

  await charged(`${charge.key}/2`);
  await charged(charge.key, lab.service.providers.keys().find((name) => name !== charge.provider)!);
  expect(await lost()).toMatchObject({ violations: 2 });
  // What the database itself refuses.
  await lab.owner`alter table payments disable trigger user`;
  await lab.owner`
    update payments set status = 'failed', captured_minor = 0, fee_minor = 0 where payment_id = ${paid.payment_id}`;
  expect(await lost()).toMatchObject({ violations: 3 });
  await lab.owner`update payments set status = 'in_doubt' where payment_id = ${paid.payment_id}`;
  expect(await lost()).toMatchObject({ violations: 2 });
  await lab.owner`
    update payments set status = 'succeeded', captured_minor = 9999 where payment_id = ${paid.payment_id}`;
  expect(await lost()).toMatchObject({ violations: 3 });
});

Deno.test("of what disagrees with a list that was read before, a thousand are asked for anew and the rest are counted", async () => {
  await using lab = await openLab();
  await lab.pay();
  await lab.owner`
    insert into payments select (jsonb_populate_record(p, jsonb_build_object('payment_id', 'pay_' || n))).*
      from payments p, generate_series(1, 1200) n`;
  const { log } = lab.stack.simulated!;
  const asked: number[] = [];
  const results = await compareCharges(lab.owner, {
    statement: (provider, key) => log.statement(provider, key),
    captured: () => log.captured(),
    statementsNow: (charges) => {
      asked.push(charges.length);
      return Promise.resolve(charges.map(({ provider, key }) => log.statement(provider, key)));
    },
  });
  expect(asked).toEqual([1_000]);
  expect(results[0]).toMatchObject({ name: "captures_agree_with_providers", violations: 1_200 });
  expect(results[0].about).toContain("200 more than could be asked");
});
