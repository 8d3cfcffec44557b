import { expect } from "expect";
import { getPaymentStatus } from "../get_payment_status.ts";
import { type Lab, openLab, TENANT } from "../testing/open_lab.ts";
import { completeAllRefunds, refund } from "../testing/refund_lab.ts";

const DAY_MS = 86_400_000;
const NEIGHBOUR = { customerId: "cust_ben", merchantId: "merch_de" } as const;

const occurredMs = ({ answer }: { answer: { occurred_at: string } }) => Date.parse(answer.occurred_at);
const refundsOf = async (lab: Lab, paymentId: string) =>
  (await getPaymentStatus(lab.service, TENANT, paymentId)).refunds;
/** Takes the tenant's clock ahead of the real one, by somebody who has no part in what is looked at. */
const jump = (lab: Lab, days: number) =>
  lab.pay({ ...NEIGHBOUR, simulatedAtMs: lab.clock.nowMs() + days * DAY_MS });
const transferMs = async (lab: Lab, id: string) => {
  const [{ at }] = await lab.owner<{ at: Date }[]>`
    select created_at as at from transfers where transfer_id = ${`tr_${id.replace(/^[a-z]+_/, "")}`}`;
  return at.getTime();
};

Deno.test("refunds of one payment lie behind it and behind one another, whatever times are set", async () => {
  await using lab = await openLab();
  const startMs = lab.clock.nowMs();
  const paid = await lab.pay({ simulatedAtMs: startMs + 5 * DAY_MS });
  const paymentId = paid.answer.payment_id;
  const asked: [setDays: number | null, expectedMs: number][] = [
    [1, occurredMs(paid)],
    [10, startMs + 10 * DAY_MS],
    [2, startMs + 10 * DAY_MS + 1],
    [null, startMs + 10 * DAY_MS + 2],
    [10, startMs + 10 * DAY_MS + 3],
  ];
  for (const [setDays, expectedMs] of asked) {
    const simulatedAtMs = setDays === null ? null : startMs + setDays * DAY_MS;
    const { answer } = await refund(lab, { paymentId, amount: "1.00", simulatedAtMs });
    const expected = new Date(expectedMs).toISOString();
    expect(answer).toMatchObject({ status: "succeeded", requested_at: expected, occurred_at: expected });
  }
  const times = (await refundsOf(lab, paymentId)).map(({ requested_at, finished_at }) => [
    requested_at,
    finished_at,
  ]);
  const expected = asked.map(([, ms]) => new Date(ms).toISOString());
  expect(times).toEqual(expected.map((time) => [time, time]));
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("a refund to a wallet lies behind the wallet's entries, and its answer says where", async () => {
  await using lab = await openLab();
  const startMs = lab.clock.nowMs();
  await lab.fundWallet("cust_ann", 50_000n);
  const byWallet = { method: "wallet", paymentMethodId: null } as const;
  const { answer: { payment_id: paymentId } } = await lab.pay(byWallet);
  const later = await lab.pay({ ...byWallet, simulatedAtMs: startMs + 10 * DAY_MS });
  const earliest = occurredMs(later);
  const moved: number[] = [];
  for (const setDays of [2, null, 10, 20, 3]) {
    const simulatedAtMs = setDays === null ? null : startMs + setDays * DAY_MS;
    const refunded = await refund(lab, { paymentId, amount: "1.00", simulatedAtMs });
    moved.push(occurredMs(refunded));
    expect(await transferMs(lab, refunded.answer.refund_id)).toBe(moved.at(-1));
  }
  expect(moved).toEqual([
    earliest + 1,
    earliest + 2,
    earliest + 3,
    startMs + 20 * DAY_MS,
    startMs + 20 * DAY_MS + 1,
  ]);
  const finished = (await refundsOf(lab, paymentId)).map(({ finished_at }) => Date.parse(finished_at!));
  expect(finished).toEqual(moved);
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("a refund that waited for a person ends at the tenant's time when that person decided", async (t) => {
  await using lab = await openLab();
  await lab.fundWallet("cust_ann", 50_000n);
  for (const approved of [true, false]) {
    await t.step(approved ? "approved" : "rejected", async () => {
      const { answer: paid } = await lab.pay({ paymentMethodId: "pm_card_refund_review" });
      const asked = { paymentId: paid.payment_id, amount: "1.00" };
      const { answer: waiting } = await refund(lab, asked);
      expect(waiting).toMatchObject({ status: "pending_approval", occurred_at: waiting.requested_at });
      expect(await refundsOf(lab, paid.payment_id)).toMatchObject([{ finished_at: null }]);
      await jump(lab, approved ? 30 : 60);
      lab.clock.advance(60_000);
      const now = new Date(await lab.service.clocks.nowMs(TENANT)).toISOString();
      const decided = await refund(lab, {
        ...asked,
        approvalToken: waiting.approval!.approval_token!,
        approved,
      });
      expect(decided.answer).toMatchObject({
        status: approved ? "succeeded" : "rejected",
        requested_at: waiting.requested_at,
        occurred_at: now,
      });
      expect(await refundsOf(lab, paid.payment_id)).toMatchObject([{
        requested_at: waiting.requested_at,
        finished_at: now,
      }]);
    });
  }
});

Deno.test("a refund in doubt ends at the tenant's time when the provider told, and an expired one when its time was over", async (t) => {
  for (
    const [paymentMethodId, status] of [
      ["pm_card_refund_reply_lost", "succeeded"],
      ["pm_card_refund_review", "expired"],
    ]
  ) {
    await t.step(status, async () => {
      await using lab = await openLab({ providerTimeoutMs: 60 });
      const { answer: paid } = await lab.pay({ paymentMethodId });
      const { answer } = await refund(lab, { paymentId: paid.payment_id });
      expect(await refundsOf(lab, paid.payment_id)).toMatchObject([{ finished_at: null }]);
      const jumped = await jump(lab, 30);
      if (status === "expired") lab.clock.advance(lab.service.settings.approvalLifetimeMs);
      await completeAllRefunds(lab);
      const now = new Date(await lab.service.clocks.nowMs(TENANT)).toISOString();
      const [line] = await refundsOf(lab, paid.payment_id);
      expect(line).toMatchObject({ status, requested_at: answer.requested_at, finished_at: now });
      expect(Date.parse(line.finished_at!)).toBeGreaterThan(occurredMs(jumped));
    });
  }
});
