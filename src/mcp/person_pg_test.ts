import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { expect } from "expect";
import { accountOf } from "../ledger/accounts.ts";
import { bearer, callTool, post, SECRET, serveLab } from "../http/testing/serve_lab.ts";
import { CHALLENGE_ANSWER } from "../providers/test_payment_methods.ts";
import { refundedAtProviders } from "../payments/testing/refund_lab.ts";
import { WalletLab } from "../wallets/testing/open_wallet_lab.ts";
import { CLIENT_KINDS } from "./testing/connect_client.ts";

const serve = () => serveLab({ config: { jwtSecretKey: SECRET } });
type Content = Record<string, unknown>;

/** A client of 2026-07-28 whose person answers as the test says. */
async function connectWithPerson(
  url: string,
  answer: (
    message: string,
    schema: Content,
  ) => { action: "accept" | "decline" | "cancel"; content?: Content },
) {
  const client = new Client(
    { name: "person-test", version: "1.0.0" },
    { versionNegotiation: { mode: { pin: "2026-07-28" } }, capabilities: { elicitation: { form: {} } } },
  );
  const asked: string[] = [];
  client.setRequestHandler("elicitation/create", (request) => {
    const { message, requestedSchema } = request.params as { message: string; requestedSchema: Content };
    asked.push(message);
    return answer(message, requestedSchema) as never;
  });
  const headers = await bearer({ scopes: ["payments", "wallets"] });
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  return {
    asked,
    call: async (name: string, args: Content) => {
      const result = await client.callTool({ name, arguments: args });
      return { isError: result.isError === true, answer: result.structuredContent as Content };
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}

const PAYMENT = { amount: "50.00", currency: "USD", method: "card", customer_id: "cust_ann" };

Deno.test("on 2026-07-28 a challenge is a question, and the customer's answer decides", async (t) => {
  await using served = await serve();
  const cases: [what: string, reply: { action: "accept" | "decline"; content?: Content }, status: string][] =
    [
      ["the right code", { action: "accept", content: { code: CHALLENGE_ANSWER } }, "succeeded"],
      ["a wrong code", { action: "accept", content: { code: "000000" } }, "declined"],
      ["the customer refuses", { action: "decline" }, "declined"],
    ];
  for (const [what, reply, status] of cases) {
    await t.step(what, async () => {
      await using person = await connectWithPerson(served.url, () => reply);
      const { answer } = await person.call("create_payment", {
        ...PAYMENT,
        payment_method_id: "pm_card_3ds_challenge",
        idempotency_key: what,
      });
      expect(answer).toMatchObject({ status, replayed: false });
      expect(person.asked).toEqual([expect.stringMatching(/3-D Secure.*50\.00 USD/)]);
    });
  }
  // Without a key too: the second round is the same payment.
  await using person = await connectWithPerson(
    served.url,
    () => ({ action: "accept", content: { code: CHALLENGE_ANSWER } }),
  );
  const before = await served.lab.count("payments");
  await person.call("create_payment", { ...PAYMENT, payment_method_id: "pm_card_3ds_challenge" });
  expect(await served.lab.count("payments")).toBe(before + 1);
  expect(await served.lab.brokenInvariants()).toEqual([]);
});

Deno.test("on 2026-07-28 a top-up whose card asks for 3-D Secure is a question too, and fills the wallet once", async () => {
  await using served = await serve();
  const args = {
    wallet_id: "wallet:cust_ann:USD",
    amount: "40.00",
    currency: "USD",
    payment_method_id: "pm_card_3ds_challenge",
  };
  const wallet = accountOf("wallet", "cust_ann", "USD");
  for (
    const [reply, status] of [
      [{ action: "accept", content: { code: CHALLENGE_ANSWER } }, "succeeded"],
      [{ action: "accept", content: { code: "000000" } }, "declined"],
      [{ action: "decline" }, "declined"],
    ] as const
  ) {
    await using person = await connectWithPerson(served.url, () => reply);
    const { answer } = await person.call("top_up_wallet", args);
    expect(answer).toMatchObject({ status, challenge: null, replayed: false });
    expect(person.asked).toEqual([expect.stringMatching(/3-D Secure.*40\.00 USD, to wallet:cust_ann:USD/)]);
    expect((await served.lab.balanceOf(wallet)).balance).toBe(4_000n);
  }
  // Dismissed, it waits; and goes on by its token.
  await using person = await connectWithPerson(served.url, () => ({ action: "cancel" }));
  const dismissed = await person.call("top_up_wallet", { ...args, idempotency_key: "later" });
  expect(dismissed.answer).toMatchObject({
    status: "requires_action",
    payment_id: expect.any(String),
    challenge: { confirm_token: expect.any(String) },
    replayed: true,
  });
  const headers = await bearer({ scopes: ["payments", "wallets"] });
  const call = async (more: Content) =>
    (await callTool(served.url, "top_up_wallet", { ...args, idempotency_key: "later", ...more }, headers))
      .structuredContent;
  const waiting = await call({});
  expect(waiting).toMatchObject({ status: "requires_action", replayed: true });
  const { confirm_token } = waiting.challenge as { confirm_token: string };
  expect(await call({ confirm_token })).toMatchObject({
    error: { code: "invalid_arguments", field: "challenge_answer" },
  });
  expect(await call({ confirm_token, challenge_answer: CHALLENGE_ANSWER })).toMatchObject({
    status: "succeeded",
  });
  expect((await served.lab.balanceOf(wallet)).balance).toBe(8_000n);
  expect(await served.lab.brokenInvariants()).toEqual([]);
});

Deno.test("a dismissed question leaves the payment waiting, and the answer has all that it goes on by", async () => {
  await using served = await serve();
  await using person = await connectWithPerson(served.url, () => ({ action: "cancel" }));
  // Without a key the call could not be found again by being repeated.
  const args = { ...PAYMENT, payment_method_id: "pm_card_3ds_challenge" };
  const dismissed = await person.call("create_payment", args);
  expect(dismissed.answer).toMatchObject({
    status: "requires_action",
    payment_id: expect.any(String),
    challenge: { confirm_token: expect.any(String) },
    next_move: expect.stringContaining("confirm_token"),
    replayed: true,
  });
  expect(person.asked.length).toBe(1);
  const headers = await bearer({ scopes: ["payments"] });
  const { confirm_token } = dismissed.answer.challenge as { confirm_token: string };
  const confirm = { ...args, confirm_token, challenge_answer: CHALLENGE_ANSWER };
  expect((await callTool(served.url, "create_payment", confirm, headers)).structuredContent).toMatchObject({
    status: "succeeded",
    payment_id: dismissed.answer.payment_id,
  });

  const paid = await person.call("create_payment", {
    ...PAYMENT,
    payment_method_id: "pm_card_refund_review",
  });
  const refund = { payment_id: paid.answer.payment_id, amount: "10.00" };
  const unanswered = await person.call("refund_payment", refund);
  expect(unanswered.answer).toMatchObject({
    status: "pending_approval",
    payment_id: paid.answer.payment_id,
    approval: { approval_token: expect.any(String) },
    replayed: true,
  });
  const { approval_token } = unanswered.answer.approval as { approval_token: string };
  const approved = await callTool(served.url, "refund_payment", { ...refund, approval_token }, headers);
  expect(approved.structuredContent).toMatchObject({
    refund_id: unanswered.answer.refund_id,
    status: "succeeded",
  });
});

Deno.test("what a person's no ends says which payment it was", async () => {
  await using served = await serve();
  await using person = await connectWithPerson(served.url, () => ({ action: "decline" }));
  const { answer } = await person.call("create_payment", {
    ...PAYMENT,
    payment_method_id: "pm_card_3ds_challenge",
  });
  expect(answer).toMatchObject({
    status: "declined",
    payment_id: expect.any(String),
    decline: { code: "authentication_failed" },
    challenge: null,
  });
});

Deno.test("on 2026-07-28 a refund that needs a person asks one; yes makes it, no ends it", async () => {
  await using served = await serve();
  for (
    const [reply, status] of [
      [{ action: "accept", content: { approve: true } }, "succeeded"],
      [{ action: "accept", content: { approve: false } }, "rejected"],
      [{ action: "decline" }, "rejected"],
    ] as const
  ) {
    await using person = await connectWithPerson(served.url, () => reply);
    const paid = await person.call("create_payment", {
      ...PAYMENT,
      payment_method_id: "pm_card_refund_review",
    });
    const { answer } = await person.call("refund_payment", {
      payment_id: paid.answer.payment_id,
      amount: 10,
      reason: "not_received",
    });
    expect(answer).toMatchObject({ status, amount: "10.00" });
    expect(person.asked).toEqual([expect.stringMatching(/Refund 10\.00 USD .*not_received.*Abuse score/)]);
  }
  // An answer without the yes is no yes.
  await using person = await connectWithPerson(served.url, () => ({ action: "accept", content: {} }));
  const paid = await person.call("create_payment", {
    ...PAYMENT,
    payment_method_id: "pm_card_refund_review",
  });
  const vague = await person.call("refund_payment", { payment_id: paid.answer.payment_id }).catch(() => null);
  expect(vague?.answer.status ?? "refused by the client").not.toBe("succeeded");
  expect(refundedAtProviders(served.lab)).toBe(1_000n);
  expect(await served.lab.brokenInvariants()).toEqual([]);
});

Deno.test("on 2026-07-28 a held transfer asks a person; yes posts it, no frees the money", async () => {
  await using served = await serve();
  const lab = new WalletLab(served.lab);
  await served.lab.owner`
    insert into customers (tenant_id, customer_id, name, email, country, currency, since_ms)
    select 'lab', 'cust_mule_' || i, 'Mule', 'mule@example.test', 'US', 'USD', 0 from generate_series(1, 16) i`;
  for (
    const [place, [sender, reply, ends]] of [
      ["cust_ann", { action: "accept", content: { approve: true } }, "posted"],
      ["cust_nocard", { action: "decline" }, "rejected"],
    ].entries() as Iterable<[number, [string, { action: "accept" | "decline"; content?: Content }, string]]>
  ) {
    await lab.fund(sender, 1_000_000n);
    await using person = await connectWithPerson(served.url, () => reply);
    let posted = 0;
    // New payees, each just below a limit: sooner or later a person is asked.
    for (let i = 1; i <= 8 && person.asked.length === 0; i++) {
      const { answer } = await person.call("transfer_funds", {
        from_wallet_id: `wallet:${sender}:USD`,
        to_wallet_id: `wallet:cust_mule_${place * 8 + i}:USD`,
        amount: "950.00",
        currency: "USD",
      });
      if (answer.status === "posted") posted++;
      expect(answer.status).toBe(person.asked.length === 0 ? "posted" : ends);
    }
    expect(person.asked).toEqual([expect.stringMatching(/Transfer 950\.00 USD .*It is held because/)]);
    expect(await served.lab.balanceOf(accountOf("wallet", sender, "USD"))).toEqual({
      balance: 1_000_000n - BigInt(posted) * 95_000n,
      held: 0n,
    });
  }
  expect(await served.lab.brokenInvariants()).toEqual([]);
});

Deno.test("request state is checked: another caller's, other arguments', a forged one, one nobody asked for", async () => {
  await using served = await serve();
  const [mine, other] = [await bearer(), await bearer({ principal: "somebody" })];
  const args: Content = { ...PAYMENT, payment_method_id: "pm_card_3ds_challenge", idempotency_key: "state" };
  const meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "raw", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": { elicitation: {} },
  };
  const call = async (
    tool: string,
    withArguments: Content,
    round: Content,
    headers: Record<string, string>,
  ): Promise<Content> => {
    const response = await post(served.url, {
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: tool, arguments: withArguments, _meta: meta, ...round },
    }, { ...headers, "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": tool });
    return (await response.json()).result;
  };
  const asked = await call("create_payment", args, {}, mine);
  expect(asked).toMatchObject({
    resultType: "input_required",
    requestState: expect.any(String),
    inputRequests: { person: { method: "elicitation/create" } },
  });
  const requestState = asked.requestState as string;
  const inputResponses = { person: { action: "accept", content: { code: CHALLENGE_ANSWER } } };
  const refused: [
    tool: string,
    args: Content,
    round: Content,
    headers: Record<string, string>,
    code: string,
  ][] = [
    ["create_payment", args, { requestState, inputResponses }, other, "invalid_approval_token"],
    [
      "create_payment",
      { ...args, amount: "51.00" },
      { requestState, inputResponses },
      mine,
      "invalid_approval_token",
    ],
    [
      "create_payment",
      args,
      { requestState: `${requestState.slice(0, -2)}AA`, inputResponses },
      mine,
      "invalid_approval_token",
    ],
    ["create_payment", args, { requestState }, mine, "invalid_arguments"],
    [
      "create_payment",
      args,
      { requestState, inputResponses: { person: { action: "accept", content: {} } } },
      mine,
      "invalid_arguments",
    ],
    [
      "get_payment_status",
      { payment_id: "pay_1" },
      { requestState, inputResponses },
      mine,
      "invalid_arguments",
    ],
  ];
  for (const [tool, withArguments, round, headers, code] of refused) {
    expect(await call(tool, withArguments, round, headers)).toMatchObject({
      isError: true,
      structuredContent: { error: { code } },
    });
  }
  const payment = { ...args, customer_id: "cust_ann" };
  // Past its expiry the state approves nothing: the payment has ended.
  served.lab.clock.advance(served.lab.service.settings.challengeLifetimeMs);
  expect(await call("create_payment", payment, { requestState, inputResponses }, mine)).toMatchObject({
    structuredContent: { status: "failed" },
  });
});

for (
  const kind of ["the v2 client, as of 2025", "the v1 SDK's client", "the v2 client on 2026-07-28"] as const
) {
  Deno.test(`without elicitation (${kind}) the same waits as an answer, and goes on by its token`, async () => {
    await using served = await serve();
    const headers = await bearer({ scopes: ["payments", "wallets"] });
    await using client = await CLIENT_KINDS[kind].connect({ url: served.url }, headers);
    // This also holds each answer against the listed output schema, where the client does that.
    await client.listTools();
    const call = async (name: string, args: Content) =>
      (await client.callTool({ name, arguments: args })).structuredContent as Content;
    const args = { ...PAYMENT, payment_method_id: "pm_card_3ds_challenge" };
    const challenged = await call("create_payment", args);
    expect(challenged).toMatchObject({
      status: "requires_action",
      next_move: expect.stringContaining("confirm_token"),
    });
    const { confirm_token } = challenged.challenge as { confirm_token: string };
    expect(await call("create_payment", { ...args, confirm_token, challenge_answer: CHALLENGE_ANSWER }))
      .toMatchObject({
        payment_id: challenged.payment_id,
        status: "succeeded",
        challenge: null,
      });
    const paid = await call("create_payment", { ...PAYMENT, payment_method_id: "pm_card_refund_review" });
    const refund = { payment_id: paid.payment_id, amount: "10.00", idempotency_key: "ask" };
    const pending = await call("refund_payment", refund);
    expect(pending).toMatchObject({ status: "pending_approval" });
    const toppedUp = await call("top_up_wallet", {
      wallet_id: "wallet:cust_ann:USD",
      amount: "5.00",
      currency: "USD",
      payment_method_id: "pm_card_3ds_challenge",
    });
    expect(toppedUp).toMatchObject({ status: "requires_action", challenge: { asked_by: "issuer" } });
    const { approval_token } = pending.approval as { approval_token: string };
    expect(await call("refund_payment", { ...refund, approval_token })).toMatchObject({
      refund_id: pending.refund_id,
      status: "succeeded",
      payment: { status: "partially_refunded" },
    });
    expect(await call("get_payment_status", { payment_id: String(paid.payment_id) })).toMatchObject({
      status: "partially_refunded",
      refunds: [{ status: "succeeded", amount: "10.00" }],
    });
    expect(await call("verify_payment", { payment_id: String(paid.payment_id) })).toMatchObject({
      consistent: true,
    });
  });
}
