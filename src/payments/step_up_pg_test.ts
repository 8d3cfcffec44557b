import { expect } from "expect";
import { DomainError } from "../core/errors.ts";
import { CHALLENGE_ANSWER } from "../providers/test_payment_methods.ts";
import { completeOpenPayments } from "./complete_open_payments.ts";
import { getPaymentStatus } from "./get_payment_status.ts";
import type { PaymentRequest } from "./payment.ts";
import { type Lab, modelOf, openLab, TENANT } from "./testing/open_lab.ts";
import { verifyPayment } from "./verify_payment.ts";

const OWN_CARD = { paymentMethodId: "pm_ann" } as const;
/** The model's score is the amount in major units. */
const BY_AMOUNT = modelOf((vector) => Math.exp(vector[0]));
const openStepUpLab = (providerTimeoutMs?: number) =>
  openLab({ model: BY_AMOUNT, stepUpAt: 70, providerTimeoutMs });

/** Pays, and once challenged answers. */
async function payAndAnswer(lab: Lab, asked: Partial<PaymentRequest>, answer: string) {
  const { answer: first } = await lab.pay(asked);
  expect(first).toMatchObject({
    status: "requires_action",
    challenge: { confirm_token: expect.any(String) },
  });
  const token = first.challenge!.confirm_token!;
  return { first, token, second: await lab.pay({ ...asked, confirmation: { token, answer } }) };
}

const codeOf = (work: Promise<unknown>) =>
  work.then(() => "no error", (error) => error instanceof DomainError ? error.code : String(error));

Deno.test("the band: below it approved, within it challenged, from 75 declined", async (t) => {
  await using lab = await openStepUpLab();
  const cases: [amountMinor: bigint, decision: string, challenged: boolean][] = [
    [6_990n, "approve", false],
    [7_010n, "step_up", true],
    [7_490n, "step_up", true],
    [7_510n, "decline", false],
  ];
  for (const [amountMinor, decision, challenged] of cases) {
    await t.step(`a score of ${Number(amountMinor) / 100}: ${decision}`, async () => {
      const { answer } = await lab.pay({ ...OWN_CARD, amountMinor, deviceId: crypto.randomUUID() });
      expect(answer.risk).toMatchObject({ decision, step_up_at: 70, decline_at: 75 });
      expect(answer.status === "requires_action").toBe(challenged);
      if (challenged) {
        expect(answer.challenge).toMatchObject({ asked_by: "risk" });
        expect(lab.charges(answer.payment_id).map(({ state }) => state)).toEqual(["action_required"]);
      }
    });
  }
});

Deno.test("a challenge that is passed charges once, one that is failed declines, and the key replays it", async (t) => {
  await using lab = await openLab();
  const cases: [method: string, given: string, status: string, code: string | null][] = [
    ["pm_card_3ds_challenge", CHALLENGE_ANSWER, "succeeded", null],
    ["pm_card_3ds_challenge", "000000", "declined", "authentication_failed"],
    ["pm_card_3ds_challenge_declined", CHALLENGE_ANSWER, "declined", "insufficient_funds"],
  ];
  for (const [paymentMethodId, given, status, code] of cases) {
    await t.step(`${paymentMethodId}, answered with ${given}`, async () => {
      const asked = { paymentMethodId, idempotencyKey: `${paymentMethodId}/${given}` };
      const waiting = await lab.pay(asked);
      expect((await lab.pay(asked)).answer).toEqual(waiting.answer);
      const { first, token, second } = await payAndAnswer(lab, asked, given);
      expect(first.payment_id).toBe(waiting.answer.payment_id);
      expect(second).toMatchObject({
        replayed: false,
        answer: { payment_id: first.payment_id, status, challenge: null },
      });
      expect(second.answer.decline?.code ?? null).toBe(code);
      expect(second.answer.routing!.attempts.at(-1)!.code).toBe(code ?? "3ds_challenged");
      // Whatever is answered later, and the first call again: the same payment, to the letter.
      const later = await lab.pay({ ...asked, confirmation: { token, answer: "999999" } });
      expect(later).toMatchObject({ replayed: true, answer: second.answer });
      expect(await lab.pay(asked)).toMatchObject({ replayed: true, answer: second.answer });
      const states = lab.charges(first.payment_id).map(({ state }) => state);
      expect(states.filter((state) => state === "captured").length).toBe(status === "succeeded" ? 1 : 0);
      expect(await verifyPayment(lab.service, TENANT, first.payment_id)).toMatchObject({
        consistent: true,
        status,
      });
    });
  }
  expect(await lab.count("open_payments")).toBe(0);
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("3-D Secure without a question goes through at once, and the attempt says so", async () => {
  await using lab = await openLab();
  const { answer } = await lab.pay({ paymentMethodId: "pm_card_3ds_frictionless" });
  expect(answer).toMatchObject({ status: "succeeded", challenge: null });
  expect(answer.routing!.attempts.at(-1)).toMatchObject({ outcome: "approved", code: "3ds_frictionless" });
});

Deno.test("a wallet's payment in the band holds the money until its owner confirms", async () => {
  await using lab = await openStepUpLab();
  const wallet = await lab.fundWallet("cust_ann", 30_000n);
  const asked = { method: "wallet", amountMinor: 7_200n } as const;
  const confirmed = await payAndAnswer(lab, { ...asked, idempotencyKey: "1" }, CHALLENGE_ANSWER);
  expect(confirmed.second.answer.status).toBe("succeeded");
  const failed = await payAndAnswer(lab, { ...asked, idempotencyKey: "2" }, "wrong");
  expect(failed.second.answer).toMatchObject({
    status: "declined",
    decline: { by: "wallet", code: "authentication_failed" },
  });
  const { answer: abandoned } = await lab.pay({ ...asked, idempotencyKey: "3" });
  expect(await lab.balanceOf(wallet)).toEqual({ balance: 22_800n, held: 7_200n });
  expect(await lab.brokenInvariants()).toEqual([]);
  await lab.completeAll();
  expect(await getPaymentStatus(lab.service, TENANT, abandoned.payment_id)).toMatchObject({
    status: "failed",
  });
  expect(await lab.balanceOf(wallet)).toEqual({ balance: 22_800n, held: 0n });
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("an abandoned challenge ends when its time is over, not before, and its token with it", async () => {
  await using lab = await openLab();
  const asked = { paymentMethodId: "pm_card_3ds_challenge" };
  const { answer } = await lab.pay(asked);
  const { confirm_token: token, expires_at } = answer.challenge!;
  expect(Date.parse(expires_at)).toBe(lab.clock.nowMs() + lab.service.settings.challengeLifetimeMs);
  expect(await getPaymentStatus(lab.service, TENANT, answer.payment_id)).toMatchObject({
    status: "requires_action",
    challenge: { asked_by: "issuer", expires_at, confirm_token: null },
    captured_minor: 0,
    next_move: expect.stringContaining("confirm_token"),
  });
  lab.clock.advance(lab.service.settings.challengeLifetimeMs - 1_000);
  expect(await completeOpenPayments(lab.service)).toBe(0);
  lab.clock.advance(1_000);
  // The late answer comes first, before the completer: it is too late all the same.
  const late = await lab.pay({ ...asked, confirmation: { token: token!, answer: CHALLENGE_ANSWER } });
  expect(late.answer.status).toBe("failed");
  expect(lab.charges(answer.payment_id).map(({ state }) => state)).toContain("voided");
  const other = await lab.pay(asked);
  lab.clock.advance(lab.service.settings.challengeLifetimeMs);
  expect(await completeOpenPayments(lab.service)).toBe(1);
  expect((await getPaymentStatus(lab.service, TENANT, other.answer.payment_id)).status).toBe("failed");
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("a confirm token is good for its caller, its arguments and its payment, and nothing else", async () => {
  await using lab = await openLab();
  const asked = { paymentMethodId: "pm_card_3ds_challenge" };
  const { answer } = await lab.pay(asked);
  const token = answer.challenge!.confirm_token!;
  const confirmation = { token, answer: CHALLENGE_ANSWER };
  const wrong: Partial<PaymentRequest>[] = [
    { ...asked, confirmation, principal: "somebody" },
    { ...asked, confirmation, amountMinor: 2_000n },
    { ...asked, confirmation: { ...confirmation, token: token.replace(/\.\d+\./, ".9999999999999.") } },
    {
      ...asked,
      confirmation: { ...confirmation, token: token.slice(0, -1) + (token.endsWith("A") ? "B" : "A") },
    },
    { ...asked, confirmation: { ...confirmation, token: "no token" } },
  ];
  for (const request of wrong) expect(await codeOf(lab.pay(request))).toBe("invalid_approval_token");
  expect((await getPaymentStatus(lab.service, TENANT, answer.payment_id)).status).toBe("requires_action");
  expect((await lab.pay({ ...asked, confirmation })).answer.status).toBe("succeeded");
});

Deno.test("twenty answers at once, on two servers: one charge, one booking, one outcome for all", async () => {
  await using lab = await openLab();
  const other = await lab.openService();
  const asked = { paymentMethodId: "pm_card_3ds_challenge", idempotencyKey: "raced" };
  const { answer } = await lab.pay(asked);
  const token = answer.challenge!.confirm_token!;
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      lab.pay(
        { ...asked, confirmation: { token, answer: i % 3 === 0 ? "wrong" : CHALLENGE_ANSWER } },
        [
          lab.service,
          other,
        ][i % 2],
      )),
  );
  const outcomes = new Set(answers.map(({ answer }) => JSON.stringify(answer)));
  expect(outcomes.size).toBe(1);
  // One of them made it so; the others are told that they did not.
  expect(answers.filter(({ replayed }) => !replayed).length).toBe(1);
  expect(await lab.count("open_payments")).toBe(0);
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("whatever phase a crash struck in, a challenged payment ends, charged once or not at all", async (t) => {
  await using lab = await openLab();
  const asked = { paymentMethodId: "pm_card_3ds_challenge", idempotencyKey: null as string | null };
  for (const charged of [false, true]) {
    await t.step(charged ? "after the provider asked for it" : "before the provider was asked", async () => {
      const key = `crash ${charged}`;
      const paymentId = await lab.crashedPayment({ ...asked, idempotencyKey: key }, charged);
      lab.clock.advance(lab.service.graceMs);
      await completeOpenPayments(lab.service);
      // The client repeats its call and gets the challenge.
      const { second } = await payAndAnswer(lab, { ...asked, idempotencyKey: key }, CHALLENGE_ANSWER);
      expect(second.answer).toMatchObject({ payment_id: paymentId, status: "succeeded" });
    });
  }
  await t.step("after the customer's answer, before it was booked", async () => {
    const { answer } = await lab.pay({ ...asked, idempotencyKey: "answered" });
    const [{ provider, key }] = lab.charges(answer.payment_id).filter(({ state }) =>
      state === "action_required"
    );
    await lab.service.provider(provider).completeChallenge(key, CHALLENGE_ANSWER, 30_000);
    lab.clock.advance(lab.service.settings.challengeLifetimeMs);
    await completeOpenPayments(lab.service);
    expect((await getPaymentStatus(lab.service, TENANT, answer.payment_id)).status).toBe("succeeded");
  });
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("an answer whose reply is lost leaves the payment in doubt, and the completer makes it one or the other", async (t) => {
  for (const arrived of [true, false]) {
    await t.step(arrived ? "the answer had arrived" : "the answer had not arrived", async () => {
      await using lab = await openLab({ providerTimeoutMs: 200 });
      const asked = { paymentMethodId: "pm_card_3ds_challenge" };
      const { answer: first } = await lab.pay(asked);
      const { provider, key } = lab.charges(first.payment_id).find(({ state }) =>
        state === "action_required"
      )!;
      const acquirer = lab.service.provider(provider);
      const complete = acquirer.completeChallenge.bind(acquirer);
      lab.stack.simulated!.faults.change(provider, { outage: "silent" });
      const confirmation = { token: first.challenge!.confirm_token!, answer: CHALLENGE_ANSWER };
      expect((await lab.pay({ ...asked, confirmation })).answer.status).toBe("in_doubt");
      lab.stack.simulated!.faults.change(provider, { outage: "none" });
      if (arrived) await complete(key, CHALLENGE_ANSWER, 30_000);
      await lab.completeAll();
      const ended = await getPaymentStatus(lab.service, TENANT, first.payment_id);
      expect(ended.status).toBe(arrived ? "succeeded" : "failed");
      expect(await lab.brokenInvariants()).toEqual([]);
    });
  }
});
