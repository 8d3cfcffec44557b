import { expect } from "expect";
import { DomainError } from "../core/errors.ts";
import { TEST_PAYMENT_METHODS } from "../providers/test_payment_methods.ts";
import { createPayment } from "./create_payment.ts";
import { getPaymentStatus } from "./get_payment_status.ts";
import type { PaymentRequest } from "./payment.ts";
import { accountOf } from "../ledger/accounts.ts";
import { modelOf, openLab, requestOf, TENANT } from "./testing/open_lab.ts";

/** The code of the domain error that the work ends in, or what it answered. */
async function codeOf(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof DomainError) return error.code;
    throw error;
  }
}

Deno.test("createPayment() charges, books and answers, and the payment can be read back", async () => {
  await using lab = await openLab();
  const { answer, replayed } = await lab.pay({ amountMinor: 10_000n, idempotencyKey: "k" });
  expect(replayed).toBe(false);
  expect(answer).toMatchObject({
    status: "succeeded",
    amount: "100.00",
    amount_minor: 10_000,
    currency: "USD",
    merchant_id: "merch_default",
    payment_method_id: "pm_card_visa",
    risk_score: 5,
    risk: { decision: "approve", decided_by: "test_payment_method", model_version: "lab-model" },
    decline: null,
    routing: { attempts: [{ attempt: 1, outcome: "approved", code: null }] },
  });
  const [charge] = lab.charges(answer.payment_id);
  expect(charge).toMatchObject({ state: "captured", amountMinor: 10_000n, currency: "USD" });
  expect(charge.chargeId).toBe(answer.routing!.attempts[0].charge_id);

  const status = await getPaymentStatus(lab.service, TENANT, answer.payment_id);
  expect(status.timeline.map(({ action }) => action)).toEqual(["payment.accepted", "payment.succeeded"]);
  expect(status.ledger.map(({ account_id, amount_minor }) => [account_id, amount_minor])).toEqual([
    [`provider:${charge.provider}:USD`, -10_000],
    ["merchant:merch_default:USD", 10_000 - answer.fee_minor],
    [`fees:${charge.provider}:USD`, answer.fee_minor],
  ]);
  expect(status).toMatchObject({ status: "succeeded", captured_minor: 10_000, refunded_minor: 0 });
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("each test payment method has its outcome, live and after the completer", async (t) => {
  await using lab = await openLab({ providerTimeoutMs: 60 });
  const live: Record<string, [status: string, code: string | null, charges: string[]]> = {
    pm_card_visa: ["succeeded", null, ["captured"]],
    pm_card_mastercard: ["succeeded", null, ["captured"]],
    pm_card_amex: ["succeeded", null, ["captured"]],
    pm_card_discover: ["succeeded", null, ["captured"]],
    pm_card_declined: ["declined", "generic_decline", ["declined"]],
    pm_card_insufficient_funds: ["declined", "insufficient_funds", ["declined"]],
    pm_card_limit_exceeded: ["declined", "limit_exceeded", ["declined"]],
    pm_card_velocity_exceeded: ["declined", "velocity_exceeded", ["declined"]],
    pm_card_do_not_honor: ["declined", "do_not_honor", ["declined", "declined"]],
    pm_card_issuer_unavailable: ["declined", "issuer_unavailable", ["declined", "declined"]],
    pm_card_processing_error: ["declined", "processing_error", ["declined", "declined"]],
    pm_card_expired: ["declined", "expired_card", ["declined"]],
    pm_card_lost: ["declined", "lost_or_stolen", ["declined"]],
    pm_card_restricted: ["declined", "restricted_card", ["declined"]],
    pm_card_invalid_account: ["declined", "invalid_account", ["declined"]],
    pm_card_suspected_fraud: ["declined", "suspected_fraud", ["declined"]],
    pm_card_soft_decline_first: ["succeeded", null, ["captured", "declined"]],
    pm_card_refused_first: ["succeeded", null, ["captured", "refused"]],
    pm_card_refused: ["failed", null, ["refused", "refused"]],
    pm_card_timeout: ["failed", null, ["voided"]],
    pm_card_charged_reply_lost: ["succeeded", null, ["captured"]],
    pm_card_declined_reply_lost: ["declined", "generic_decline", ["declined"]],
    pm_card_slow: ["succeeded", null, ["captured"]],
    pm_card_dispute: ["succeeded", null, ["captured"]],
    pm_card_refund_review: ["succeeded", null, ["captured"]],
    pm_card_refund_refused: ["succeeded", null, ["captured"]],
    pm_card_refund_reply_lost: ["succeeded", null, ["captured"]],
    // Nobody answers: each ends by itself, with nothing charged.
    pm_card_3ds_challenge: ["failed", null, ["voided"]],
    pm_card_3ds_challenge_declined: ["failed", null, ["voided"]],
    // At a provider with 3-D Secure; at one without it is declined softly, and the second has it.
    pm_card_3ds_frictionless: ["succeeded", null, ["captured"]],
  };
  expect(Object.keys(live).sort()).toEqual(Object.keys(TEST_PAYMENT_METHODS).sort());
  for (const [paymentMethodId, [status, code, charges]] of Object.entries(live)) {
    await t.step(`${paymentMethodId} ends as ${status}${code === null ? "" : ` (${code})`}`, async () => {
      const { answer } = await lab.pay({ paymentMethodId });
      await lab.completeAll();
      const ended = await getPaymentStatus(lab.service, TENANT, answer.payment_id);
      expect([ended.status, ended.decline?.code ?? null]).toEqual([status, code]);
      const states = lab.charges(answer.payment_id).map(({ state }) => state).sort();
      // A provider without 3-D Secure may have been asked first.
      if (paymentMethodId.includes("_3ds_")) expect(states).toContain(charges[0]);
      else expect(states).toEqual(charges);
      expect(states.filter((state) => state === "captured").length).toBe(status === "succeeded" ? 1 : 0);
      expect(ended.captured_minor).toBe(status === "succeeded" ? 1_000 : 0);
    });
  }
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("errors come in their documented order, and nothing is stored for any", async (t) => {
  await using lab = await openLab();
  await lab.pay({ idempotencyKey: "used" });
  const wrong: [expected: string, asked: Partial<PaymentRequest>][] = [
    ["unknown_customer", {
      customerId: "cust_nobody",
      merchantId: "merch_nowhere",
      paymentMethodId: "pm_none",
      idempotencyKey: "used",
    }],
    ["unknown_merchant", {
      merchantId: "merch_nowhere",
      paymentMethodId: "pm_none",
      idempotencyKey: "used",
    }],
    ["unknown_payment_method", { paymentMethodId: "pm_none", idempotencyKey: "used" }],
    ["idempotency_key_reused", {
      method: "wallet",
      paymentMethodId: null,
      currency: "KWD",
      idempotencyKey: "used",
    }],
    ["unknown_wallet", { method: "wallet", currency: "KWD", idempotencyKey: "fresh" }],
    // What belongs to somebody else looks like what does not exist.
    ["unknown_customer", { customerId: "cust_other" }],
    ["unknown_merchant", { merchantId: "merch_other" }],
    ["unknown_payment_method", { paymentMethodId: "pm_ben" }],
    ["unknown_payment_method", { customerId: "cust_nocard", paymentMethodId: null }],
    ["unknown_payment_method", { paymentMethodId: "__proto__" }],
  ];
  for (const [expected, asked] of wrong) {
    await t.step(`${expected} for ${JSON.stringify(asked)}`, async () => {
      expect(await codeOf(lab.pay(asked))).toBe(expected);
    });
  }
  expect(await lab.count("payments")).toBe(1);
  expect(await lab.count("idempotency_keys")).toBe(1);
  // A refused call does not use its key up.
  await lab.fundWallet("cust_ann", 5_000n, "KWD");
  const { answer } = await lab.pay({ method: "wallet", currency: "KWD", idempotencyKey: "fresh" });
  expect(answer.status).toBe("succeeded");
});

Deno.test("a full queue is refused as overloaded, stores nothing, and every other call is answered", async () => {
  await using lab = await openLab();
  const limit = lab.service.settings.maxQueue;
  const extra = 25;
  const outcomes = await Promise.all(
    Array.from(
      { length: limit + extra },
      () =>
        codeOf(
          lab.pay({ customerId: "cust_ben", paymentMethodId: "pm_card_declined" }).then(({ answer }) =>
            answer.status
          ),
        ),
    ),
  );
  const refused = outcomes.filter((outcome) => outcome === "overloaded").length;
  expect(refused).toBeGreaterThanOrEqual(1);
  expect(outcomes.filter((outcome) => outcome === "declined").length).toBe(limit + extra - refused);
  expect(await lab.count("payments")).toBe(limit + extra - refused);
});

Deno.test("the fraud screen declines before the provider is asked", async () => {
  await using lab = await openLab({ model: modelOf(() => 80) });
  const { answer } = await lab.pay({ paymentMethodId: "pm_ann", idempotencyKey: "k" });
  expect(answer).toMatchObject({
    status: "declined",
    routing: null,
    decline: { by: "risk", code: "fraud_suspected", retriable: false },
    risk: { decision: "decline", decided_by: "model", score: 80 },
  });
  expect(lab.charges()).toEqual([]);
  expect(await lab.count("open_payments")).toBe(0);
  const again = await lab.pay({ paymentMethodId: "pm_ann", idempotencyKey: "k" });
  expect(again).toMatchObject({ replayed: true, answer });
  // A test method orders its outcome and still shows its score.
  const ordered = await lab.pay();
  expect(ordered.answer).toMatchObject({ status: "succeeded", risk: { score: 80, decision: "approve" } });
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("75 is declined and what is just below is not", async () => {
  for (const [score, status] of [[75, "declined"], [74.9, "succeeded"]] as const) {
    await using lab = await openLab({ model: modelOf(() => score) });
    await lab.fundWallet("cust_ann", 10_000n);
    expect((await lab.pay({ method: "wallet" })).answer.status).toBe(status);
  }
});

Deno.test("a rule declines whatever the model thinks: more than fifteen payments in minutes with one card", async () => {
  await using lab = await openLab();
  const outcomes = [];
  for (let i = 0; i < 17; i++) {
    const { answer } = await lab.pay({ paymentMethodId: "pm_ann" });
    outcomes.push(answer.risk.decided_by);
    if (answer.risk.decided_by === "rule") {
      expect(answer).toMatchObject({ decline: { by: "risk" }, risk: { rules: ["card_burst"], score: 95 } });
    }
  }
  // The count decays from the first millisecond on: after fifteen payments it is 14.99….
  expect(outcomes.indexOf("rule")).toBe(16);
});

Deno.test("a wallet pays from what it has: held, posted, without a fee or a provider's charge", async () => {
  await using lab = await openLab();
  const wallet = await lab.fundWallet("cust_ann", 10_000n);
  const { answer } = await lab.pay({ method: "wallet", amountMinor: 4_000n });
  expect(answer).toMatchObject({ status: "succeeded", routing: null, fee_minor: 0, payment_method_id: null });
  expect(await lab.balanceOf(wallet)).toEqual({ balance: 6_000n, held: 0n });
  expect(await lab.balanceOf(accountOf("merchant", "merch_default", "USD"))).toEqual({
    balance: 4_000n,
    held: 0n,
  });
  const [stored] = await lab.owner`select provider, provider_charge_id from payments`;
  expect({ ...stored }).toEqual({ provider: null, provider_charge_id: null });

  const refused = await lab.pay({ method: "wallet", amountMinor: 6_001n, idempotencyKey: "w" });
  expect(refused.answer).toMatchObject({
    status: "declined",
    decline: { by: "wallet", code: "wallet_insufficient_funds" },
  });
  // The first outcome stays the key's, also when the money is there now.
  await lab.fundWallet("cust_ann", 10_000n);
  const again = await lab.pay({ method: "wallet", amountMinor: 6_001n, idempotencyKey: "w" });
  expect(again).toMatchObject({ replayed: true, answer: refused.answer });
  // To the last unit, and two such payments do not count as one charge.
  expect((await lab.pay({ method: "wallet", amountMinor: 16_000n })).answer.status).toBe("succeeded");
  expect(await lab.balanceOf(wallet)).toEqual({ balance: 0n, held: 0n });
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("200 payments of 1.00 at once on a wallet of 100.00: exactly 100 succeed, from two servers as from one", async () => {
  await using lab = await openLab();
  const other = await lab.openService();
  const wallet = await lab.fundWallet("cust_ann", 10_000n);
  const answers = await Promise.all(
    Array.from(
      { length: 200 },
      (_, i) => lab.pay({ method: "wallet", amountMinor: 100n }, i % 2 === 0 ? lab.service : other),
    ),
  );
  expect(answers.filter(({ answer }) => answer.status === "succeeded").length).toBe(100);
  expect(answers.filter(({ answer }) => answer.decline?.code === "wallet_insufficient_funds").length).toBe(
    100,
  );
  expect(await lab.balanceOf(wallet)).toEqual({ balance: 0n, held: 0n });
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("a payment that cannot be stored fails alone, not with its neighbours in the batch", async () => {
  // The model throws for an amount of 666.00 only; ln(666) is what it sees of it.
  const model = modelOf((vector) => {
    if (Math.abs(vector[0] - Math.log(666)) < 1e-9) throw new Error("poisoned");
    return 5;
  });
  await using lab = await openLab({ model });
  const poisons: Partial<PaymentRequest>[] = [
    { amountMinor: 66_600n, idempotencyKey: "poison" },
    { description: "a NUL that the edge would have refused: \u0000", idempotencyKey: "nul" },
  ];
  const outcomes = await Promise.allSettled([
    ...Array.from({ length: 20 }, (_, i) => lab.pay({ idempotencyKey: `good-${i}` })),
    ...poisons.map((poison) => lab.pay(poison)),
    ...Array.from({ length: 20 }, (_, i) => lab.pay({ idempotencyKey: `fine-${i}` })),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual([
    ...Array(20).fill("fulfilled"),
    "rejected",
    "rejected",
    ...Array(20).fill("fulfilled"),
  ]);
  expect(await lab.count("payments")).toBe(40);
  expect(await lab.count("idempotency_keys")).toBe(40);
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("amounts and fees of currencies with 0, 2 and 3 decimals are booked to the unit", async () => {
  await using lab = await openLab();
  for (
    const [currency, amountMinor, amount] of [
      ["JPY", 1n, "1"],
      ["JPY", 12_345n, "12345"],
      ["USD", 1n, "0.01"],
      ["KWD", 1n, "0.001"],
      ["USD", 999_999_999_999n, "9999999999.99"],
    ] as const
  ) {
    const { answer } = await lab.pay({ currency, amountMinor });
    expect(answer).toMatchObject({ status: "succeeded", amount, amount_minor: Number(amountMinor) });
    expect(BigInt(answer.fee_minor)).toBeLessThanOrEqual(amountMinor);
  }
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("another tenant's payment looks like none", async () => {
  await using lab = await openLab();
  const { answer } = await lab.pay();
  expect(await codeOf(getPaymentStatus(lab.service, "other", answer.payment_id))).toBe("unknown_payment");
});

Deno.test("a payment without a key is another payment each time", async () => {
  await using lab = await openLab();
  const [a, b] = await Promise.all([lab.pay(), createPayment(lab.service, requestOf())]);
  expect(a.answer.payment_id).not.toBe(b.answer.payment_id);
  expect(lab.charges().length).toBe(2);
});

Deno.test("a payment read back shows the reasons it was created with, however often it is read", async () => {
  await using lab = await openLab();
  for (let i = 1; i <= 20; i++) {
    const { answer } = await lab.pay({ amountMinor: BigInt(i * 137) });
    for (let read = 0; read < 3; read++) {
      const status = await getPaymentStatus(lab.service, TENANT, answer.payment_id);
      expect(status.risk.reasons).toEqual(answer.risk.reasons);
      expect(status.risk.rules).toEqual(answer.risk.rules);
    }
  }
});
