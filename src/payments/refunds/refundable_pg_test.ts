import { expect } from "expect";
import { getPaymentStatus } from "../get_payment_status.ts";
import { takeHint } from "../take_hint.ts";
import { openLab, TENANT } from "../testing/open_lab.ts";
import { completeAllRefunds, refund } from "../testing/refund_lab.ts";
import { verifyPayment } from "../verify_payment.ts";

Deno.test("what can still be refunded is what refund_payment takes at most, whatever state payment and refunds are in", async (t) => {
  await using lab = await openLab();
  /** As both tools tell it, and as refunds prove it: one unit more is refused. */
  const refundableOf = async (paymentId: string): Promise<number> => {
    const status = await getPaymentStatus(lab.service, TENANT, paymentId);
    const { refundable, refundable_minor } = status;
    expect(refundable).toBe((refundable_minor / 100).toFixed(2));
    const tooMuch = refund(lab, { paymentId, amount: ((refundable_minor + 1) / 100).toFixed(2) });
    const error = await tooMuch.catch((thrown) => thrown);
    expect(["refund_exceeds_captured", "invalid_state"]).toContain(error.code);
    return refundable_minor;
  };
  const paid = async (asked: Parameters<typeof lab.pay>[0] = {}) =>
    (await lab.pay({ amountMinor: 1_000n, ...asked })).answer.payment_id;

  await t.step("in parts, to the end", async () => {
    const paymentId = await paid();
    expect(await refundableOf(paymentId)).toBe(1_000);
    await refund(lab, { paymentId, amount: "3.50" });
    expect(await refundableOf(paymentId)).toBe(650);
    expect(await verifyPayment(lab.service, TENANT, paymentId)).toMatchObject({
      refundable: "6.50",
      refundable_minor: 650,
    });
    await refund(lab, { paymentId });
    expect(await refundableOf(paymentId)).toBe(0);
  });
  await t.step("a refund in doubt has its money set aside, and verify_payment settles it first", async () => {
    const paymentId = await paid({ paymentMethodId: "pm_card_refund_reply_lost" });
    expect((await refund(lab, { paymentId, amount: "4.00" })).answer.status).toBe("in_doubt");
    expect(await refundableOf(paymentId)).toBe(600);
    expect(await verifyPayment(lab.service, TENANT, paymentId)).toMatchObject({
      refunds: [{ status: "succeeded" }],
      refundable_minor: 600,
    });
    await completeAllRefunds(lab);
    expect(await refundableOf(paymentId)).toBe(600);
  });
  await t.step("what waits for a person has nothing set aside, until it is approved", async () => {
    const paymentId = await paid({ paymentMethodId: "pm_card_refund_review" });
    const { answer } = await refund(lab, { paymentId, amount: "4.00" });
    expect(answer.status).toBe("pending_approval");
    expect(await refundableOf(paymentId)).toBe(1_000);
    await refund(lab, { paymentId, amount: "4.00", approvalToken: answer.approval!.approval_token });
    expect(await refundableOf(paymentId)).toBe(600);
    const refused = await paid({ paymentMethodId: "pm_card_refund_refused" });
    expect((await refund(lab, { paymentId: refused })).answer.status).toBe("refused");
    expect(await refundableOf(refused)).toBe(1_000);
  });
  await t.step("a dispute changes who decides, and not how much", async () => {
    const paymentId = await paid({ paymentMethodId: "pm_card_dispute" });
    const [{ provider, key }] = lab.charges(paymentId);
    await takeHint(lab.service, { provider, eventId: "evt_1", type: "charge.disputed", key });
    expect(await refundableOf(paymentId)).toBe(1_000);
    expect((await refund(lab, { paymentId })).answer.status).toBe("pending_approval");
  });
  await t.step("of a payment captured in part, the part", async () => {
    const paymentId = await paid();
    await lab.owner`update payments set captured_minor = 700 where payment_id = ${paymentId}`;
    await refund(lab, { paymentId, amount: "2.00" });
    expect(await refundableOf(paymentId)).toBe(500);
  });
  await t.step("of a wallet's payment", async () => {
    await lab.fundWallet("cust_ben", 5_000n, "USD");
    const paymentId = await paid({ method: "wallet", customerId: "cust_ben", paymentMethodId: null });
    expect(await refundableOf(paymentId)).toBe(1_000);
    await refund(lab, { paymentId, amount: "9.99" });
    expect(await refundableOf(paymentId)).toBe(1);
  });
  await t.step("nothing of what was not captured, and nothing of a top-up", async () => {
    expect(await refundableOf(await paid({ paymentMethodId: "pm_card_declined" }))).toBe(0);
    expect(await refundableOf(await lab.crashedPayment())).toBe(0);
    await lab.owner`
      insert into merchants (tenant_id, merchant_id, name, category, country, currency)
      values (${TENANT}, 'merch_wallet', 'Wallets', 'wallet', 'US', 'USD') on conflict do nothing`;
    expect(await refundableOf(await paid({ merchantId: "merch_wallet" }))).toBe(0);
  });
});
