import { expect } from "expect";
import { completeOpenPayments } from "../payments/complete_open_payments.ts";
import { modelOf, TENANT } from "../payments/testing/open_lab.ts";
import { CHALLENGE_ANSWER } from "../providers/test_payment_methods.ts";
import { openWalletLab, type WalletLab } from "./testing/open_wallet_lab.ts";
import type { TopUpAnswer } from "./top_up.ts";
import { readTopUp } from "./store_top_up.ts";
import {
  chargeTopUp,
  completeTopUps,
  type ToppedUp,
  type TopUpRequest,
  topUpWallet,
} from "./top_up_wallet.ts";

const AMOUNT_MINOR = 10_000n;

const topUp = (lab: WalletLab, asked: Partial<TopUpRequest> = {}, service = lab.service): Promise<ToppedUp> =>
  topUpWallet(service, {
    tenantId: TENANT,
    principal: "tester",
    walletId: "wallet:cust_ann:USD",
    amountMinor: AMOUNT_MINOR,
    currency: "USD",
    paymentMethodId: "pm_card_3ds_challenge",
    idempotencyKey: null,
    confirmation: null,
    simulatedAtMs: null,
    ...asked,
  });

/** Asks, and gives the second call that answers the challenge. */
async function challenged(lab: WalletLab, asked: Partial<TopUpRequest> = {}) {
  const { answer } = await topUp(lab, asked);
  expect(answer).toMatchObject({
    status: "requires_action",
    challenge: { asked_by: "issuer", confirm_token: expect.any(String) },
    next_move: expect.stringContaining("challenge_answer"),
  });
  const token = answer.challenge!.confirm_token;
  return {
    answer,
    token,
    give: (given = CHALLENGE_ANSWER, service = lab.service) =>
      topUp(lab, { ...asked, confirmation: { token, answer: given } }, service),
  };
}

/** What Ann's wallet holds; none yet is nothing. */
async function walletOf(lab: WalletLab): Promise<bigint> {
  const [row] = await lab.lab.owner`
    select coalesce(max(balance_minor), 0)::text as balance from accounts where account_id = 'wallet:cust_ann:USD'`;
  return BigInt(row.balance);
}

const captured = (lab: WalletLab, { payment_id }: TopUpAnswer) =>
  lab.lab.charges(payment_id!).filter(({ state }) => state === "captured").length;

/** Time passes, with the payments' completer and the wallets' keeper at work. */
async function pass(lab: WalletLab, durationMs: number): Promise<void> {
  lab.lab.clock.advance(durationMs);
  await completeOpenPayments(lab.lab.service);
  await completeTopUps(lab.service);
}

Deno.test("a card that asks for 3-D Secure makes the top-up wait, and the holder's answer decides it", async (t) => {
  await using lab = await openWalletLab();
  const cases: [method: string, given: string, status: string, code: string | null][] = [
    ["pm_card_3ds_challenge", CHALLENGE_ANSWER, "succeeded", null],
    ["pm_card_3ds_challenge", "000000", "declined", "authentication_failed"],
    ["pm_card_3ds_challenge_declined", CHALLENGE_ANSWER, "declined", "insufficient_funds"],
  ];
  for (const [paymentMethodId, given, status, code] of cases) {
    for (const idempotencyKey of [null, `${paymentMethodId}/${given}`]) {
      await t.step(
        `${paymentMethodId}, answered with ${given}, ${idempotencyKey ?? "without a key"}`,
        async () => {
          const before = await walletOf(lab);
          const asked = { paymentMethodId, idempotencyKey };
          const { answer: first, give } = await challenged(lab, asked);
          expect(await walletOf(lab)).toBe(before);
          const { answer, replayed } = await give(given);
          expect({ replayed, status: answer.status, top_up: answer.top_up_id, payment: answer.payment_id })
            .toEqual({
              replayed: false,
              status,
              top_up: first.top_up_id,
              payment: first.payment_id,
            });
          expect(answer.challenge).toBeNull();
          expect(answer.decline?.code ?? null).toBe(code);
          const credited = status === "succeeded" ? AMOUNT_MINOR : 0n;
          expect(await walletOf(lab)).toBe(before + credited);
          expect(captured(lab, answer)).toBe(status === "succeeded" ? 1 : 0);
          // Whatever is answered later, and the first call again where it has a key: the same, to the letter.
          expect(await give("999999")).toEqual({ answer, replayed: true });
          expect(await give(CHALLENGE_ANSWER, await lab.openService())).toEqual({ answer, replayed: true });
          if (idempotencyKey !== null) expect(await topUp(lab, asked)).toEqual({ answer, replayed: true });
          await pass(lab, lab.lab.service.settings.challengeLifetimeMs);
          expect(await walletOf(lab)).toBe(before + credited);
          const actions = await lab.lab.owner`
          select action from audit_events where resource = ${answer.top_up_id} order by at, audit_id`;
          expect(actions.map(({ action }) => action).sort()).toEqual(
            ["top_up.begun", "top_up.requires_action", `top_up.${status}`].sort(),
          );
        },
      );
    }
  }
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});

Deno.test("the screen's band challenges a top-up as it does a payment", async () => {
  await using lab = await openWalletLab({
    model: modelOf((vector) => Math.exp(vector[0])),
    stepUpAt: 70,
  });
  const inBand = { paymentMethodId: "pm_ann", amountMinor: 7_200n };
  let succeeded = 0;
  // Her own card's issuer declines one payment in some ten.
  for (let tries = 0; tries < 20 && succeeded === 0; tries++) {
    const { answer } = await topUp(lab, inBand);
    expect(answer).toMatchObject({
      status: "requires_action",
      challenge: { asked_by: "risk" },
      risk_score: 72,
    });
    const confirmation = { token: answer.challenge!.confirm_token, answer: CHALLENGE_ANSWER };
    const { answer: ended } = await topUp(lab, { ...inBand, confirmation });
    expect(["succeeded", "declined"]).toContain(ended.status);
    if (ended.status === "succeeded") succeeded++;
    expect(await walletOf(lab)).toBe(BigInt(succeeded) * 7_200n);
  }
  expect(succeeded).toBe(1);
  expect((await topUp(lab, { ...inBand, amountMinor: 7_600n })).answer).toMatchObject({
    status: "declined",
    decline: { by: "risk", code: "fraud_suspected" },
  });
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});

Deno.test("an abandoned challenge ends the top-up when its time is over, and a late answer comes too late", async () => {
  await using lab = await openWalletLab();
  const lifetimeMs = lab.lab.service.settings.challengeLifetimeMs;
  const [abandoned, late] = [
    await challenged(lab, { idempotencyKey: "abandoned" }),
    await challenged(lab, { idempotencyKey: "late" }),
  ];
  expect(Date.parse(abandoned.answer.challenge!.expires_at)).toBe(lab.lab.clock.nowMs() + lifetimeMs);
  await pass(lab, lifetimeMs - 1);
  expect((await topUp(lab, { idempotencyKey: "abandoned" })).answer).toEqual(abandoned.answer);
  lab.lab.clock.advance(1);
  // Before the completer has seen it: it is too late all the same.
  expect((await late.give()).answer).toMatchObject({ status: "failed", challenge: null });
  await pass(lab, 30_000);
  await pass(lab, 30_000);
  expect(await topUp(lab, { idempotencyKey: "abandoned" })).toMatchObject({
    replayed: true,
    answer: { status: "failed", next_move: expect.stringContaining("never charged") },
  });
  expect((await abandoned.give()).answer.status).toBe("failed");
  expect(await walletOf(lab)).toBe(0n);
  for (const { answer } of [abandoned, late]) expect(captured(lab, answer)).toBe(0);
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});

Deno.test("wherever a crash struck between the answer and the wallet, the money arrives once", async (t) => {
  await using lab = await openWalletLab();
  const charge = lab.service.charger.charge.bind(lab.service.charger);
  const crashes: [
    where: string,
    crash: (answer: TopUpAnswer, token: string, key: string | null) => Promise<void>,
  ][] = [
    ["before the provider heard the answer", async () => {}],
    ["after the provider heard it, before the payment was booked", async ({ payment_id }) => {
      const waiting = lab.lab.charges(payment_id!).find(({ state }) => state === "action_required")!;
      await lab.lab.service.provider(waiting.provider).completeChallenge(
        waiting.key,
        CHALLENGE_ANSWER,
        30_000,
      );
    }],
    ["after the payment was booked, before the wallet was", async (_answer, token, idempotencyKey) => {
      Object.assign(lab.service.charger, {
        charge: async (...wanted: Parameters<typeof charge>) => {
          await charge(...wanted);
          throw new Error("the process died");
        },
      });
      const confirmation = { token, answer: CHALLENGE_ANSWER };
      await expect(topUp(lab, { idempotencyKey, confirmation })).rejects.toThrow("the process died");
      Object.assign(lab.service.charger, { charge });
    }],
  ];
  for (const [where, crash] of crashes) {
    for (const then of ["the caller answers again", "nobody comes back"]) {
      for (const key of [null, `${where}, ${then}`]) {
        await t.step(`${where}; ${then}; ${key === null ? "without" : "with"} a key`, async () => {
          const before = await walletOf(lab);
          const { answer, token, give } = await challenged(lab, { idempotencyKey: key });
          await crash(answer, token, key);
          if (then === "the caller answers again") expect((await give()).answer.status).toBe("succeeded");
          await pass(lab, lab.lab.service.settings.challengeLifetimeMs);
          await pass(lab, 60_000);
          const arrives = then === "the caller answers again" || !where.startsWith("before the provider");
          expect(await walletOf(lab) - before).toBe(arrives ? AMOUNT_MINOR : 0n);
          expect(captured(lab, answer)).toBe(arrives ? 1 : 0);
          expect((await give()).answer.status).toBe(arrives ? "succeeded" : "failed");
        });
      }
    }
  }
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});

Deno.test("an answer whose reply is lost leaves the top-up in doubt until it is one or the other", async (t) => {
  for (const arrived of [true, false]) {
    await t.step(arrived ? "the answer had arrived" : "the answer had not arrived", async () => {
      await using lab = await openWalletLab({ providerTimeoutMs: 200 });
      const { answer: first, give } = await challenged(lab);
      const { provider, key } = lab.lab.charges(first.payment_id!).find(({ state }) =>
        state === "action_required"
      )!;
      lab.lab.stack.simulated!.faults.change(provider, { outage: "silent" });
      expect((await give()).answer).toMatchObject({ status: "in_doubt", challenge: null });
      lab.lab.stack.simulated!.faults.change(provider, { outage: "none" });
      if (arrived) await lab.lab.service.provider(provider).completeChallenge(key, CHALLENGE_ANSWER, 30_000);
      await lab.lab.completeAll();
      await pass(lab, 60_000);
      expect((await give()).answer.status).toBe(arrived ? "succeeded" : "failed");
      expect(await walletOf(lab)).toBe(arrived ? AMOUNT_MINOR : 0n);
      expect(await lab.lab.brokenInvariants()).toEqual([]);
    });
  }
});

Deno.test("twenty answers at once, on two servers, and the keeper among them: one charge, one credit, one outcome", async () => {
  await using lab = await openWalletLab();
  const other = await lab.openService();
  for (const idempotencyKey of [null, "raced"]) {
    const before = await walletOf(lab);
    const { answer: first, give } = await challenged(lab, { idempotencyKey });
    lab.lab.clock.advance(30_000);
    const [answers] = await Promise.all([
      Promise.all(
        Array.from(
          { length: 20 },
          (_, i) => give(i % 3 === 0 ? "wrong" : CHALLENGE_ANSWER, i % 2 === 0 ? lab.service : other),
        ),
      ),
      completeTopUps(lab.service),
      completeTopUps(other),
    ]);
    const outcomes = new Set(answers.map(({ answer }) => JSON.stringify(answer)));
    expect(outcomes.size).toBe(1);
    // One of them made it so, or the keeper.
    expect(answers.filter(({ replayed }) => !replayed).length).toBeLessThanOrEqual(1);
    const { status } = answers[0].answer;
    expect(["succeeded", "declined"]).toContain(status);
    expect(await walletOf(lab) - before).toBe(status === "succeeded" ? AMOUNT_MINOR : 0n);
    expect(captured(lab, first)).toBe(status === "succeeded" ? 1 : 0);
  }
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});

Deno.test("whoever read the payment before the answer was booked changes nothing of the top-up afterwards", async () => {
  await using lab = await openWalletLab();
  const charge = lab.service.charger.charge.bind(lab.service.charger);
  for (const idempotencyKey of [null, "stale"]) {
    const before = await walletOf(lab);
    const read: Awaited<ReturnType<typeof charge>>[] = [];
    Object.assign(lab.service.charger, {
      charge: async (...wanted: Parameters<typeof charge>) => {
        read.push(await charge(...wanted));
        return read.at(-1);
      },
    });
    const { answer: first, give } = await challenged(lab, { idempotencyKey });
    Object.assign(lab.service.charger, { charge });
    const { answer: final } = await give();
    Object.assign(lab.service.charger, { charge: () => Promise.resolve(read[0]) });
    expect(read[0].status).toBe("requires_action");
    const stored = await readTopUp(lab.lab.stack.pool.of(TENANT), TENANT, first.top_up_id);
    expect((await chargeTopUp(lab.service, stored)).answer).toEqual(final);
    Object.assign(lab.service.charger, { charge });
    expect(await walletOf(lab) - before).toBe(AMOUNT_MINOR);
    expect(await give()).toEqual({ answer: final, replayed: true });
  }
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});

Deno.test("a confirm token is good for its caller, its arguments and its top-up, and nothing else", async () => {
  await using lab = await openWalletLab();
  const { answer, token, give } = await challenged(lab);
  const confirmation = { token, answer: CHALLENGE_ANSWER };
  const payment = await lab.lab.pay({ paymentMethodId: "pm_card_3ds_challenge" });
  const wrong: Partial<TopUpRequest>[] = [
    { confirmation, principal: "somebody" },
    { confirmation, amountMinor: AMOUNT_MINOR + 1n },
    { confirmation, walletId: "wallet:cust_ben:USD" },
    { confirmation, paymentMethodId: "pm_card_3ds_challenge_declined" },
    { confirmation: { ...confirmation, token: token.replace(/\.\d+\./, ".9999999999999.") } },
    { confirmation: { ...confirmation, token: payment.answer.challenge!.confirm_token! } },
    { confirmation: { ...confirmation, token: "no token" } },
  ];
  for (const request of wrong) {
    await expect(topUp(lab, request)).rejects.toMatchObject({
      code: "invalid_approval_token",
      field: "confirm_token",
    });
  }
  // Nor does the payment behind it take the top-up's.
  await expect(
    lab.lab.pay({ paymentMethodId: "pm_card_3ds_challenge", confirmation }),
  ).rejects.toMatchObject({ code: "invalid_approval_token" });
  expect(await walletOf(lab)).toBe(0n);
  expect((await give()).answer).toMatchObject({ status: "succeeded", top_up_id: answer.top_up_id });
});
