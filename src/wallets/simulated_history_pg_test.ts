import { expect } from "expect";
import { refund } from "../payments/testing/refund_lab.ts";
import { TENANT } from "../payments/testing/open_lab.ts";
import { getPaymentStatus } from "../payments/get_payment_status.ts";
import { EVERY_ENTRY } from "./testing/every_entry.ts";
import { openWalletLab } from "./testing/open_wallet_lab.ts";
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

Deno.test("a transfer is not dated before its wallet had money, and what lies ahead of a history is counted", async () => {
  await using lab = await openWalletLab();
  await lab.fund("cust_ann", 10_000n);
  await lab.fund("cust_ben", 100n);
  const nowMs = lab.lab.clock.nowMs();
  await expect(lab.transfer({ simulatedAtMs: Date.UTC(1971, 0, 1) })).rejects.toMatchObject({
    code: "invalid_arguments",
    message: expect.stringContaining("has its first entry at 2026-01-05T12:00:00.000Z"),
  });
  expect(await lab.balanceOf("cust_ann")).toMatchObject({ balance: 10_000n });
  const { answer } = await lab.transfer({ simulatedAtMs: nowMs + 2 * DAY_MS });
  expect(answer.status).toBe("posted");
  const history = await walletTransactionHistory(lab.service, question);
  expect(history.ahead).toMatchObject({ entries: 1, amount_minor: -answer.amount_minor });
  expect(Date.parse(history.ahead.last_at!)).toBe(nowMs + 2 * DAY_MS);
  // What is listed and what lies ahead come to the balance.
  const listed = history.entries.reduce((sum, { amount_minor }) => sum + amount_minor, 0);
  const { balance } = await lab.balanceOf("cust_ann");
  expect(BigInt(listed + history.ahead.amount_minor)).toBe(balance);
  // A payment dated before the wallet was opened is an entry from when it was.
  await lab.lab.pay({ method: "wallet", amountMinor: 500n, simulatedAtMs: nowMs - 9 * DAY_MS });
  const { entries } = await walletTransactionHistory(lab.service, { ...question, kind: "payment" });
  expect(entries.map(({ at }) => Date.parse(at))).toEqual([nowMs]);
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});
