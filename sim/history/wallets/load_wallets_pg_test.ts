import { expect } from "expect";
import { DAY_MS } from "../../../src/fraud/features/windows.ts";
import { checkLedger } from "../../../src/ledger/check_ledger.ts";
import { checkFeatures } from "../../../src/payments/check_features.ts";
import { compareCharges } from "../../../src/payments/compare_charges.ts";
import { ChargeLog, chargeLogPath } from "../../../src/providers/charge_log.ts";
import { getWalletBalance } from "../../../src/wallets/get_wallet_balance.ts";
import { assessTransfer } from "../../../src/wallets/risk/assess_transfer.ts";
import { LOOKED_AT, type PastTransfer } from "../../../src/wallets/risk/past.ts";
import { openWalletLab, type WalletLab } from "../../../src/wallets/testing/open_wallet_lab.ts";
import { topUpWallet } from "../../../src/wallets/top_up_wallet.ts";
import { EVERY_ENTRY } from "../../../src/wallets/testing/every_entry.ts";
import { walletTransactionHistory } from "../../../src/wallets/wallet_transaction_history.ts";
import { calendarDay } from "../../world/calendar.ts";
import { CURRENCIES } from "../../../src/core/money.ts";
import { walletHabitOf } from "../../world/wallet_habits.ts";
import { isDue } from "../../world/wallet_purchases.ts";
import { generateWorld } from "../../world/world.ts";
import { loadWorld } from "../load_world.ts";

const TENANT_ID = "history";
const config = { seed: 7, days: 91, customers: 200, startMs: Date.UTC(2026, 0, 5) };
const world = generateWorld(config);
/** Noon after the last day. */
const AS_OF_MS = config.startMs + config.days * DAY_MS + DAY_MS / 2;

async function openLoadedLab(): Promise<WalletLab> {
  const lab = await openWalletLab();
  const { database, dataDirectory, clock } = lab.lab;
  clock.advance(AS_OF_MS - clock.nowMs());
  await loadWorld(world, {
    pool: { url: database.ownerUrl },
    tenantId: TENANT_ID,
    dataDirectory,
    nowMs: AS_OF_MS,
  });
  return lab;
}

Deno.test("a loaded history's wallets are booked soundly, owe nothing at any instant, and are in every check", async () => {
  await using lab = await openLoadedLab();
  const { owner, dataDirectory } = lab.lab;
  expect((await checkLedger(owner)).filter(({ violations }) => violations > 0)).toEqual([]);
  expect(await checkFeatures(owner)).toMatchObject({ differingVectors: 0, differingStates: 0 });
  const log = new ChargeLog(chargeLogPath(dataDirectory));
  expect((await compareCharges(owner, log)).map(({ violations }) => violations)).toEqual([0, 0, 0]);
  log.close();
  const [rows] = await owner<
    { wallets: number; least: string; topUps: number; payments: number; transfers: number }[]
  >`
    select (select count(*)::int from accounts where tenant_id = ${TENANT_ID} and kind = 'wallet') as wallets,
           (select min(balance)::text from (
              select sum(p.amount_minor) over (partition by p.account_id order by t.created_at, p.amount_minor desc
                                               rows unbounded preceding) as balance
                from postings p join transfers t using (tenant_id, transfer_id)
               where p.tenant_id = ${TENANT_ID} and p.account_id like 'wallet:%') running) as least,
           (select count(*)::int from wallet_top_ups where tenant_id = ${TENANT_ID} and status = 'succeeded') as "topUps",
           (select count(*)::int from payments
             where tenant_id = ${TENANT_ID} and method = 'wallet' and status = 'succeeded') as payments,
           (select count(*)::int from wallet_transfers where tenant_id = ${TENANT_ID} and status = 'posted') as transfers`;
  expect(rows.wallets).toBe(config.customers);
  expect(Number(rows.least)).toBeGreaterThanOrEqual(0);
  for (const count of [rows.topUps, rows.payments, rows.transfers]) expect(count).toBeGreaterThan(300);
});

interface Answers {
  balance: Awaited<ReturnType<typeof getWalletBalance>>["wallets"][number];
  history: Awaited<ReturnType<typeof walletTransactionHistory>>;
}

async function ask(lab: WalletLab, customer: number): Promise<Answers> {
  const { customerId, currency } = world.customers[customer];
  const walletId = `wallet:${customerId}:${currency}`;
  const answer = await getWalletBalance(lab.service, {
    tenantId: TENANT_ID,
    customerId,
    walletId: null,
    currency: null,
    simulatedAtMs: AS_OF_MS,
  });
  const history = await walletTransactionHistory(lab.service, {
    tenantId: TENANT_ID,
    walletId,
    ...EVERY_ENTRY,
    limit: 1,
    simulatedAtMs: AS_OF_MS,
  });
  return { balance: answer.wallets[0], history };
}

/** How often each subscription of a customer was charged, and what the finder needs to tell it from chance. */
function plantedOf(customer: number) {
  const { society } = world;
  const leastOccurrences = { weekly: 5, every_two_weeks: 4, monthly: 3 };
  return (walletHabitOf(society, customer)?.subscriptions ?? []).flatMap((subscription) => {
    let charges = 0;
    for (let day = 0; day < config.days; day++) {
      const calendar = calendarDay(config.startMs + day * DAY_MS);
      if (society.isActive(customer, day) && isDue(subscription, day, calendar)) charges++;
    }
    // Who has left pays nothing more: what has ended does not recur.
    return charges < leastOccurrences[subscription.period] || !society.isActive(customer, config.days)
      ? []
      : [{ counterparty: `merchant:${world.merchants[subscription.merchant].merchantId}`, ...subscription }];
  });
}

Deno.test("the tools have something to say of a loaded wallet: run-out, spending, and the recurring payments that were planted", async () => {
  await using lab = await openLoadedLab();
  let [payers, forecast, planted, found, reported] = [0, 0, 0, 0, 0];
  for (let customer = 0; customer < config.customers; customer++) {
    const { balance, history } = await ask(lab, customer);
    expect(balance.available.amount_minor).toBeGreaterThanOrEqual(0);
    if (balance.run_out.basis === "insufficient_data") {
      expect(balance.run_out.missing).toMatch(
        /^\d+ more days (of history|with spending): a forecast needs \d+\.$/,
      );
    }
    if (walletHabitOf(world.society, customer) !== null && world.society.people.sinceDay[customer] < 30) {
      payers++;
      if (balance.run_out.basis !== "insufficient_data") forecast++;
    }
    if (!("payments" in history.recurring)) continue;
    const recurring = history.recurring.payments!;
    reported += recurring.filter(({ counterparty }) => counterparty.startsWith("merchant:")).length;
    for (const { counterparty, period, amountMinor } of plantedOf(customer)) {
      planted++;
      if (
        recurring.some((one) =>
          one.counterparty === counterparty && one.period === period && one.amount_minor === amountMinor &&
          one.direction === "out"
        )
      ) found++;
    }
  }
  console.log(
    `${forecast} of ${payers} payers have a forecast; ${found} of ${planted} planted recurring payments found, ` +
      `${reported} reported`,
  );
  expect(forecast / payers).toBeGreaterThan(0.8);
  expect(planted).toBeGreaterThan(60);
  expect(found / planted).toBeGreaterThanOrEqual(0.95);
  expect(reported - found).toBeLessThan(0.25 * planted);
});

Deno.test("cust_123 of a loaded world gets a forecast, the usual of each week, what recurs, and advice for the next top-up", async () => {
  await using lab = await openLoadedLab();
  const { balance, history } = await ask(lab, 0);
  expect(balance).toMatchObject({
    wallet_id: "wallet:cust_123:USD",
    run_out: { sample_size: 91, probability: expect.any(Number), within_days: 365, interval: { level: 0.8 } },
    spending: { sample_size: expect.any(Number), categories: expect.any(Array) },
  });
  expect(balance.available.amount_minor).toBeGreaterThan(0);
  expect(balance.spending.sample_size).toBeGreaterThanOrEqual(11);
  const periods = "payments" in history.recurring
    ? history.recurring.payments!.map(({ period }) => period)
    : [];
  expect(periods.filter((period) => period === "monthly").length).toBeGreaterThanOrEqual(2);
  expect(periods).toContain("weekly");
  const { answer } = await topUpWallet(lab.service, {
    tenantId: TENANT_ID,
    principal: "tester",
    walletId: "wallet:cust_123:USD",
    amountMinor: 2_000n,
    currency: "USD",
    paymentMethodId: "pm_card_visa",
    idempotencyKey: null,
    confirmation: null,
    simulatedAtMs: AS_OF_MS,
  });
  expect(answer).toMatchObject({
    status: "succeeded",
    available: { amount_minor: balance.available.amount_minor + 2_000 },
    recommendation: {
      needed: true,
      sample_size: 91,
      date: expect.stringMatching(/^2026-/),
      amount_minor: expect.any(Number),
    },
  });
});

Deno.test("the server judges after a load as if it had been there: the stored scores are those of the histories before them", async () => {
  await using lab = await openLoadedLab();
  const rows = await lab.lab.owner<
    { id: string; fromId: string; toId: string; usd: number; atMs: number; score: number }[]
  >`select transfer_id as id, from_account_id as "fromId", to_account_id as "toId", amount_usd as usd,
           occurred_at_ms::float8 as "atMs", risk_score::float8 as score
      from wallet_transfers where tenant_id = ${TENANT_ID} order by occurred_at_ms, transfer_id`;
  const past = (ofWallet: (row: typeof rows[number]) => string | null, before: number): PastTransfer[] =>
    rows.slice(0, before).flatMap((row) => {
      const otherId = ofWallet(row);
      return otherId === null ? [] : [{ otherId, amountUsd: row.usd, atMs: row.atMs, posted: true }];
    }).reverse().slice(0, LOOKED_AT);
  const scores = new Set<number>();
  for (const [i, { fromId, toId, usd, atMs, score }] of rows.entries()) {
    const sent = (id: string) => past((row) => row.fromId === id ? row.toId : null, i);
    const received = (id: string) => past((row) => row.toId === id ? row.fromId : null, i);
    const judged = assessTransfer({ fromId, toId, toKind: "wallet", amountUsd: usd, atMs }, {
      sender: { sent: sent(fromId), received: received(fromId) },
      receiver: { sent: sent(toId), received: received(toId) },
    });
    expect(score).toBeCloseTo(judged.score, 3);
    scores.add(judged.score);
  }
  expect(scores.size).toBeGreaterThan(5);

  // Somebody whom the wallet has paid is no new payee to the running server, and somebody else is.
  const { fromId, toId } = rows.at(-1)!;
  const [, customerId, currency] = fromId.split(":");
  const stranger = world.customers.find((other) =>
    other.currency === currency && other.customerId !== customerId &&
    !rows.some((row) => row.fromId === fromId && row.toId === `wallet:${other.customerId}:${currency}`)
  )!;
  const patternsTo = async (toWalletId: string) => {
    const amountMinor = BigInt(10 ** CURRENCIES[currency].exponent);
    const { answer } = await lab.transfer({
      tenantId: TENANT_ID,
      fromWalletId: fromId,
      toWalletId,
      amountMinor,
      currency,
    });
    return answer.risk.patterns.map(({ pattern }) => pattern);
  };
  expect(await patternsTo(toId)).not.toContain("new_payee");
  expect(await patternsTo(`wallet:${stranger.customerId}:${currency}`)).toContain("new_payee");
});
