import { expect } from "expect";
import { DECLINE_CODES } from "../providers/decline_codes.ts";
import type { Provider } from "../providers/provider.ts";
import { completeOpenPayments } from "./complete_open_payments.ts";
import { getPaymentStatus } from "./get_payment_status.ts";
import { type Lab, openLab, TENANT } from "./testing/open_lab.ts";

Deno.test("a soft decline or a refusal goes to a second provider, and the answer shows both and why", async () => {
  await using lab = await openLab();
  for (
    const [method, outcome, code] of [
      ["pm_card_soft_decline_first", "declined", "do_not_honor"],
      ["pm_card_refused_first", "refused", "provider_error"],
    ]
  ) {
    const { answer } = await lab.pay({ paymentMethodId: method, idempotencyKey: method });
    const { routing } = answer;
    expect(answer).toMatchObject({ status: "succeeded", decline: null });
    expect(routing!.attempts).toMatchObject([
      { attempt: 1, outcome, code, charge_id: null },
      { attempt: 2, outcome: "approved", code: null, provider: routing!.provider },
    ]);
    const [first, second] = routing!.attempts;
    expect(first.provider).not.toBe(second.provider);
    for (const attempt of routing!.attempts) {
      expect(attempt).toMatchObject({ expected_success: expect.any(Number), reason: expect.any(String) });
      expect(attempt.expected_fee_minor).toBeGreaterThan(0);
    }
    expect(answer.fee_minor).toBe(second.expected_fee_minor);
    // Each provider has a key of its own, and one was charged.
    const charges = lab.charges(answer.payment_id);
    expect(charges.map(({ key }) => key).sort()).toEqual([
      `${TENANT}/${answer.payment_id}`,
      `${TENANT}/${answer.payment_id}/2`,
    ]);
    expect(charges.filter(({ state }) => state === "captured").length).toBe(1);
    const read = await getPaymentStatus(lab.service, TENANT, answer.payment_id);
    expect(read.routing!.attempts).toEqual(routing!.attempts);
    expect(read.timeline.map(({ action }) => action)).toEqual([
      "payment.accepted",
      "payment.rerouted",
      "payment.succeeded",
    ]);
    expect((await lab.pay({ paymentMethodId: method, idempotencyKey: method })).answer).toEqual(answer);
  }
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("only what may succeed elsewhere is tried elsewhere: no hard decline, no silence", async () => {
  await using lab = await openLab({ providerTimeoutMs: 50 });
  for (
    const [method, charges] of [
      ["pm_card_expired", 1],
      ["pm_card_insufficient_funds", 1],
      ["pm_card_do_not_honor", 2],
      ["pm_card_refused", 2],
      ["pm_card_timeout", 0],
      ["pm_card_declined_reply_lost", 1],
    ] as const
  ) {
    const { answer } = await lab.pay({ paymentMethodId: method });
    expect([method, lab.charges(answer.payment_id).length]).toEqual([method, charges]);
  }
  expect(DECLINE_CODES.do_not_honor.elsewhere).toBe(true);
});

Deno.test("a declined payment stays declined when the second provider refuses, and nothing fails over when it is off", async () => {
  await using lab = await openLab({ failover: false });
  const off = await lab.pay({ paymentMethodId: "pm_card_soft_decline_first" });
  expect(off.answer).toMatchObject({
    status: "declined",
    decline: { code: "do_not_honor", retriable: true },
  });
  expect(lab.charges(off.answer.payment_id).length).toBe(1);

  await using other = await openLab();
  const providers = other.service.providers as Map<string, Provider>;
  for (const [name, provider] of providers) {
    const charge = provider.charge.bind(provider);
    provider.charge = (request, timeoutMs) =>
      charge(
        request.chargeNumber === 1 ? request : { ...request, paymentMethodId: "pm_card_refused" },
        timeoutMs,
      );
    providers.set(name, provider);
  }
  const { answer } = await other.pay({ paymentMethodId: "pm_card_do_not_honor" });
  expect(answer).toMatchObject({
    status: "declined",
    decline: { by: "issuer", code: "do_not_honor" },
    routing: { attempts: [{ outcome: "declined" }, { outcome: "refused", code: "provider_error" }] },
  });
  expect(await other.brokenInvariants()).toEqual([]);
});

/** A call that dies in the middle: the named call to a provider is made, or not, and nothing after it happens. */
async function dieAt(lab: Lab, method: string, chargeNumber: number, charged: boolean): Promise<string> {
  const providers = [...lab.service.providers.values()];
  const originals = providers.map((provider) => provider.charge);
  for (const [i, provider] of providers.entries()) {
    provider.charge = async (request, timeoutMs) => {
      if (request.chargeNumber !== chargeNumber) return await originals[i].call(provider, request, timeoutMs);
      if (charged) await originals[i].call(provider, request, timeoutMs);
      throw new Error("the process died here");
    };
  }
  await expect(lab.pay({ paymentMethodId: method, idempotencyKey: "k" })).rejects.toThrow("died here");
  for (const [i, provider] of providers.entries()) provider.charge = originals[i];
  const [{ payment_id }] = await lab.owner<{ payment_id: string }[]>`select payment_id from payments`;
  return payment_id;
}

Deno.test("wherever a crash strikes a payment with two providers, it ends as it would have, charged once", async (t) => {
  const cases: [what: string, chargeNumber: number, charged: boolean][] = [
    ["before the first provider is asked", 1, false],
    ["after the first provider's word, before it is stored", 1, true],
    ["after the second provider is stored, before it is asked", 2, false],
    ["after the second provider's charge, before it is stored", 2, true],
  ];
  for (const method of ["pm_card_soft_decline_first", "pm_card_refused_first"]) {
    for (const [what, chargeNumber, charged] of cases) {
      await t.step(`${method}, ${what}`, async () => {
        await using lab = await openLab();
        const paymentId = await dieAt(lab, method, chargeNumber, charged);
        expect((await getPaymentStatus(lab.service, TENANT, paymentId)).status).toBe("processing");
        await lab.completeAll();
        const ended = await getPaymentStatus(lab.service, TENANT, paymentId);
        expect(ended.status).toBe("succeeded");
        expect(ended.routing!.attempts.map(({ outcome }) => outcome)).toEqual([
          method === "pm_card_refused_first" ? "refused" : "declined",
          "approved",
        ]);
        expect(lab.charges(paymentId).filter(({ state }) => state === "captured").length).toBe(1);
        expect(await lab.brokenInvariants()).toEqual([]);
      });
    }
  }
});

Deno.test("a call and three completers that drive one failing-over payment charge it once, at one provider", async () => {
  await using lab = await openLab();
  const services = [lab.service, ...await Promise.all([1, 2].map(() => lab.openService()))];
  const ids = await Promise.all(
    Array.from({ length: 30 }, () => lab.crashedPayment({ paymentMethodId: "pm_card_soft_decline_first" })),
  );
  for (let round = 0; round < 4; round++) {
    lab.clock.advance(3_600_000);
    await Promise.all(services.map(async (service) => {
      await lab.owner`update open_payments set next_check_at = '-infinity'`;
      await completeOpenPayments(service);
    }));
  }
  await lab.completeAll();
  for (const paymentId of ids) {
    expect((await getPaymentStatus(lab.service, TENANT, paymentId)).status).toBe("succeeded");
    expect(lab.charges(paymentId).map(({ state }) => state).sort()).toEqual(["captured", "declined"]);
  }
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("with one reply in five lost and failover on, nobody is charged at two providers", async () => {
  await using lab = await openLab({ providerTimeoutMs: 400 });
  for (const name of lab.service.providers.keys()) {
    lab.stack.simulated!.faults.change(name, { replyLossRate: 0.2, errorRate: 0.15 });
  }
  const methods = [
    "pm_card_visa",
    "pm_card_soft_decline_first",
    "pm_card_do_not_honor",
    "pm_card_refused_first",
    "pm_card_visa",
  ];
  const answers = await Promise.all(
    Array.from(
      { length: 80 },
      (_, i) => lab.pay({ paymentMethodId: methods[i % methods.length], idempotencyKey: `k${i}` }),
    ),
  );
  await lab.completeAll();
  let twoProviders = 0;
  for (const { answer } of answers) {
    const charges = lab.charges(answer.payment_id);
    const captured = charges.filter(({ state }) => state === "captured").length;
    const { status } = await getPaymentStatus(lab.service, TENANT, answer.payment_id);
    expect([answer.payment_id, captured]).toEqual([answer.payment_id, status === "succeeded" ? 1 : 0]);
    if (charges.length > 1) twoProviders++;
  }
  // It was a test: some went to two, and some replies were lost.
  expect(twoProviders).toBeGreaterThan(0);
  const [{ lost }] = await lab.owner<{ lost: number }[]>`
    select count(*)::int as lost from payment_attempts where code = 'reply_lost_found_by_key'`;
  expect(lost).toBeGreaterThan(0);
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("while a provider is out of service payments go elsewhere, and come back to it by themselves", async () => {
  await using lab = await openLab();
  const pay = async (count: number) => {
    const asked: string[] = [];
    for (let i = 0; i < count; i++) {
      lab.clock.advance(600_000);
      const { answer } = await lab.pay();
      expect(answer.status).toBe("succeeded");
      asked.push(answer.routing!.attempts[0].provider);
    }
    return asked;
  };
  const before = await pay(100);
  const favourite = mostFrequent(before);
  const shareOf = (asked: readonly string[]) =>
    asked.filter((provider) => provider === favourite).length / asked.length;
  lab.stack.simulated!.faults.change(favourite, { outage: "refusing" });
  const during = await pay(80);
  expect(shareOf(during.slice(50))).toBeLessThan(0.12);
  lab.stack.simulated!.faults.change(favourite, { outage: "none" });
  const after = await pay(300);
  expect(shareOf(after.slice(200))).toBeGreaterThan(0.6 * shareOf(before));
});

function mostFrequent(names: readonly string[]): string {
  const counts = Map.groupBy(names, (name) => name);
  return [...counts].sort(([, a], [, b]) => b.length - a.length)[0][0];
}

Deno.test("an unreachable provider process leaves a payment in doubt, not failed, and it is settled when it answers", async () => {
  await using lab = await openLab({ providersUrl: "http://127.0.0.1:9", providerTimeoutMs: 500 });
  const { answer } = await lab.pay();
  expect(answer).toMatchObject({
    status: "in_doubt",
    routing: { attempts: [{ outcome: "unknown", code: "no_reply_to_look_up" }] },
  });
  lab.clock.advance(60_000);
  expect(await completeOpenPayments(lab.service)).toBe(0);
});
