import { expect } from "expect";
import { refund } from "../payments/testing/refund_lab.ts";
import { TENANT } from "../payments/testing/open_lab.ts";
import { getPaymentStatus } from "../payments/get_payment_status.ts";
import { EVERY_ENTRY } from "./testing/every_entry.ts";
import { openWalletLab } from "./testing/open_wallet_lab.ts";
import { topUpWallet } from "./top_up_wallet.ts";
import { walletTransactionHistory } from "./wallet_transaction_history.ts";

const DAY_MS = 86_400_000;

const question = {
  tenantId: TENANT,
  walletId: "wallet:cust_ann:USD",
  ...EVERY_ENTRY,
  limit: 50,
  simulatedAtMs: null,
} as const;

Deno.test("wallet payments with simulated times are entries of their own days, and what recurs among them is found", async () => {
  await using lab = await openWalletLab();
  await lab.fund("cust_ann", 100_000n);
  const firstMs = lab.lab.clock.nowMs() + DAY_MS;
  const times = Array.from({ length: 6 }, (_, week) => firstMs + week * 7 * DAY_MS);
  for (const simulatedAtMs of times) {
    const { answer } = await lab.lab.pay({ method: "wallet", amountMinor: 999n, simulatedAtMs });
    expect(answer.status).toBe("succeeded");
  }
  const asked = { ...question, simulatedAtMs: times.at(-1)! };
  const { entries, recurring } = await walletTransactionHistory(lab.service, { ...asked, kind: "payment" });
  expect(entries.map(({ at }) => Date.parse(at))).toEqual(times.toReversed());
  expect(recurring).toMatchObject({ payments: [{ period: "weekly", occurrences: 6, amount: "9.99" }] });
  const before = await walletTransactionHistory(lab.service, { ...question, simulatedAtMs: times[2] });
  expect(before.entries.filter(({ kind }) => kind === "payment").length).toBe(3);
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});

Deno.test("a refund to a wallet is an entry of its own kind and time, with the payment it gives back", async () => {
  await using lab = await openWalletLab();
  await lab.fund("cust_ann", 10_000n);
  const paidAtMs = lab.lab.clock.nowMs() + 30 * DAY_MS;
  const { answer: { payment_id: paymentId } } = await lab.lab.pay({
    method: "wallet",
    amountMinor: 3_000n,
    simulatedAtMs: paidAtMs,
  });
  const { answer } = await refund(lab.lab, { paymentId, amount: 10, simulatedAtMs: paidAtMs + 2 * DAY_MS });
  expect(answer.status).toBe("succeeded");
  const asOf = { ...question, simulatedAtMs: paidAtMs + 3 * DAY_MS };
  const { entries } = await walletTransactionHistory(lab.service, { ...asOf, kind: "refund" });
  expect(entries).toMatchObject([{
    direction: "in",
    kind: "refund",
    payment_id: paymentId,
    amount: "10.00",
    counterparty: "merchant:merch_default",
  }]);
  expect(Date.parse(entries[0].at)).toBe(paidAtMs + 2 * DAY_MS);
  const { refunds: [line] } = await getPaymentStatus(lab.lab.service, TENANT, paymentId);
  expect(Date.parse(line.finished_at!)).toBeGreaterThanOrEqual(Date.parse(line.requested_at));
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});

Deno.test("no transfer, top-up or payment lies before an entry that its wallets have, and each has one time", async () => {
  await using lab = await openWalletLab();
  await lab.fund("cust_ann", 10_000n);
  await lab.fund("cust_ben", 1_000n);
  const { clock } = lab.lab;
  const fundedMs = clock.nowMs();
  const times = async (walletId = question.walletId) => {
    const { entries } = await walletTransactionHistory(lab.service, { ...question, walletId });
    return entries.map(({ at }) => Date.parse(at)).toReversed();
  };
  const transferred = async (asked: Parameters<typeof lab.transfer>[0]) => {
    const { answer } = await lab.transfer(asked);
    expect(answer.status).toBe("posted");
    return Date.parse(answer.occurred_at);
  };
  // Long before the wallet was opened, and between its entries: behind the last one.
  expect(await transferred({ simulatedAtMs: Date.UTC(1971, 0, 1) })).toBe(fundedMs + 1);
  const laterMs = fundedMs + 20 * DAY_MS;
  expect(await transferred({ simulatedAtMs: laterMs })).toBe(laterMs);
  expect(await transferred({ simulatedAtMs: laterMs - 5 * DAY_MS })).toBe(laterMs + 1);
  // The receiver's last entry counts as well; of some that come at once each lies behind the others.
  const back = { fromWalletId: "wallet:cust_ben:USD", toWalletId: question.walletId, amountMinor: 100n };
  const together = await Promise.all(
    [1, 2, 3].map((days) => transferred({ ...back, simulatedAtMs: fundedMs + days * DAY_MS })),
  );
  expect(together.sort()).toEqual([2, 3, 4].map((after) => laterMs + after));
  await lab.lab.pay({ method: "wallet", amountMinor: 500n, simulatedAtMs: fundedMs - 9 * DAY_MS });
  const topUp = await topUpWallet(lab.service, {
    tenantId: TENANT,
    principal: "tester",
    walletId: question.walletId,
    amountMinor: 5_000n,
    currency: "USD",
    paymentMethodId: "pm_card_visa",
    idempotencyKey: null,
    confirmation: null,
    simulatedAtMs: Date.UTC(1971, 0, 1),
  });
  const paid = await getPaymentStatus(lab.lab.service, TENANT, topUp.answer.payment_id!);
  expect(topUp.answer.occurred_at).toBe(paid.occurred_at);
  expect(Date.parse(paid.occurred_at)).toBe(laterMs + 6);
  const [{ occurred }] = await lab.lab.owner<{ occurred: string }[]>`
    select occurred_at_ms as occurred from wallet_top_ups where top_up_id = ${topUp.answer.top_up_id}`;
  expect(Number(occurred)).toBe(laterMs + 6);
  expect(await times()).toEqual([
    fundedMs,
    fundedMs + 1,
    ...[0, 1, 2, 3, 4, 5, 6].map((after) => laterMs + after),
  ]);
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});

Deno.test("a wallet's later entries go on from a time ahead, as far apart as they really are", async () => {
  await using lab = await openWalletLab({ approvals: { page: null, byToken: true } });
  const { clock } = lab.lab;
  await lab.fund("cust_ann", 1_000_000n);
  await lab.fund("cust_ben", 1_000n);
  const aheadMs = 30 * DAY_MS;
  const first = (await lab.transfer({ simulatedAtMs: clock.nowMs() + aheadMs })).answer;
  const listed = await walletTransactionHistory(lab.service, question);
  expect(listed).toMatchObject({ as_of: first.occurred_at, ahead: { entries: 0 } });
  expect(listed.entries.length).toBe(2);
  // Asked about an earlier time, what is listed and what lies ahead of it come to the balance.
  const earlier = await walletTransactionHistory(lab.service, { ...question, simulatedAtMs: clock.nowMs() });
  expect(earlier.ahead).toMatchObject({
    entries: 1,
    amount_minor: -first.amount_minor,
    last_at: first.occurred_at,
  });
  const sum = earlier.entries.reduce((total, { amount_minor }) => total + amount_minor, 0);
  expect(BigInt(sum + earlier.ahead.amount_minor)).toBe((await lab.balanceOf("cust_ann")).balance);

  const neighbour = await lab.openService();
  for (const service of [lab.service, neighbour]) {
    clock.advance(3_600_000);
    const { answer } = await lab.transfer({}, service);
    expect(Date.parse(answer.occurred_at)).toBe(clock.nowMs() + aheadMs);
    expect(Date.parse(answer.created_at)).toBe(clock.nowMs());
  }
  clock.advance(3_600_000);
  const paid = (await lab.lab.pay({ method: "wallet", amountMinor: 500n })).answer;
  expect(Date.parse(paid.occurred_at)).toBe(clock.nowMs() + aheadMs);
  // One that waits for a person moves its money as long after its own time as it has waited.
  await lab.addCustomers(["cust_a", "cust_b", "cust_c", "cust_d", "cust_e", "cust_f"]);
  let held = null;
  for (const id of ["a", "b", "c", "d", "e", "f"]) {
    const { answer } = await lab.transfer({ toWalletId: `wallet:cust_${id}:USD`, amountMinor: 25_000n });
    if (answer.status === "pending_approval") held = { answer, id };
  }
  clock.advance(60_000);
  const { answer: posted } = await lab.transfer({
    toWalletId: `wallet:cust_${held!.id}:USD`,
    amountMinor: 25_000n,
    approvalToken: held!.answer.approval!.approval_token!,
  });
  expect(posted.status).toBe("posted");
  const { entries } = await walletTransactionHistory(lab.service, question);
  expect(entries[0]).toMatchObject({ at: new Date(clock.nowMs() + aheadMs).toISOString() });
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});
