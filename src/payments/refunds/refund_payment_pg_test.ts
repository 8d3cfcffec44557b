import { expect } from "expect";
import { DomainError } from "../../core/errors.ts";
import { accountOf } from "../../ledger/accounts.ts";
import { getPaymentStatus } from "../get_payment_status.ts";
import { openLab, TENANT } from "../testing/open_lab.ts";
import { completeAllRefunds, refund, refundedAtProviders } from "../testing/refund_lab.ts";
import { verifyPayment } from "../verify_payment.ts";
import { completeRefunds } from "./complete_refunds.ts";
import type { RefundPaymentRequest } from "./refund.ts";

const codeOf = (work: Promise<unknown>) =>
  work.then(() => "no error", (error) => error instanceof DomainError ? error.code : String(error));

Deno.test("partial refunds, then the rest: money goes back the way it came, and the fee with it", async () => {
  await using lab = await openLab();
  const { answer: paid } = await lab.pay({ amountMinor: 10_000n });
  const paymentId = paid.payment_id;
  const provider = paid.routing!.provider;
  expect(paid.fee_minor).toBeGreaterThan(0);
  const first = await refund(lab, { paymentId, amount: "33.33", reason: "not_as_described" });
  expect(first).toMatchObject({
    replayed: false,
    answer: {
      status: "succeeded",
      amount: "33.33",
      amount_minor: 3_333,
      currency: "USD",
      provider_refund_id: expect.stringMatching(/./),
      payment: { status: "partially_refunded", refunded_minor: 3_333, refundable: "66.67" },
      risk: { decision: "approve", decided_by: "test_payment_method" },
    },
  });
  const { merchant_minor, provider_fee_minor } = first.answer.borne_by;
  expect(merchant_minor + provider_fee_minor).toBe(3_333);
  // In proportion, rounded down: the provider keeps the part of a cent until the end.
  expect(provider_fee_minor).toBe(Math.floor(paid.fee_minor * 3_333 / 10_000));
  // The clock stands by itself, and what has one instant has no order.
  lab.clock.advance(1);
  const second = await refund(lab, { paymentId });
  expect(second.answer).toMatchObject({
    status: "succeeded",
    amount: "66.67",
    payment: { status: "refunded" },
  });
  expect(await lab.balanceOf(accountOf("merchant", "merch_default", "USD"))).toEqual({
    balance: 0n,
    held: 0n,
  });
  expect(await lab.balanceOf(accountOf("provider", provider, "USD"))).toEqual({ balance: 0n, held: 0n });
  expect(await lab.balanceOf(accountOf("fees", provider, "USD"))).toEqual({ balance: 0n, held: 0n });
  expect(refundedAtProviders(lab)).toBe(10_000n);

  const status = await getPaymentStatus(lab.service, TENANT, paymentId);
  expect(status).toMatchObject({ status: "refunded", captured_minor: 10_000, refunded_minor: 10_000 });
  expect(status.refunds.map(({ amount, status }) => [amount, status])).toEqual([
    ["33.33", "succeeded"],
    ["66.67", "succeeded"],
  ]);
  expect(status.timeline.map(({ action }) => action)).toEqual([
    "payment.accepted",
    "payment.succeeded",
    "refund.processing",
    "refund.succeeded",
    "refund.processing",
    "refund.succeeded",
  ]);
  expect(status.ledger.reduce((sum, { amount_minor }) => sum + amount_minor, 0)).toBe(0);
  const [view] = await lab.owner`select status, refunded_minor::int as refunded from v_payments`;
  expect(view).toEqual({ status: "refunded", refunded: 10_000 });
  const verified = await verifyPayment(lab.service, TENANT, paymentId);
  expect(verified).toMatchObject({ consistent: true });
  expect(verified.comparison.find(({ field }) => field === "refunded_minor")).toMatchObject({
    record: "10000",
    ledger: "10000",
    provider: "10000",
  });
  expect(await codeOf(refund(lab, { paymentId, amount: 1 }))).toBe("refund_exceeds_captured");
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("50 concurrent refunds of 10 on a payment of 100, on two servers: exactly 10, the others told why", async () => {
  await using lab = await openLab();
  const other = await lab.openService();
  const { answer: { payment_id: paymentId } } = await lab.pay({ amountMinor: 10_000n });
  const outcomes = await Promise.allSettled(
    Array.from(
      { length: 50 },
      (_, i) =>
        refund(
          lab,
          { paymentId, amount: 10, idempotencyKey: `refund ${i}` },
          i % 2 === 0 ? lab.service : other,
        ),
    ),
  );
  const made = outcomes.filter((outcome) => outcome.status === "fulfilled");
  expect(made.map(({ value }) => value.answer.status)).toEqual(Array(10).fill("succeeded"));
  const errors = outcomes.filter((outcome) => outcome.status === "rejected").map(({ reason }) => reason);
  expect(errors.map(({ code }) => code)).toEqual(Array(40).fill("refund_exceeds_captured"));
  expect(errors.every(({ message }) => /of 100\.00 USD captured, .* is left/.test(message))).toBe(true);
  expect(refundedAtProviders(lab)).toBe(10_000n);
  expect(await lab.count("refunds")).toBe(10);
  expect(await getPaymentStatus(lab.service, TENANT, paymentId)).toMatchObject({
    status: "refunded",
    refunded_minor: 10_000,
  });
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("20 calls at once with one key, on two servers: one refund, one answer; other arguments are refused", async () => {
  await using lab = await openLab();
  const other = await lab.openService();
  const { answer: { payment_id: paymentId } } = await lab.pay({ amountMinor: 10_000n });
  const asked = { paymentId, amount: "40.00", idempotencyKey: "once" };
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => refund(lab, asked, i % 2 === 0 ? lab.service : other)),
  );
  expect(new Set(answers.map(({ answer }) => answer.refund_id)).size).toBe(1);
  expect(answers.filter(({ replayed }) => !replayed).length).toBe(1);
  expect(await refund(lab, asked)).toMatchObject({ replayed: true, answer: { status: "succeeded" } });
  expect(await codeOf(refund(lab, { ...asked, amount: "41.00" }))).toBe("idempotency_key_reused");
  expect(await codeOf(refund(lab, { ...asked, reason: "duplicate" }))).toBe("idempotency_key_reused");
  expect(await codeOf(lab.pay({ idempotencyKey: "once" }))).toBe("idempotency_key_reused");
  expect(refundedAtProviders(lab)).toBe(4_000n);
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("errors come in their documented order, and nothing is stored for any", async (t) => {
  await using lab = await openLab();
  const { answer: { payment_id: paid } } = await lab.pay();
  const { answer: { payment_id: declined } } = await lab.pay({ paymentMethodId: "pm_card_declined" });
  const { answer: { payment_id: challenged } } = await lab.pay({ paymentMethodId: "pm_card_3ds_challenge" });
  const wrong: [code: string, asked: Partial<RefundPaymentRequest> & { paymentId: string }][] = [
    ["unknown_payment", { paymentId: "pay_none", amount: -1, approvalToken: "no" }],
    ["unknown_payment", { paymentId: paid, tenantId: "other" }],
    ["invalid_amount", { paymentId: paid, amount: "1.005", approvalToken: "no" }],
    ["invalid_amount", { paymentId: paid, amount: 0 }],
    ["invalid_approval_token", { paymentId: declined, approvalToken: "no" }],
    ["invalid_state", { paymentId: declined, amount: 5_000 }],
    ["invalid_state", { paymentId: challenged }],
    ["refund_exceeds_captured", { paymentId: paid, amount: "10.01" }],
  ];
  for (const [code, asked] of wrong) {
    await t.step(`${code}: ${JSON.stringify(asked)}`, async () => {
      expect(await codeOf(refund(lab, { idempotencyKey: "wrong", ...asked }))).toBe(code);
      expect(await lab.count("refunds")).toBe(0);
      expect(await lab.count("idempotency_keys")).toBe(0);
    });
  }
  // The key of a call that failed is free.
  expect((await refund(lab, { paymentId: paid, idempotencyKey: "wrong" })).answer.status).toBe("succeeded");
});

Deno.test("a wallet's payment goes back to the wallet, without a provider", async () => {
  await using lab = await openLab();
  const wallet = await lab.fundWallet("cust_ann", 5_000n);
  const { answer: { payment_id: paymentId } } = await lab.pay({ method: "wallet", amountMinor: 3_000n });
  const { answer } = await refund(lab, { paymentId, amount: 10 });
  expect(answer).toMatchObject({
    status: "succeeded",
    refunded_to: "wallet:cust_ann:USD",
    provider_refund_id: null,
    borne_by: { merchant_minor: 1_000, provider_fee_minor: 0 },
  });
  expect(await lab.balanceOf(wallet)).toEqual({ balance: 3_000n, held: 0n });
  expect((await refund(lab, { paymentId })).answer.payment.status).toBe("refunded");
  expect(await lab.balanceOf(wallet)).toEqual({ balance: 5_000n, held: 0n });
  expect(await verifyPayment(lab.service, TENANT, paymentId)).toMatchObject({ consistent: true });
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("a refund whose reply is lost is in doubt, and settled once: by the completer, verify_payment, or the call again", async (t) => {
  for (const settledBy of ["the completer", "verify_payment", "the call again"] as const) {
    await t.step(settledBy, async () => {
      await using lab = await openLab({ providerTimeoutMs: 150 });
      const { answer: { payment_id: paymentId } } = await lab.pay({
        paymentMethodId: "pm_card_refund_reply_lost",
        amountMinor: 10_000n,
      });
      const asked = { paymentId, amount: "60.00", idempotencyKey: "lost" };
      const { answer } = await refund(lab, asked);
      expect(answer).toMatchObject({
        status: "in_doubt",
        payment: { status: "succeeded", refunded_minor: 0, refundable: "40.00", refundable_minor: 4_000 },
      });
      expect(await lab.balanceOf(accountOf("merchant", "merch_default", "USD"))).toMatchObject({
        held: expect.any(BigInt),
      });
      // What is in doubt counts as given: no second refund can promise it.
      expect(await codeOf(refund(lab, { paymentId, amount: "40.01" }))).toBe("refund_exceeds_captured");
      expect(await lab.brokenInvariants()).toEqual([]);
      if (settledBy === "the completer") await completeAllRefunds(lab);
      if (settledBy === "verify_payment") {
        expect(await verifyPayment(lab.service, TENANT, paymentId)).toMatchObject({
          consistent: true,
          refunds: [{ status: "succeeded" }],
        });
      }
      expect(await refund(lab, asked)).toMatchObject({
        replayed: true,
        answer: {
          refund_id: answer.refund_id,
          status: "succeeded",
          payment: { refunded_minor: 6_000, refundable_minor: 4_000 },
        },
      });
      expect(refundedAtProviders(lab)).toBe(6_000n);
      expect(await lab.brokenInvariants()).toEqual([]);
    });
  }
});

Deno.test("a silent provider keeps a refund in doubt; one that refuses ends it, with nothing held", async () => {
  await using lab = await openLab({ providerTimeoutMs: 100 });
  const { answer: paid } = await lab.pay({ amountMinor: 2_000n });
  const provider = paid.routing!.provider;
  lab.stack.simulated!.faults.change(provider, { outage: "silent" });
  const asked = { paymentId: paid.payment_id, idempotencyKey: "silent" };
  expect((await refund(lab, asked)).answer.status).toBe("in_doubt");
  for (let i = 0; i < 3; i++) {
    lab.clock.advance(60_000);
    expect(await completeRefunds(lab.service)).toBe(1);
  }
  expect((await getPaymentStatus(lab.service, TENANT, paid.payment_id)).refunds[0].status).toBe("in_doubt");
  lab.stack.simulated!.faults.change(provider, { outage: "none" });
  await completeAllRefunds(lab);
  expect((await getPaymentStatus(lab.service, TENANT, paid.payment_id)).status).toBe("refunded");

  // The provider's own book says that the money went back already.
  const { answer: second } = await lab.pay({ amountMinor: 2_000n });
  const [charge] = lab.charges(second.payment_id);
  await lab.service.provider(charge.provider).refund({
    key: "by hand",
    chargeKey: charge.key,
    amountMinor: 2_000n,
    currency: "USD",
    paymentMethodId: null,
  }, 30_000);
  const refused = await refund(lab, { paymentId: second.payment_id });
  expect(refused.answer).toMatchObject({
    status: "failed",
    failure_code: "exceeds_charge",
    payment: { refundable_minor: 2_000 },
  });
  expect(await verifyPayment(lab.service, TENANT, second.payment_id)).toMatchObject({ consistent: false });
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("whatever phase a crash struck in, the refund ends as it would have, made once", async (t) => {
  for (const calledProvider of [false, true]) {
    await t.step(
      calledProvider ? "after the provider's refund, before it was booked" : "before the provider was asked",
      async () => {
        await using lab = await openLab();
        const { answer: paid } = await lab.pay({ amountMinor: 10_000n });
        const name = paid.routing!.provider;
        const providers = lab.service.providers as Map<string, ReturnType<typeof lab.service.provider>>;
        const real = providers.get(name)!;
        const dying = Object.create(real, {
          refund: {
            value: async (...args: Parameters<typeof real.refund>) => {
              if (calledProvider) await real.refund(...args);
              throw new Error("the server dies here");
            },
          },
        });
        providers.set(name, dying);
        const asked = { paymentId: paid.payment_id, amount: 25, idempotencyKey: "crash" };
        await expect(refund(lab, asked)).rejects.toThrow("dies here");
        providers.set(name, real);
        expect(await lab.brokenInvariants()).toEqual([]);
        // Not before its grace is over: the call might still be running.
        expect(await completeRefunds(lab.service)).toBe(0);
        lab.clock.advance(lab.service.graceMs);
        expect(await completeRefunds(lab.service)).toBe(1);
        expect(await refund(lab, asked)).toMatchObject({ replayed: true, answer: { status: "succeeded" } });
        expect(refundedAtProviders(lab)).toBe(2_500n);
        expect(await lab.brokenInvariants()).toEqual([]);
      },
    );
  }
});

Deno.test("a merchant that has not the money refunds nothing, and nothing is promised", async () => {
  await using lab = await openLab();
  const { answer: { payment_id: paymentId } } = await lab.pay({ amountMinor: 10_000n });
  await lab.owner`update accounts set balance_minor = 0 where kind = 'merchant'`;
  expect(await codeOf(refund(lab, { paymentId, amount: 50, idempotencyKey: "poor" }))).toBe(
    "insufficient_funds",
  );
  expect([await lab.count("refunds"), await lab.count("holds"), refundedAtProviders(lab)]).toEqual([
    0,
    0,
    0n,
  ]);
});
