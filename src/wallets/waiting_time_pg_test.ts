import { expect } from "expect";
import { modelOf, TENANT } from "../payments/testing/open_lab.ts";
import { CHALLENGE_ANSWER } from "../providers/test_payment_methods.ts";
import { expireTransfers } from "./approve_transfer.ts";
import { EVERY_ENTRY } from "./testing/every_entry.ts";
import { openWalletLab, type WalletLab } from "./testing/open_wallet_lab.ts";
import { topUpWallet } from "./top_up_wallet.ts";
import { walletTransactionHistory } from "./wallet_transaction_history.ts";

const DAY_MS = 86_400_000;
const ANNS = "wallet:cust_ann:USD";
/** What the band of the screen challenges, by a model whose score is the amount in major units. */
const CHALLENGED_MINOR = 7_200n;

const openBandLab = () => openWalletLab({ model: modelOf((vector) => Math.exp(vector[0])), stepUpAt: 70 });

/** A wallet's entries, the newest first. */
async function entriesOf(lab: WalletLab, walletId: string) {
  const { entries } = await walletTransactionHistory(lab.service, {
    ...EVERY_ENTRY,
    tenantId: TENANT,
    walletId,
    untilMs: lab.lab.clock.nowMs() + 1_000 * DAY_MS,
    limit: 100,
    simulatedAtMs: null,
  });
  return entries;
}

/** The tenant's clock, as an answer tells it. */
const nowOf = async (lab: WalletLab) => new Date(await lab.service.clocks.nowMs(TENANT)).toISOString();

/** Two small transfers at set times, the second far ahead: entries of both wallets that come during a wait. */
async function entriesMeanwhile(lab: WalletLab, toWalletId: string): Promise<string> {
  const atMs = lab.lab.clock.nowMs();
  const { answer } = await lab.transfer({ toWalletId, amountMinor: 10n, simulatedAtMs: atMs + 2 * DAY_MS });
  expect(answer.status).toBe("posted");
  const later = await lab.transfer({ toWalletId, amountMinor: 10n, simulatedAtMs: atMs + 30 * DAY_MS });
  expect(later.answer.status).toBe("posted");
  return later.answer.occurred_at;
}

/** Ann's transfer that a person has to approve: after so many new payees. */
async function heldTransfer(lab: WalletLab, toCurrency = "USD") {
  const ids = ["cust_a", "cust_b", "cust_c", "cust_d", "cust_e", "cust_f"];
  await lab.addCustomers(ids);
  await lab.fund("cust_ann", 1_000_000n);
  for (const id of ids) {
    const asked = { toWalletId: `wallet:${id}:${toCurrency}`, amountMinor: 25_000n };
    const { answer } = await lab.transfer(asked);
    if (answer.status === "pending_approval") return { answer, asked };
  }
  throw new Error("No transfer was held");
}

Deno.test("a held transfer that is approved lies behind what both wallets had by then, where its answer says", async (t) => {
  for (const toCurrency of ["USD", "EUR"]) {
    await t.step(`from USD to ${toCurrency}`, async () => {
      await using lab = await openWalletLab();
      const { answer: waiting, asked } = await heldTransfer(lab, toCurrency);
      await lab.fund(asked.toWalletId.split(":")[1], 1_000n);
      const lastMeanwhile = await entriesMeanwhile(lab, asked.toWalletId);
      const { answer } = await lab.transfer({ ...asked, approvalToken: waiting.approval!.approval_token! });
      expect(answer.status).toBe("posted");
      expect(answer.occurred_at > lastMeanwhile).toBe(true);
      for (const walletId of [ANNS, asked.toWalletId]) {
        const [newest, next] = await entriesOf(lab, walletId);
        expect(newest.at).toBe(answer.occurred_at);
        expect(newest.amount_minor * (walletId === ANNS ? -1 : 1)).toBe(
          walletId === ANNS ? answer.debited.amount_minor : answer.credited.amount_minor,
        );
        expect(next.at).toBe(lastMeanwhile);
      }
      expect(await lab.lab.brokenInvariants()).toEqual([]);
    });
  }
});

Deno.test("a held transfer is dated at the tenant's time of its approval, however far a neighbour took that", async () => {
  await using lab = await openWalletLab();
  const { answer: waiting, asked } = await heldTransfer(lab);
  await lab.lab.pay({
    customerId: "cust_ben",
    merchantId: "merch_de",
    simulatedAtMs: lab.lab.clock.nowMs() + 40 * DAY_MS,
  });
  lab.lab.clock.advance(60_000);
  const { answer } = await lab.transfer({ ...asked, approvalToken: waiting.approval!.approval_token! });
  expect(answer.occurred_at).toBe(await nowOf(lab));
  expect((await entriesOf(lab, ANNS))[0].at).toBe(answer.occurred_at);
  // The call again, by its token, gets the same.
  expect(await lab.transfer({ ...asked, approvalToken: waiting.approval!.approval_token! })).toEqual({
    answer,
    replayed: true,
  });
});

Deno.test("a held transfer that nobody approved moves nothing, and keeps the time it was asked at", async () => {
  await using lab = await openWalletLab();
  const { answer: waiting } = await heldTransfer(lab);
  lab.lab.clock.advance(3_600_000);
  expect(await expireTransfers(lab.service)).toBe(1);
  const [{ answer }] = await lab.lab.owner<{ answer: string }[]>`
    select answer from wallet_transfers where transfer_id = ${waiting.transfer_id}`;
  expect(JSON.parse(answer)).toMatchObject({ status: "expired", occurred_at: waiting.occurred_at });
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});

Deno.test("a top-up that waited for its challenge lies behind the entries that came meanwhile, where its answer says", async (t) => {
  await using lab = await openBandLab();
  await lab.fund("cust_ann", 100_000n);
  for (const simulatedDays of [null, 90]) {
    await t.step(simulatedDays === null ? "at no time of its own" : "at a set time", async () => {
      const asked = {
        tenantId: TENANT,
        principal: "tester",
        walletId: ANNS,
        amountMinor: CHALLENGED_MINOR,
        currency: "USD",
        paymentMethodId: "pm_card_3ds_challenge",
        idempotencyKey: null,
        simulatedAtMs: simulatedDays === null ? null : lab.lab.clock.nowMs() + simulatedDays * DAY_MS,
      };
      const { answer: waiting } = await topUpWallet(lab.service, { ...asked, confirmation: null });
      expect(waiting.status).toBe("requires_action");
      lab.lab.clock.advance(30_000);
      const lastMeanwhile = await entriesMeanwhile(lab, "wallet:cust_ben:USD");
      const confirmation = { token: waiting.challenge!.confirm_token, answer: CHALLENGE_ANSWER };
      const { answer } = await topUpWallet(lab.service, { ...asked, confirmation });
      expect(answer.status).toBe("succeeded");
      const [newest, next] = await entriesOf(lab, ANNS);
      expect(newest).toMatchObject({ kind: "top_up", at: answer.occurred_at });
      expect(next.at).toBe(lastMeanwhile);
      const [{ occurred }] = await lab.lab.owner<{ occurred: string }[]>`
        select occurred_at_ms as occurred from wallet_top_ups where top_up_id = ${answer.top_up_id}`;
      expect(Number(occurred)).toBe(Date.parse(answer.occurred_at!));
    });
  }
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});

Deno.test("a wallet's payment that waited for its owner moves its money at the tenant's time of the answer", async () => {
  await using lab = await openBandLab();
  await lab.fund("cust_ann", 100_000n);
  const asked = { method: "wallet", amountMinor: CHALLENGED_MINOR } as const;
  const { answer: waiting } = await lab.lab.pay(asked);
  expect(waiting.status).toBe("requires_action");
  const lastMeanwhile = await entriesMeanwhile(lab, "wallet:cust_ben:USD");
  lab.lab.clock.advance(30_000);
  const confirmation = { token: waiting.challenge!.confirm_token!, answer: CHALLENGE_ANSWER };
  expect((await lab.lab.pay({ ...asked, confirmation })).answer.status).toBe("succeeded");
  const [newest, next] = await entriesOf(lab, ANNS);
  expect(newest).toMatchObject({ kind: "payment", at: await nowOf(lab) });
  expect(next.at).toBe(lastMeanwhile);
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});
