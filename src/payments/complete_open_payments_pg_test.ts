import { expect } from "expect";
import { type ChargeReply, type Provider, ProviderTimeout } from "../providers/provider.ts";
import { completeOpenPayments, Completer } from "./complete_open_payments.ts";
import { getPaymentStatus } from "./get_payment_status.ts";
import { type Lab, openLab, TENANT } from "./testing/open_lab.ts";

/** A provider that gives no answer at all while it is silent. */
class SometimesSilent implements Provider {
  silent = true;
  readonly name: string;
  readonly threeDSecure: boolean;
  constructor(readonly inner: Provider) {
    this.name = inner.name;
    this.threeDSecure = inner.threeDSecure;
  }
  #ask<Reply>(ask: () => Promise<Reply>): Promise<Reply> {
    return this.silent ? Promise.reject(new ProviderTimeout("silent")) : ask();
  }
  charge(...args: Parameters<Provider["charge"]>): Promise<ChargeReply> {
    return this.#ask(() => this.inner.charge(...args));
  }
  findCharge(...args: Parameters<Provider["findCharge"]>): Promise<ChargeReply | null> {
    return this.#ask(() => this.inner.findCharge(...args));
  }
  voidKey(...args: Parameters<Provider["voidKey"]>): Promise<ChargeReply> {
    return this.#ask(() => this.inner.voidKey(...args));
  }
  completeChallenge(...args: Parameters<Provider["completeChallenge"]>): Promise<ChargeReply | null> {
    return this.#ask(() => this.inner.completeChallenge(...args));
  }
  readStatement(...args: Parameters<Provider["readStatement"]>): ReturnType<Provider["readStatement"]> {
    return this.#ask(() => this.inner.readStatement(...args));
  }
  refund(...args: Parameters<Provider["refund"]>): ReturnType<Provider["refund"]> {
    return this.#ask(() => this.inner.refund(...args));
  }
  feeMinor(...args: Parameters<Provider["feeMinor"]>): bigint {
    return this.inner.feeMinor(...args);
  }
}

function silenceProviders(lab: Lab): SometimesSilent[] {
  const providers = lab.service.providers as Map<string, Provider>;
  return [...providers].map(([name, provider]) => {
    const silenced = new SometimesSilent(provider);
    providers.set(name, silenced);
    return silenced;
  });
}

const endOf = async (lab: Lab, paymentId: string) => await getPaymentStatus(lab.service, TENANT, paymentId);

Deno.test("whatever phase a crash struck in, the payment ends as it would have, charged once", async (t) => {
  await using lab = await openLab();
  await lab.fundWallet("cust_ann", 10_000n);
  const crashes: [what: string, status: string, crash: () => Promise<string>][] = [
    ["before the provider was asked", "succeeded", () => lab.crashedPayment()],
    ["after the charge, before it was booked", "succeeded", () => lab.crashedPayment({}, true)],
    [
      "before an issuer's decline was asked for",
      "declined",
      () => lab.crashedPayment({ paymentMethodId: "pm_card_declined" }),
    ],
    [
      "after an issuer's decline",
      "declined",
      () => lab.crashedPayment({ paymentMethodId: "pm_card_declined" }, true),
    ],
    ["with a wallet's money held", "succeeded", () => lab.crashedPayment({ method: "wallet" })],
  ];
  for (const [what, status, crash] of crashes) {
    await t.step(`${what}: ${status}`, async () => {
      const before = lab.charges().length;
      const paymentId = await crash();
      expect((await endOf(lab, paymentId)).status).toBe("processing");
      expect(await completeOpenPayments(lab.service)).toBe(0); // left to the call that may still be running
      await lab.completeAll();
      const ended = await endOf(lab, paymentId);
      expect(ended.status).toBe(status);
      expect(lab.charges().length - before).toBe(ended.method === "wallet" ? 0 : 1);
      expect(ended.timeline.map(({ action }) => action)).toEqual(["payment.accepted", `payment.${status}`]);
    });
  }
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("a late call and four completers drive one payment: it is charged and booked once", async () => {
  await using lab = await openLab();
  const services = [lab.service, ...await Promise.all([1, 2, 3].map(() => lab.openService()))];
  await lab.fundWallet("cust_ann", 1_000_000n);
  const paymentIds = await Promise.all(
    Array.from(
      { length: 60 },
      (_, i) =>
        lab.crashedPayment(i % 3 === 0 ? { method: "wallet" } : { idempotencyKey: `k${i}` }, i % 3 === 1),
    ),
  );
  for (let round = 0; round < 4; round++) {
    // Each round all leases are over: every completer takes every payment.
    lab.clock.advance(3_600_000);
    const settled = await Promise.all(services.map(async (service) => {
      await lab.owner`update open_payments set next_check_at = '-infinity'`;
      return await completeOpenPayments(service);
    }));
    if (round === 0) expect(settled.reduce((sum, count) => sum + count)).toBe(60);
  }
  for (const paymentId of paymentIds) expect((await endOf(lab, paymentId)).status).toBe("succeeded");
  expect(lab.charges().length).toBe(40);
  expect(await lab.count("payment_attempts")).toBe(40);
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("while a provider is silent nothing is decided; when it answers again, everything is", async () => {
  await using lab = await openLab();
  const silenced = silenceProviders(lab);
  const live = await lab.pay({ idempotencyKey: "k" });
  expect(live.answer.status).toBe("in_doubt");
  const crashed = await lab.crashedPayment();
  for (let round = 0; round < 5; round++) {
    lab.clock.advance(120_000);
    expect(await completeOpenPayments(lab.service)).toBe(0);
    expect((await endOf(lab, live.answer.payment_id)).status).toBe("in_doubt");
    expect((await endOf(lab, crashed)).status).toBe("in_doubt");
  }
  for (const provider of silenced) provider.silent = false;
  await lab.completeAll();
  // It was never charged, and it was voided before the customer is told so.
  for (const paymentId of [live.answer.payment_id, crashed]) {
    expect((await endOf(lab, paymentId)).status).toBe("failed");
    expect(lab.charges(paymentId).map(({ state }) => state)).toEqual(["voided"]);
  }
  expect(await lab.count("payment_attempts")).toBe(4);
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("a void that comes after the charge finds the charge: succeeded", async () => {
  await using lab = await openLab();
  const paymentId = await lab.crashedPayment({}, true);
  await lab.owner`update payments set status = 'in_doubt'`;
  const [provider] = silenceProviders(lab).filter(({ inner }) =>
    inner.name === lab.charges(paymentId)[0].provider
  );
  // The look-up is answered from before the charge.
  provider.silent = false;
  provider.findCharge = () => Promise.resolve(null);
  await lab.completeAll();
  expect((await endOf(lab, paymentId)).status).toBe("succeeded");
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("a payment that cannot be driven keeps no other from its end, and is reported", async () => {
  await using lab = await openLab();
  const poisoned = await lab.crashedPayment();
  await lab.owner`update payments set provider = 'gone_provider' where payment_id = ${poisoned}`;
  const others = await Promise.all(Array.from({ length: 130 }, () => lab.crashedPayment()));
  lab.clock.advance(3_600_000);
  const reported: unknown[] = [];
  const completer = new Completer(lab.service, 1, (error) => reported.push(error));
  completer.start();
  while (await lab.count("open_payments") > 1) await new Promise((resolve) => setTimeout(resolve, 5));
  await completer.stop();
  for (const paymentId of others) expect((await endOf(lab, paymentId)).status).toBe("succeeded");
  expect(String(reported[0])).toContain(`1 open payments could not be completed`);
  expect(String(reported[0])).toContain(poisoned);
});
