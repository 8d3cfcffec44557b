import { expect } from "expect";
import { DomainError } from "../../core/errors.ts";
import { REFUND_WINDOW_MS } from "../../fraud/refunds/refund_features.ts";
import { takeHint } from "../take_hint.ts";
import { getPaymentStatus } from "../get_payment_status.ts";
import { type Lab, openLab, TENANT } from "../testing/open_lab.ts";
import { refund, refundedAtProviders } from "../testing/refund_lab.ts";
import { completeRefunds } from "./complete_refunds.ts";
import type { RefundPaymentRequest } from "./refund.ts";

const codeOf = (work: Promise<unknown>) =>
  work.then(() => "no error", (error) => error instanceof DomainError ? error.code : String(error));

async function payAndAsk(lab: Lab, paymentMethodId = "pm_card_refund_review") {
  const { answer: { payment_id: paymentId } } = await lab.pay({ paymentMethodId, amountMinor: 5_000n });
  const asked = { paymentId, amount: "20.00", reason: "not_received", idempotencyKey: `ask ${paymentId}` };
  const { answer } = await refund(lab, asked);
  return { paymentId, asked, answer, token: answer.approval?.approval_token ?? "" };
}

Deno.test("what needs a person waits with nothing set aside, and is made once approved", async () => {
  await using lab = await openLab();
  const { paymentId, asked, answer, token } = await payAndAsk(lab);
  expect(answer).toMatchObject({
    status: "pending_approval",
    risk: { decision: "review", review_at: 50, history: { purchases: 1, payments_asked_back: 0 } },
    borne_by: { merchant_minor: 0, provider_fee_minor: 0 },
    approval: { expires_at: expect.any(String) },
    next_move: expect.stringContaining("approval_token"),
  });
  expect(await lab.count("holds")).toBe(0);
  expect(await refund(lab, asked)).toMatchObject({ replayed: true, answer });
  const approved = await refund(lab, { ...asked, approvalToken: token });
  expect(approved).toMatchObject({
    replayed: false,
    answer: { refund_id: answer.refund_id, status: "succeeded", approval: null },
  });
  // Once approved it stays so, whoever says what with the token; and the key replays the end.
  expect(await refund(lab, { ...asked, approvalToken: token, approved: false })).toMatchObject({
    replayed: true,
    answer: approved.answer,
  });
  expect(await refund(lab, asked)).toMatchObject({ replayed: true, answer: approved.answer });
  expect(refundedAtProviders(lab)).toBe(2_000n);
  const actions = (await getPaymentStatus(lab.service, TENANT, paymentId)).timeline.map(({ action }) =>
    action
  );
  expect(actions.filter((action) => action.startsWith("refund")).sort()).toEqual([
    "refund.approved",
    "refund.pending_approval",
    "refund.succeeded",
  ]);
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("a person's no ends it, so does its expiry, and a refusal needs nobody", async () => {
  await using lab = await openLab();
  const rejected = await payAndAsk(lab);
  const no = { ...rejected.asked, approvalToken: rejected.token, approved: false };
  expect((await refund(lab, no)).answer).toMatchObject({ status: "rejected", approval: null });
  expect((await refund(lab, rejected.asked)).answer.status).toBe("rejected");

  const late = await payAndAsk(lab);
  const unseen = await payAndAsk(lab);
  lab.clock.advance(lab.service.settings.approvalLifetimeMs - 1);
  expect(await completeRefunds(lab.service)).toBe(0);
  lab.clock.advance(1);
  expect((await refund(lab, { ...late.asked, approvalToken: late.token })).answer.status).toBe("expired");
  expect(await completeRefunds(lab.service)).toBe(1);
  expect((await refund(lab, unseen.asked)).answer.status).toBe("expired");

  const refused = await payAndAsk(lab, "pm_card_refund_refused");
  expect(refused.answer).toMatchObject({ status: "refused", risk: { decision: "refuse" }, approval: null });
  expect(await refund(lab, refused.asked)).toMatchObject({ replayed: true, answer: { status: "refused" } });
  expect([await lab.count("holds"), refundedAtProviders(lab)]).toEqual([0, 0n]);
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("a token is good for its caller, its arguments and its refund, and approves what is still left", async () => {
  await using lab = await openLab();
  const { paymentId, asked, token } = await payAndAsk(lab);
  const wrong: Partial<RefundPaymentRequest>[] = [
    { principal: "somebody" },
    { amount: "20.01" },
    { reason: "changed_mind" },
    { approvalToken: token.replace(/\.\d+\./, ".9999999999999.") },
  ];
  for (const change of wrong) {
    expect(await codeOf(refund(lab, { ...asked, approvalToken: token, ...change }))).toBe(
      "invalid_approval_token",
    );
  }
  // Meanwhile another waits for the same money, and is approved first.
  const other = { paymentId, amount: "40.00", reason: "duplicate", idempotencyKey: "other" };
  const { answer } = await refund(lab, other);
  expect((await refund(lab, { ...other, approvalToken: answer.approval!.approval_token })).answer.status)
    .toBe(
      "succeeded",
    );
  // What others have is gone for good, so the yes ends this one, and says why.
  const tooLate = await refund(lab, { ...asked, approvalToken: token });
  expect(tooLate).toMatchObject({
    replayed: false,
    answer: {
      status: "failed",
      failure_code: "refund_exceeds_captured",
      approval: null,
      next_move: expect.stringContaining("10.00 USD is left"),
    },
  });
  expect(await refund(lab, asked)).toMatchObject({ replayed: true, answer: tooLate.answer });
  expect(refundedAtProviders(lab)).toBe(4_000n);
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("what another refund that is under way may have waits on: that one may fail yet", async () => {
  await using lab = await openLab({ providerTimeoutMs: 200 });
  const { paymentId, asked, token } = await payAndAsk(lab);
  const other = { paymentId, amount: "40.00", reason: "duplicate", idempotencyKey: "other" };
  const { answer } = await refund(lab, other);
  const { provider } = lab.charges(paymentId)[0];
  lab.stack.simulated!.faults.change(provider, { outage: "silent" });
  expect((await refund(lab, { ...other, approvalToken: answer.approval!.approval_token })).answer.status)
    .toBe("in_doubt");
  expect(await codeOf(refund(lab, { ...asked, approvalToken: token }))).toBe("refund_exceeds_captured");
  expect((await refund(lab, asked)).answer.status).toBe("pending_approval");
});

Deno.test("a refund of a disputed payment needs a person, whatever the score, and says why", async () => {
  await using lab = await openLab();
  const { answer: paid } = await lab.pay({ paymentMethodId: "pm_card_dispute", amountMinor: 5_000n });
  const [charge] = lab.charges(paid.payment_id);
  const asked = { paymentId: paid.payment_id, amount: "10.00" };
  expect((await refund(lab, asked)).answer).toMatchObject({ status: "succeeded", dispute: null });
  await takeHint(lab.service, {
    provider: charge.provider,
    eventId: "evt_1",
    type: "charge.disputed",
    key: charge.key,
  });
  const { answer } = await refund(lab, asked);
  expect(answer).toMatchObject({
    status: "pending_approval",
    risk: { decision: "review", decided_by: "open_dispute" },
    dispute: { told_at: expect.any(String), warning: expect.stringContaining("twice") },
  });
  const approved = await refund(lab, { ...asked, approvalToken: answer.approval!.approval_token });
  expect(approved.answer).toMatchObject({ status: "succeeded", dispute: answer.dispute });
  // A score that refuses still does.
  const { answer: other } = await lab.pay({ paymentMethodId: "pm_card_refund_refused" });
  const [otherCharge] = lab.charges(other.payment_id);
  await takeHint(lab.service, {
    provider: otherCharge.provider,
    eventId: "evt_2",
    type: "charge.disputed",
    key: otherCharge.key,
  });
  expect((await refund(lab, { paymentId: other.payment_id })).answer.status).toBe("refused");
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("20 approvals at once, on two servers: one refund", async () => {
  await using lab = await openLab();
  const other = await lab.openService();
  const { asked, token } = await payAndAsk(lab);
  const answers = await Promise.all(Array.from(
    { length: 20 },
    (_, i) => refund(lab, { ...asked, approvalToken: token }, i % 2 === 0 ? lab.service : other),
  ));
  expect(new Set(answers.map(({ answer }) => answer.status))).toEqual(new Set(["succeeded"]));
  expect(refundedAtProviders(lab)).toBe(2_000n);
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("the score follows the customer: few requests are approved, a habit of them needs a person, a known liar is refused", async () => {
  await using lab = await openLab();
  const ask = async (reason: string) => {
    const paid = () => lab.pay({ paymentMethodId: "pm_ann", amountMinor: 5_000n, deviceId: "dev_ann" });
    let { answer: payment } = await paid();
    // Her own card's issuer declines one payment in some ten.
    for (let tries = 1; payment.status === "declined" && tries < 20; tries++) {
      ({ answer: payment } = await paid());
    }
    expect(payment.status).toBe("succeeded");
    lab.clock.advance(3 * 86_400_000);
    return (await refund(lab, { paymentId: payment.payment_id, reason })).answer;
  };
  const first = await ask("changed_mind");
  expect(first).toMatchObject({ status: "succeeded", risk: { decided_by: "model", decision: "approve" } });
  const answers = [first];
  for (let i = 0; i < 12; i++) answers.push(await ask("not_received"));
  const scores = answers.map(({ risk_score }) => risk_score);
  expect(scores.at(-1)!).toBeGreaterThan(scores[1]);
  const last = answers.at(-1)!;
  // In this order, with no step back: approved, then a person, then refused.
  const order = ["succeeded", "pending_approval", "refused"];
  const steps = answers.map(({ status }) => order.indexOf(status));
  expect(steps).toEqual([...steps].sort());
  expect(new Set(steps)).toEqual(new Set([0, 1, 2]));
  expect(last.risk.history.not_received).toBe(answers.length - 2);
  expect(last.risk.reasons.length).toBe(3);
  // Refunds of one payment in parts count once: the history is of other payments.
  expect(last.risk.history.payments_asked_back).toBe(answers.length - 1);
  await lab.owner`update refunds set found_untrue_at = to_timestamp(${lab.clock.nowMs() / 1000})`;
  expect(await ask("not_received")).toMatchObject({
    risk: { history: { found_untrue_ever: answers.length } },
    risk_score: expect.any(Number),
  });
  // Long after, what was asked back then is out of sight; that it was untrue is not.
  lab.clock.advance(REFUND_WINDOW_MS + 86_400_000);
  expect((await ask("changed_mind")).risk.history).toMatchObject({ payments_asked_back: 0 });
});
