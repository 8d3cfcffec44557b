import { expect } from "expect";
import { bearer, callText, callTool, errorOf, post, SECRET, serveLab } from "../http/testing/serve_lab.ts";
import { accountOf } from "../ledger/accounts.ts";
import { hold } from "../ledger/transfers.ts";
import { TENANT } from "../payments/testing/open_lab.ts";
import { WalletLab } from "../wallets/testing/open_wallet_lab.ts";
import { plantPayments } from "../wallets/testing/plant_history.ts";

async function serveWallets() {
  const served = await serveLab({ config: { jwtSecretKey: SECRET } });
  const headers = await bearer({ scopes: ["wallets"] });
  return {
    served,
    lab: new WalletLab(served.lab),
    call: (tool: string, args: Record<string, unknown> | string, as = headers) =>
      callTool(served.url, tool, args, as),
    [Symbol.asyncDispose]: () => served[Symbol.asyncDispose](),
  };
}

/** Three months of lunches, a weekly shopping and a monthly subscription, and one strange evening. */
async function plantLife(lab: WalletLab): Promise<void> {
  await lab.fund("cust_ann", 200_000n);
  await lab.lab.owner`
    insert into merchants (tenant_id, merchant_id, name, category, country, currency)
    values ('lab', 'merch_stream', 'Stream', 'streaming', 'US', 'USD'), ('lab', 'merch_shop', 'Shop', 'grocery', 'US', 'USD')`;
  const days = Array.from({ length: 84 }, (_, i) => 84 - i);
  await plantPayments(lab, [
    ...days.filter((day) => day % 2 === 0).map((daysAgo) => ({
      daysAgo,
      amountMinor: BigInt(900 + (daysAgo * 37) % 400),
      merchantId: "merch_default",
    })),
    ...days.filter((day) => day % 7 === 3).map((daysAgo) => ({
      daysAgo,
      amountMinor: 4_000n,
      merchantId: "merch_shop",
    })),
    ...[82, 51, 21].map((daysAgo) => ({ daysAgo, amountMinor: 999n, merchantId: "merch_stream" })),
    { daysAgo: 0.5, amountMinor: 30_000n, merchantId: "merch_default" },
  ]);
}

Deno.test("get_wallet_balance: balances, spending against the usual, run-out and alerts", async () => {
  await using wallets = await serveWallets();
  await plantLife(wallets.lab);
  const { structuredContent: answer } = await wallets.call("get_wallet_balance", { customer_id: "cust_ann" });
  expect(answer).toMatchObject({
    customer_id: "cust_ann",
    wallets: [{
      wallet_id: "wallet:cust_ann:USD",
      pending: { amount: "0.00" },
      spending: { sample_size: 11 },
      run_out: { sample_size: 84, probability: 1, date: expect.any(String), interval: { level: 0.8 } },
      alerts: [{ code: "spending_above_usual", message: expect.stringContaining("general") }],
    }],
  });
  const [wallet] = answer.wallets as { run_out: { date: string; interval: { low: string; high: string } } }[];
  expect(
    wallet.run_out.interval.low <= wallet.run_out.date && wallet.run_out.date <= wallet.run_out.interval.high,
  ).toBe(true);
  const byId = await wallets.call("get_wallet_balance", {
    wallet_id: "wallet:cust_ann:USD",
    currency: "USD",
  });
  expect(byId.structuredContent).toEqual(answer);
});

Deno.test("get_wallet_balance: what is held is pending, and available is the ledger's balance less it", async () => {
  await using wallets = await serveWallets();
  await wallets.lab.fund("cust_ann", 10_000n);
  const paid = await wallets.call("create_payment", {
    amount: "30.00",
    currency: "USD",
    method: "wallet",
    customer_id: "cust_ann",
  }, await bearer());
  expect(paid.structuredContent).toMatchObject({ status: "succeeded" });
  const account = accountOf("wallet", "cust_ann", "USD");
  await wallets.lab.lab.stack.pool.of(TENANT).begin((sql) =>
    hold(sql, {
      tenantId: TENANT,
      holdId: "tr_held",
      atMs: wallets.lab.lab.clock.nowMs(),
      account,
      amountMinor: 4_500n,
    })
  );
  const { structuredContent } = await wallets.call("get_wallet_balance", { customer_id: "cust_ann" });
  expect(structuredContent.wallets).toMatchObject([{
    available: { amount: "25.00" },
    pending: { amount: "45.00" },
    ledger_balance: { amount: "70.00" },
    alerts: [{ code: "much_is_held" }],
  }]);
});

Deno.test("get_wallet_balance: a new wallet says what is missing", async () => {
  await using wallets = await serveWallets();
  await wallets.lab.fund("cust_ben", 5_000n, "EUR");
  const { structuredContent } = await wallets.call("get_wallet_balance", { customer_id: "cust_ben" });
  expect(structuredContent.wallets).toMatchObject([{
    available: { amount: "50.00", amount_minor: 5_000, currency: "EUR" },
    spending: { basis: "insufficient_data", missing: expect.stringContaining("4 more whole weeks") },
    run_out: { basis: "insufficient_data", missing: expect.stringContaining("more days of history") },
    alerts: [],
  }]);
  const none = await wallets.call("get_wallet_balance", { customer_id: "cust_nocard" });
  expect(none.structuredContent).toMatchObject({
    wallets: [],
    next_move: expect.stringContaining("top_up_wallet"),
  });
});

Deno.test("get_wallet_balance: a wallet is there, and empty, while the top-up that opens it waits", async () => {
  await using served = await serveLab();
  const wallet_id = "wallet:cust_123:EUR";
  const top = {
    wallet_id,
    amount: "40.00",
    currency: "EUR",
    payment_method_id: "pm_card_3ds_challenge",
  };
  const balance = async () =>
    (await callTool(served.url, "get_wallet_balance", { wallet_id })).structuredContent;
  // What is declined opens nothing.
  await callTool(served.url, "top_up_wallet", { ...top, payment_method_id: "pm_card_declined" });
  expect(await balance()).toMatchObject({ error: { code: "unknown_wallet" } });
  const { structuredContent: waiting } = await callTool(served.url, "top_up_wallet", top);
  expect(waiting).toMatchObject({ status: "requires_action" });
  expect(await balance()).toMatchObject({
    wallets: [{
      wallet_id,
      available: { amount: "0.00" },
      arriving: { amount: "40.00", amount_minor: 4_000, currency: "EUR" },
      ledger_balance: { amount: "0.00" },
    }],
  });
  const { confirm_token } = waiting.challenge as { confirm_token: string };
  await callTool(served.url, "top_up_wallet", { ...top, confirm_token, challenge_answer: "123456" });
  expect(await balance()).toMatchObject({
    wallets: [{ available: { amount: "40.00" }, arriving: { amount: "0.00" } }],
  });
  expect(await served.lab.brokenInvariants()).toEqual([]);
});

Deno.test("wallet_transaction_history: pages join without gap or repeat, filters hold, recurring and unusual are found", async () => {
  await using wallets = await serveWallets();
  await plantLife(wallets.lab);
  const wallet_id = "wallet:cust_ann:USD";
  const whole = await wallets.call("wallet_transaction_history", { wallet_id, limit: 200 });
  type Entry = {
    transfer_id: string;
    at: string;
    kind: string;
    counterparty: string;
    amount_minor: number;
    unusual: unknown[];
  };
  const all = whole.structuredContent.entries as Entry[];
  expect(all.length).toBe(42 + 12 + 3 + 1 + 1);
  expect(all.map(({ at }) => at)).toEqual(all.map(({ at }) => at).toSorted().reverse());
  const paged: Entry[] = [];
  let cursor: string | null = null;
  do {
    const page = await wallets.call("wallet_transaction_history", {
      wallet_id,
      limit: 7,
      ...(cursor && { cursor }),
    });
    paged.push(...page.structuredContent.entries as Entry[]);
    cursor = page.structuredContent.next_cursor as string | null;
  } while (cursor !== null);
  expect(paged).toEqual(all);
  expect(whole.structuredContent.recurring).toMatchObject({
    payments: expect.arrayContaining([
      expect.objectContaining({
        counterparty: "merchant:merch_shop",
        period: "weekly",
        amount: "40.00",
        occurrences: 12,
      }),
      expect.objectContaining({ counterparty: "merchant:merch_stream", period: "monthly", amount: "9.99" }),
    ]),
  });
  expect(all.find(({ amount_minor }) => amount_minor === -30_000)?.unusual).toMatchObject([{
    why: "amount",
    message: expect.stringMatching(/^\d+(\.\d)? times the usual \d+\.\d\d USD \(42 entries\)\.$/),
  }]);
  const filtered = async (filter: Record<string, unknown>) =>
    ((await wallets.call("wallet_transaction_history", { wallet_id, limit: 200, ...filter }))
      .structuredContent.entries as Entry[])
      .length;
  expect(await filtered({ direction: "in" })).toBe(1);
  expect(await filtered({ kind: "payment" })).toBe(58);
  expect(await filtered({ counterparty: "merchant:merch_stream" })).toBe(3);
  expect(await filtered({ min_amount: "40.00", max_amount: 40, direction: "out" })).toBe(12);
  expect(await filtered({ start_date: "2026-01-01", end_date: "2026-01-03" })).toBe(3);
});

Deno.test("transfer_funds: moves money, and a second person's view of it is in both histories", async () => {
  await using wallets = await serveWallets();
  await wallets.lab.fund("cust_ann", 10_000n);
  const args = {
    from_wallet_id: "wallet:cust_ann:USD",
    to_wallet_id: "wallet:cust_ben:USD",
    amount: "12.50",
    currency: "USD",
  };
  const moved = await wallets.call("transfer_funds", { ...args, memo: "supper", idempotency_key: "k" });
  expect(moved.structuredContent).toMatchObject({
    status: "posted",
    replayed: false,
    available_after: { amount: "87.50" },
  });
  const again = await wallets.call("transfer_funds", { ...args, memo: "supper", idempotency_key: "k" });
  expect(again.structuredContent).toEqual({ ...moved.structuredContent, replayed: true });
  const { structuredContent: ben } = await wallets.call("wallet_transaction_history", {
    wallet_id: "wallet:cust_ben:USD",
  });
  expect(ben.entries).toMatchObject([{
    kind: "transfer",
    counterparty: "wallet:cust_ann:USD",
    amount: "12.50",
    memo: "supper",
  }]);
  const more = await wallets.call("transfer_funds", { ...args, amount: 100 });
  expect(errorOf(more)).toMatchObject({ code: "insufficient_funds", retriable: false });
});

Deno.test("top_up_wallet: charges, credits, and shows as a top-up", async () => {
  await using wallets = await serveWallets();
  await plantLife(wallets.lab);
  const { structuredContent: answer } = await wallets.call("top_up_wallet", {
    wallet_id: "wallet:cust_ann:USD",
    amount: "20.00",
    currency: "USD",
    payment_method_id: "pm_card_visa",
    idempotency_key: "t",
  });
  expect(answer).toMatchObject({
    status: "succeeded",
    replayed: false,
    recommendation: {
      needed: true,
      sample_size: 84,
      date: expect.any(String),
      amount: expect.stringMatching(/^\d+\.00$/),
    },
  });
  const { structuredContent: history } = await wallets.call("wallet_transaction_history", {
    wallet_id: "wallet:cust_ann:USD",
    kind: "top_up",
  });
  expect(history.entries).toMatchObject([{ amount: "20.00", payment_id: answer.payment_id }]);
  // By hand nothing comes to the merchant behind it: that money would reach no wallet.
  const byHand = { amount: "5.00", currency: "USD", method: "card", payment_method_id: "pm_card_visa" };
  const paid = await wallets.call("create_payment", {
    ...byHand,
    customer_id: "cust_ann",
    merchant_id: "merch_wallet",
  }, await bearer());
  expect(paid.structuredContent).toMatchObject({
    error: {
      code: "unknown_merchant",
      field: "merchant_id",
      next_move: expect.stringContaining("top_up_wallet"),
    },
  });
  expect(await wallets.lab.lab.brokenInvariants()).toEqual([]);
});

Deno.test("the wallet tools refuse bad input with a stable code, store nothing, and never fail", async () => {
  await using wallets = await serveWallets();
  await wallets.lab.fund("cust_ann", 10_000n);
  const move = {
    from_wallet_id: "wallet:cust_ann:USD",
    to_wallet_id: "wallet:cust_ben:USD",
    amount: "1.00",
    currency: "USD",
  };
  const fill = { wallet_id: "wallet:cust_ann:USD", amount: "1.00", currency: "USD" };
  const list = { wallet_id: "wallet:cust_ann:USD" };
  const cases: [tool: string, args: Record<string, unknown>, code: string, field?: string][] = [
    ["transfer_funds", {}, "invalid_arguments", "from_wallet_id"],
    ["transfer_funds", { ...move, amount: "1.005" }, "invalid_amount", "amount"],
    ["transfer_funds", { ...move, amount: -1 }, "invalid_amount", "amount"],
    ["transfer_funds", { ...move, amount: "99999999999999" }, "amount_too_large", "amount"],
    ["transfer_funds", { ...move, currency: "usd" }, "unknown_currency", "currency"],
    [
      "transfer_funds",
      { ...move, from_wallet_id: "wallet:\u0000:USD" },
      "invalid_arguments",
      "from_wallet_id",
    ],
    ["transfer_funds", { ...move, to_wallet_id: "x".repeat(200) }, "invalid_arguments", "to_wallet_id"],
    ["transfer_funds", { ...move, memo: "\ud800" }, "invalid_arguments", "memo"],
    ["transfer_funds", { ...move, memo: "a\nb" }, "invalid_arguments", "memo"],
    ["transfer_funds", { ...move, idempotency_key: "" }, "invalid_arguments", "idempotency_key"],
    ["transfer_funds", { ...move, approved: false }, "invalid_arguments", "approval_token"],
    ["transfer_funds", { ...move, approval_token: "tr_1.1.x" }, "invalid_approval_token", "approval_token"],
    [
      "transfer_funds",
      { ...move, from_wallet_id: "wallet:cust_other:USD" },
      "unknown_wallet",
      "from_wallet_id",
    ],
    ["transfer_funds", { ...move, force: true }, "invalid_arguments", "force"],
    ["get_wallet_balance", {}, "invalid_arguments", "customer_id"],
    [
      "get_wallet_balance",
      { customer_id: "cust_ann", wallet_id: "wallet:cust_ann:USD" },
      "invalid_arguments",
      "customer_id",
    ],
    ["get_wallet_balance", { customer_id: "cust_other" }, "unknown_customer", "customer_id"],
    ["get_wallet_balance", { wallet_id: "wallet:cust_other:USD" }, "unknown_wallet", "wallet_id"],
    ["get_wallet_balance", { customer_id: "cust_ann", currency: "JPY" }, "unknown_wallet", "currency"],
    ["get_wallet_balance", { customer_id: "cust_ann", currency: "XXX" }, "unknown_currency", "currency"],
    ["wallet_transaction_history", { ...list, cursor: "abc" }, "invalid_arguments", "cursor"],
    ["wallet_transaction_history", { ...list, cursor: "!" }, "invalid_arguments", "cursor"],
    ["wallet_transaction_history", { ...list, limit: 0 }, "invalid_arguments", "limit"],
    ["wallet_transaction_history", { ...list, limit: 1e9 }, "invalid_arguments", "limit"],
    ["wallet_transaction_history", { ...list, start_date: "2026-02-30" }, "invalid_arguments", "start_date"],
    ["wallet_transaction_history", { ...list, start_date: "9999-01-01" }, "invalid_arguments", "start_date"],
    [
      "wallet_transaction_history",
      { ...list, start_date: "2026-01-02", end_date: "2026-01-01" },
      "invalid_arguments",
      "start_date",
    ],
    ["wallet_transaction_history", { ...list, min_amount: "1.005" }, "invalid_amount", "min_amount"],
    [
      "wallet_transaction_history",
      { ...list, min_amount: "2.00", max_amount: "1.99" },
      "invalid_arguments",
      "min_amount",
    ],
    ["wallet_transaction_history", { wallet_id: "wallet:cust_other:USD" }, "unknown_wallet", "wallet_id"],
    ["top_up_wallet", { ...fill, amount: 0 }, "invalid_amount", "amount"],
    ["top_up_wallet", { ...fill, currency: "EUR" }, "invalid_arguments", "currency"],
    ["top_up_wallet", { ...fill, wallet_id: "wallet:cust_other:USD" }, "unknown_wallet", "wallet_id"],
    ["top_up_wallet", { ...fill, wallet_id: "external:bank:USD" }, "unknown_wallet", "wallet_id"],
  ];
  const rows = () =>
    wallets.served.lab.owner`
      select (select count(*) from wallet_transfers) + (select count(*) from wallet_top_ups) + (select count(*) from postings)
           + (select count(*) from idempotency_keys) + (select count(*) from audit_events) as count`;
  const before = await rows();
  for (const [tool, args, code, field] of cases) {
    const error = errorOf(await wallets.call(tool, args));
    expect({ tool, args, code: error?.code, field: error?.field }).toEqual({ tool, args, code, field });
  }
  for (const start_date of ["2026-13-01", "yesterday"]) {
    const { message } = errorOf(await wallets.call("wallet_transaction_history", { ...list, start_date }))!;
    expect(message).toContain("must be a day such as 2026-01-05 or an RFC 3339 time");
  }
  expect(await rows()).toEqual(before);
  expect(wallets.served.log).toEqual([]);
  const payer = await bearer({ scopes: ["payments"] });
  const text = callText("get_wallet_balance", '{"customer_id":"cust_ann"}');
  const response = await post(wallets.served.url, text, payer);
  expect({ status: response.status, code: (await response.json()).error.data.code }).toEqual({
    status: 403,
    code: "forbidden",
  });
});
