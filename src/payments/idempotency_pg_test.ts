import { expect } from "expect";
import { DomainError } from "../core/errors.ts";
import { forgetExpiredKeys } from "./forget_expired_keys.ts";
import type { PaymentRequest } from "./payment.ts";
import { openLab } from "./testing/open_lab.ts";

async function codeOf(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof DomainError) return error.code;
    throw error;
  }
}

Deno.test("100 calls at once with one key: one charge, one payment, one answer", async () => {
  await using lab = await openLab();
  const created = await Promise.all(Array.from({ length: 100 }, () => lab.pay({ idempotencyKey: "k" })));
  const [first] = created;
  for (const { answer } of created) expect(answer).toEqual(first.answer);
  expect(created.filter(({ replayed }) => !replayed).length).toBe(1);
  expect(lab.charges().length).toBe(1);
  expect(await lab.count("payments")).toBe(1);
  expect(await lab.count("payment_attempts")).toBe(1);
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("the same from four servers on one database", async () => {
  await using lab = await openLab();
  const services = [lab.service, ...await Promise.all([1, 2, 3].map(() => lab.openService()))];
  for (let round = 0; round < 10; round++) {
    const created = await Promise.all(
      Array.from({ length: 40 }, (_, i) => lab.pay({ idempotencyKey: `k${round}` }, services[i % 4])),
    );
    for (const { answer } of created) expect(answer).toEqual(created[0].answer);
    expect(created.filter(({ replayed }) => !replayed).length).toBe(1);
  }
  expect(lab.charges().length).toBe(10);
  expect(await lab.count("payments")).toBe(10);
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("a key with other arguments is refused: after the first call, beside it, and by another server", async (t) => {
  await using lab = await openLab();
  const other = await lab.openService();
  const changes: Partial<PaymentRequest>[] = [
    { amountMinor: 1_001n },
    { currency: "EUR" },
    { customerId: "cust_ben" },
    { merchantId: "merch_de" },
    { paymentMethodId: "pm_card_mastercard" },
    { description: "other" },
    { deviceId: "dev_1" },
    { metadata: { order: "2" } },
  ];
  for (const [i, change] of changes.entries()) {
    await t.step(JSON.stringify(Object.keys(change)), async () => {
      const idempotencyKey = `k${i}`;
      const first = lab.pay({ idempotencyKey });
      const beside = codeOf(lab.pay({ idempotencyKey, ...change }));
      expect((await first).answer.status).toBe("succeeded");
      expect(await beside).toBe("idempotency_key_reused");
      expect(await codeOf(lab.pay({ idempotencyKey, ...change }))).toBe("idempotency_key_reused");
      expect(await codeOf(lab.pay({ idempotencyKey, ...change }, other))).toBe("idempotency_key_reused");
    });
  }
  expect(lab.charges().length).toBe(changes.length);
});

Deno.test("two servers race with one key and two amounts: one pays, the other is refused", async () => {
  await using lab = await openLab();
  const other = await lab.openService();
  for (let round = 0; round < 20; round++) {
    const idempotencyKey = `k${round}`;
    const outcomes = await Promise.all([
      codeOf(lab.pay({ idempotencyKey }).then(({ answer }) => answer.status)),
      codeOf(lab.pay({ idempotencyKey, amountMinor: 2_000n }, other).then(({ answer }) => answer.status)),
    ]);
    expect(outcomes.sort()).toEqual(["idempotency_key_reused", "succeeded"]);
  }
  expect(lab.charges().length).toBe(20);
});

Deno.test("the order of metadata and the simulated time make no other request", async () => {
  await using lab = await openLab();
  const first = await lab.pay({ idempotencyKey: "k", metadata: { a: "1", b: "2" } });
  const again = await lab.pay({
    idempotencyKey: "k",
    metadata: { b: "2", a: "1" },
    simulatedAtMs: lab.clock.nowMs() + 1,
  });
  expect(again).toMatchObject({ replayed: true, answer: first.answer });
});

Deno.test("a key belongs to its principal", async () => {
  await using lab = await openLab();
  const mine = await lab.pay({ idempotencyKey: "k" });
  const theirs = await lab.pay({ idempotencyKey: "k", principal: "somebody else", amountMinor: 7_777n });
  expect(theirs.replayed).toBe(false);
  expect(theirs.answer.payment_id).not.toBe(mine.answer.payment_id);
  expect(lab.charges().length).toBe(2);
});

Deno.test("declined and succeeded payments are replayed to the letter, also by another server", async () => {
  await using lab = await openLab();
  const other = await lab.openService();
  for (const paymentMethodId of ["pm_card_visa", "pm_card_declined", "pm_card_expired"]) {
    const first = await lab.pay({ idempotencyKey: paymentMethodId, paymentMethodId });
    for (const service of [lab.service, other]) {
      const again = await lab.pay({ idempotencyKey: paymentMethodId, paymentMethodId }, service);
      expect(again.replayed).toBe(true);
      expect(JSON.stringify(again.answer)).toBe(JSON.stringify(first.answer));
    }
  }
  expect(lab.charges().length).toBe(3);
});

Deno.test("a provider that never answers: in doubt, then voided and failed, and the key replays that", async () => {
  await using lab = await openLab({ providerTimeoutMs: 60 });
  const asked = { idempotencyKey: "k", paymentMethodId: "pm_card_timeout" };
  const first = await lab.pay(asked);
  expect(first.answer).toMatchObject({ status: "in_doubt", decline: null, fee_minor: 0 });
  expect(lab.charges()).toEqual([]);
  // Not final: the key answers with the state as it is, from here and from elsewhere.
  const other = await lab.openService();
  for (const service of [lab.service, other]) {
    expect((await lab.pay(asked, service)).answer).toMatchObject({
      payment_id: first.answer.payment_id,
      status: "in_doubt",
    });
  }
  await lab.completeAll();
  expect(lab.charges(first.answer.payment_id).map(({ state }) => state)).toEqual(["voided"]);
  const ended = await lab.pay(asked);
  expect(ended).toMatchObject({
    replayed: true,
    answer: {
      payment_id: first.answer.payment_id,
      status: "failed",
      routing: { attempts: [{ attempt: 1, outcome: "unknown" }, { attempt: 2, outcome: "voided" }] },
    },
  });
  expect(JSON.stringify((await lab.pay(asked, other)).answer)).toBe(JSON.stringify(ended.answer));
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("a charge whose reply is lost is found by its key: succeeded, charged once", async () => {
  await using lab = await openLab({ providerTimeoutMs: 60 });
  const asked = { idempotencyKey: "k", paymentMethodId: "pm_card_charged_reply_lost" };
  const { answer } = await lab.pay(asked);
  await lab.completeAll();
  const again = await lab.pay(asked);
  expect(again).toMatchObject({
    replayed: true,
    answer: { payment_id: answer.payment_id, status: "succeeded" },
  });
  expect(lab.charges().map(({ state }) => state)).toEqual(["captured"]);
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("a key whose first call is still in flight elsewhere conflicts, and names the payment", async () => {
  await using lab = await openLab();
  // What a crash leaves between the transactions: an accepted payment that nobody drives.
  const paymentId = await lab.crashedPayment({ idempotencyKey: "crashed" });
  const waiting = lab.pay({ idempotencyKey: "crashed" });
  const told = expect(waiting).rejects.toMatchObject({ code: "idempotency_key_in_flight", retriable: true });
  const timer = setInterval(() => lab.clock.advance(1_000), 20);
  await told.finally(() => clearInterval(timer));
  await expect(waiting).rejects.toThrow(paymentId);
  await lab.completeAll();
  const { answer, replayed } = await lab.pay({ idempotencyKey: "crashed" });
  expect([answer.payment_id, answer.status, replayed]).toEqual([paymentId, "succeeded", true]);
  expect(lab.charges().length).toBe(1);
});

Deno.test("keys are forgotten after thirty days, those of open payments never", async () => {
  await using lab = await openLab();
  await lab.pay({ idempotencyKey: "old" });
  await lab.crashedPayment({ idempotencyKey: "crashed" });
  lab.clock.advance(29 * DAY_MS);
  await lab.pay({ idempotencyKey: "young" });
  expect(await forgetExpiredKeys(lab.service)).toBe(0);
  lab.clock.advance(2 * DAY_MS);
  expect(await forgetExpiredKeys(lab.service)).toBe(1);
  const keys = await lab.owner<{ key: string }[]>`select key from idempotency_keys order by key`;
  expect(keys.map(({ key }) => key)).toEqual(["crashed", "young"]);
  expect((await lab.pay({ idempotencyKey: "old" })).replayed).toBe(false);
});

const DAY_MS = 86_400_000;
