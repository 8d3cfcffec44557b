import { expect } from "expect";
import { bearer, callText, callTool, errorOf, post, SECRET, serveLab } from "../http/testing/serve_lab.ts";
import { WalletLab } from "../wallets/testing/open_wallet_lab.ts";

type Answer = Record<string, unknown> & { readonly next_move: string; readonly status: string };

async function serve(providerTimeoutMs = 30_000) {
  const served = await serveLab({ config: { jwtSecretKey: SECRET }, lab: { providerTimeoutMs } });
  const headers = await bearer({ scopes: ["payments", "wallets"] });
  const call = (tool: string, args: Record<string, unknown>, as = headers) =>
    callTool(served.url, tool, args, as);
  return {
    served,
    headers,
    lab: new WalletLab(served.lab),
    answer: async (tool: string, args: Record<string, unknown>) =>
      (await call(tool, args)).structuredContent as Answer,
    error: async (tool: string, args: Record<string, unknown>, as = headers) =>
      errorOf(await call(tool, args, as)),
    [Symbol.asyncDispose]: () => served[Symbol.asyncDispose](),
  };
}

const CARD = {
  amount: 10,
  currency: "USD",
  method: "card",
  customer_id: "cust_ann",
  payment_method_id: "pm_card_visa",
};
const WALLET = "wallet:cust_ann:USD";

Deno.test("a top-up in doubt is to be repeated with its key; without one its payment tells, and a repetition is another top-up", async () => {
  await using it = await serve(50);
  const topUp = {
    wallet_id: WALLET,
    amount: "7.00",
    currency: "USD",
    payment_method_id: "pm_card_timeout",
  };
  const keyed = await it.answer("top_up_wallet", { ...topUp, idempotency_key: "t1" });
  expect(keyed).toMatchObject({
    status: "in_doubt",
    next_move: expect.stringContaining("with the same key"),
  });
  const bare = await it.answer("top_up_wallet", topUp);
  expect(bare.status).toBe("in_doubt");
  expect(bare.next_move).toContain(`Call get_payment_status with payment_id "${bare.payment_id}"`);
  expect(bare.next_move).toContain("Do not repeat this call");
  expect(bare.next_move).not.toContain("same key");
  const again = await it.answer("top_up_wallet", topUp);
  expect(again.top_up_id).not.toBe(bare.top_up_id);
  // What it is told to ask tells how it ended.
  await it.served.lab.completeAll();
  expect(await it.answer("get_payment_status", { payment_id: bare.payment_id })).toMatchObject({
    status: "failed",
  });
});

Deno.test("how a held transfer without a key ended, the sender's history tells", async () => {
  await using it = await serve();
  await it.lab.addCustomers(["s1", "s2", "s3", "s4", "s5"]);
  const pay = async (id: string) => {
    await it.lab.fund(id, 100_000n);
    const args = {
      from_wallet_id: `wallet:${id}:USD`,
      to_wallet_id: "wallet:cust_ben:USD",
      amount: 300,
      currency: "USD",
    };
    return { args, answer: await it.answer("transfer_funds", args) };
  };
  let held = await pay("s1");
  for (const id of ["s2", "s3", "s4", "s5"]) {
    if (held.answer.status === "posted") held = await pay(id);
  }
  const { args, answer } = held;
  expect(answer.status).toBe("pending_approval");
  const history = () => it.answer("wallet_transaction_history", { wallet_id: args.from_wallet_id });
  const line = { transfer_id: answer.transfer_id, to_wallet_id: args.to_wallet_id, amount: "300.00" };
  expect((await history()).held).toMatchObject([{ ...line, status: "pending_approval", decided_at: null }]);
  const { approval_token } = answer.approval as { approval_token: string };
  await it.answer("transfer_funds", { ...args, approval_token, approved: false });
  expect(await history()).toMatchObject({
    held: [{ ...line, status: "rejected", decided_at: expect.any(String) }],
  });
  const { held: ofReceiver } = await it.answer("wallet_transaction_history", {
    wallet_id: args.to_wallet_id,
  });
  expect(ofReceiver).toEqual([]);
});

Deno.test("a soft decline may be tried again later, and says so wherever it is read; a hard one does not", async () => {
  await using it = await serve();
  const cases: [method: string, isSoft: boolean][] = [
    ["pm_card_insufficient_funds", true],
    ["pm_card_declined", false],
  ];
  for (const [method, isSoft] of cases) {
    const made = await it.answer("create_payment", { ...CARD, payment_method_id: method });
    expect(made).toMatchObject({ status: "declined", decline: { retriable: isSoft } });
    const read = await it.answer("get_payment_status", { payment_id: made.payment_id });
    const verified = await it.answer("verify_payment", { payment_id: made.payment_id });
    const toppedUp = await it.answer("top_up_wallet", {
      wallet_id: WALLET,
      amount: 5,
      currency: "USD",
      payment_method_id: method,
    });
    for (const { status, next_move } of [made, read, verified, toppedUp]) {
      expect({ method, status, later: /try again then/.test(next_move) }).toEqual({
        method,
        status: "declined",
        later: isSoft,
      });
    }
  }
});

Deno.test("what a payment was described as is shown again, and a refund's missing reason is missing everywhere", async () => {
  await using it = await serve();
  const described = { description: "Order 1042", metadata: { order: "1042", till: "3" } };
  const { payment_id } = await it.answer("create_payment", { ...CARD, ...described });
  expect(await it.answer("get_payment_status", { payment_id })).toMatchObject(described);
  const plain = await it.answer("create_payment", CARD);
  expect(await it.answer("get_payment_status", { payment_id: plain.payment_id })).toMatchObject({
    description: null,
    metadata: null,
  });
  const reasons = [undefined, "not_received", "the box was empty"];
  for (const reason of reasons) {
    const refund = { payment_id, amount: 1, ...(reason === undefined ? {} : { reason }) };
    expect(await it.answer("refund_payment", refund)).toMatchObject({ reason: reason ?? null });
  }
  for (const tool of ["get_payment_status", "verify_payment"]) {
    const { refunds } = await it.answer(tool, { payment_id });
    expect((refunds as { reason: string | null }[]).map(({ reason }) => reason ?? "none").sort()).toEqual([
      "none",
      "not_received",
      "the box was empty",
    ]);
  }
  expect(await it.error("refund_payment", { payment_id, amount: 1, reason: "4111111111111111" }))
    .toMatchObject({ code: "card_number_in_text", field: "reason" });
});

Deno.test("an error names what is wrong: the currencies, the argument, the challenge, the empty tenant", async () => {
  await using it = await serve();
  await it.lab.fund("cust_ann", 10_000n);
  expect(await it.error("get_wallet_balance", { wallet_id: WALLET, currency: "EUR" })).toMatchObject({
    code: "invalid_arguments",
    field: "currency",
    message: `Wallet "${WALLET}" is in USD, and currency asks for EUR.`,
  });
  expect(await it.error("wallet_transaction_history", { wallet_id: WALLET, min_amount: "-1" })).toMatchObject(
    {
      code: "invalid_amount",
      field: "min_amount",
      message: expect.stringContaining("as min_amount in USD: it is negative"),
    },
  );
  const asked = await it.answer("create_payment", { ...CARD, payment_method_id: "pm_card_3ds_challenge" });
  expect(asked.status).toBe("requires_action");
  expect(await it.error("refund_payment", { payment_id: asked.payment_id })).toMatchObject({
    code: "invalid_state",
    next_move: expect.stringContaining("the customer has to pass the challenge first"),
  });
  await it.served.lab.owner`insert into tenants (tenant_id) values ('fresh')`;
  const cases: [tenantId: string, nextMove: RegExp][] = [
    ["fresh", /^The tenant "fresh" has no customers yet: fill it with deno task simulate --tenant fresh$/],
    ["lab", /^Use an existing customer_id of this tenant\.$/],
    ["default", /such as "cust_123"\.$/],
  ];
  for (const [tenantId, nextMove] of cases) {
    const as = await bearer({ tenantId, scopes: ["payments", "wallets"] });
    for (
      const error of [
        await it.error("create_payment", { ...CARD, customer_id: "cust_9" }, as),
        await it.error("get_wallet_balance", { customer_id: "cust_9" }, as),
      ]
    ) {
      expect(error).toMatchObject({ code: "unknown_customer", next_move: expect.stringMatching(nextMove) });
    }
  }
});

Deno.test("history takes a merchant's or a customer's bare id as the counterparty, as well as an entry's", async () => {
  await using it = await serve();
  await it.lab.fund("cust_ann", 10_000n);
  await it.answer("create_payment", {
    amount: 1,
    currency: "USD",
    method: "wallet",
    customer_id: "cust_ann",
  });
  await it.answer("transfer_funds", {
    from_wallet_id: WALLET,
    to_wallet_id: "wallet:cust_ben:USD",
    amount: 2,
    currency: "USD",
  });
  const cases: [counterparty: string, amounts: string[]][] = [
    ["merchant:merch_default", ["-1.00"]],
    ["merch_default", ["-1.00"]],
    ["wallet:cust_ben:USD", ["-2.00"]],
    ["cust_ben", ["-2.00"]],
    ["cust_b", []],
    ["merch_nobody", []],
  ];
  for (const [counterparty, amounts] of cases) {
    const { entries } = await it.answer("wallet_transaction_history", { wallet_id: WALLET, counterparty });
    const found = (entries as { amount: string }[]).map(({ amount }) => amount);
    expect({ counterparty, found }).toEqual({ counterparty, found: amounts });
  }
});

Deno.test("an amount given twice charges nothing", async () => {
  await using it = await serve();
  const text = JSON.stringify(CARD).replace('"amount":10', '"amount":10,"amount":20');
  const response = await post(it.served.url, callText("create_payment", text), it.headers);
  expect(response.status).toBe(400);
  expect((await response.json()).error).toMatchObject({
    message: 'The message gives the member "amount" twice. Send it once.',
    data: { code: "doubled_member", field: "amount" },
  });
  expect(await it.served.lab.owner`select from payments where tenant_id = 'lab'`).toHaveLength(0);
});
