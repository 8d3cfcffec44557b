import { expect } from "expect";
import { rawRequest } from "../http/testing/raw_request.ts";
import { bearer, callText, post, SECRET, serveLab } from "../http/testing/serve_lab.ts";
import { modelOf } from "../payments/testing/open_lab.ts";
import { TOOLS } from "./catalog.ts";
import { CLIENT_KINDS } from "./testing/connect_client.ts";

const PAYMENT = {
  amount: 100.0,
  currency: "USD",
  method: "card",
  customer_id: "cust_123",
  payment_method_id: "pm_card_visa",
};

Deno.test("every client lists the tools, pays, and gets results and errors in its own revision", async (test) => {
  await using served = await serveLab();
  for (const [kind, { revision, connect }] of Object.entries(CLIENT_KINDS)) {
    await test.step(kind, async () => {
      await using client = await connect({ url: served.url });
      expect(client.revision).toBe(revision);
      const { tools } = await client.listTools();
      expect(tools.map(({ name }) => name)).toEqual(TOOLS.map(({ name }) => name));

      const paid = await client.callTool({ name: "create_payment", arguments: PAYMENT });
      expect(paid.isError).toBeFalsy();
      expect(paid.structuredContent).toMatchObject({
        status: "succeeded",
        amount: "100.00",
        replayed: false,
      });
      expect(JSON.parse((paid.content as { text: string }[])[0].text)).toEqual(paid.structuredContent);
      expect(paid._meta).toMatchObject({ "mcp-payments-lab/timings-ms": { total: expect.any(Number) } });

      const { payment_id } = paid.structuredContent as { payment_id: string };
      const found = await client.callTool({ name: "get_payment_status", arguments: { payment_id } });
      expect(found.isError).toBeFalsy();
      expect(found.structuredContent).toMatchObject({
        payment_id,
        status: "succeeded",
        captured_minor: 10_000,
      });

      const declined = await client.callTool({
        name: "create_payment",
        arguments: { ...PAYMENT, payment_method_id: "pm_card_declined" },
      });
      expect(declined.isError).toBeFalsy();
      expect(declined.structuredContent).toMatchObject({ status: "declined", decline: { by: "issuer" } });

      for (
        const [args, code] of [
          [{ ...PAYMENT, amount: "1.005" }, "invalid_amount"],
          [{ ...PAYMENT, customer_id: "nobody" }, "unknown_customer"],
          [{}, "invalid_arguments"],
        ] as const
      ) {
        const refused = await client.callTool({ name: "create_payment", arguments: args });
        expect(refused).toMatchObject({
          isError: true,
          structuredContent: { error: { code, retriable: false, message: expect.any(String) } },
        });
      }
    });
  }
});

Deno.test("an answer fits the output schema in every status", async () => {
  let riskScore = 5;
  await using served = await serveLab({
    config: { jwtSecretKey: SECRET },
    lab: { model: modelOf(() => riskScore), providerTimeoutMs: 100 },
  });
  await served.lab.fundWallet("cust_ann", 5_000n);
  // This client refuses an answer that does not fit.
  const { connect } = CLIENT_KINDS["the v1 SDK's client"];
  await using client = await connect({ url: served.url }, await bearer());
  await client.listTools();
  const card = { amount: "20.00", currency: "USD", method: "card", customer_id: "cust_ann" };
  const cases: [string, Record<string, unknown>, Record<string, unknown>][] = [
    // Its issuer says what it likes.
    ["own card", {}, {
      status: expect.stringMatching(/^(succeeded|declined)$/),
      routing: { attempts: expect.anything() },
    }],
    ["approved", { payment_method_id: "pm_card_visa", metadata: { a: "b" } }, { status: "succeeded" }],
    ["declined by the issuer", { payment_method_id: "pm_card_expired" }, {
      status: "declined",
      decline: { by: "issuer" },
    }],
    ["in doubt", { payment_method_id: "pm_card_timeout" }, { status: "in_doubt" }],
    ["challenged", { payment_method_id: "pm_card_3ds_challenge" }, { status: "requires_action" }],
    ["paid by wallet", { method: "wallet" }, { status: "succeeded", routing: null }],
    ["not enough in the wallet", { method: "wallet", amount: "90.00" }, {
      status: "declined",
      decline: { by: "wallet" },
    }],
    ["declined by the screen", {}, { status: "declined", decline: { by: "risk" } }],
  ];
  for (const [what, change, expected] of cases) {
    riskScore = what === "declined by the screen" ? 99 : 5;
    const paid = await client.callTool({ name: "create_payment", arguments: { ...card, ...change } });
    expect({ what, answer: paid.structuredContent }).toMatchObject({ what, answer: expected });
    const { payment_id, status } = paid.structuredContent as { payment_id: string; status: string };
    const found = await client.callTool({ name: "get_payment_status", arguments: { payment_id } });
    expect({ what, answer: found.structuredContent }).toMatchObject({ what, answer: { payment_id, status } });
  }
  await served.lab.completeAll();
  const open = await served.lab.owner<
    { payment_id: string }[]
  >`select payment_id from payments where status = 'failed'`;
  // The one in doubt, and the challenge that nobody answered.
  expect(open.length).toBe(2);
  const failed = await client.callTool({
    name: "get_payment_status",
    arguments: { payment_id: open[0].payment_id },
  });
  expect(failed.structuredContent).toMatchObject({ status: "failed" });
});

Deno.test("every client is let in by its token", async (test) => {
  await using served = await serveLab({ config: { jwtSecretKey: SECRET } });
  const headers = await bearer();
  for (const [kind, { connect }] of Object.entries(CLIENT_KINDS)) {
    await test.step(kind, async () => {
      await using client = await connect({ url: served.url }, headers);
      const call = { name: "create_payment", arguments: { ...PAYMENT, customer_id: "cust_ann" } };
      expect((await client.callTool(call)).structuredContent).toMatchObject({ status: "succeeded" });
      await expect(connect({ url: served.url })).rejects.toThrow();
    });
  }
});

Deno.test("the bare call of the guide is answered with JSON, whatever the client says it takes", async () => {
  await using served = await serveLab();
  const body = callText(
    "create_payment",
    '{"amount":100.0,"currency":"USD","method":"card","customer_id":"cust_123"}',
  );
  for (const accept of [undefined, "*/*", "application/json", "text/event-stream", "text/html"]) {
    // fetch would add an Accept header of its own.
    const request = new Request(served.url, {
      method: "POST",
      headers: { "content-type": "application/json", ...(accept === undefined ? {} : { accept }) },
      body,
    });
    const response = await fetch(request);
    expect({ accept, status: response.status, type: response.headers.get("content-type") }).toEqual({
      accept,
      status: 200,
      type: "application/json",
    });
    const { jsonrpc, id, result } = await response.json();
    expect({ jsonrpc, id, result }).toMatchObject({
      jsonrpc: "2.0",
      id: 1,
      result: { structuredContent: { amount: "100.00", currency: "USD", customer_id: "cust_123" } },
    });
  }
});

Deno.test("curl's call, with no Accept header at all, is answered with JSON", async () => {
  await using served = await serveLab();
  const body = callText("get_payment_status", '{"payment_id":"pay_0"}');
  const answer = await rawRequest(served.url, {
    method: "POST",
    headers: {
      Host: new URL(served.url).host,
      "Content-Type": "application/json",
      "Content-Length": String(body.length),
    },
    body,
  });
  expect(answer.status).toBe(200);
  expect(answer.headers).toContain("content-type: application/json");
  expect(JSON.parse(answer.body).result.structuredContent.error.code).toBe("unknown_payment");
});

Deno.test("messages without a handshake, as of 2025", async () => {
  await using served = await serveLab();
  const tool = (name: string, args: unknown) => ({ method: "tools/call", params: { name, arguments: args } });
  const initialize = (protocolVersion: string) => ({
    method: "initialize",
    params: { protocolVersion, capabilities: {}, clientInfo: { name: "t", version: "1" } },
  });
  const cases: [string, unknown, unknown][] = [
    // what                     message                                                     status and body
    ["ping", { id: 1, method: "ping" }, [200, { id: 1, result: {} }]],
    ["a text id", { id: "a", method: "ping" }, [200, { id: "a", result: {} }]],
    ["a notification", { method: "notifications/initialized" }, [202, null]],
    ["an unknown notification", { method: "notifications/unheard" }, [202, null]],
    ["a cancellation of nothing", { method: "notifications/cancelled", params: { requestId: 7 } }, [
      202,
      null,
    ]],
    ["an answer to nothing", { id: 1, result: {} }, [202, null]],
    ["an unknown method", { id: 1, method: "tools/destroy" }, [200, { id: 1, error: { code: -32601 } }]],
    ["a feature that is not offered", { id: 1, method: "resources/list" }, [200, {
      error: { code: -32601 },
    }]],
    ["server/discover", { id: 1, method: "server/discover" }, [200, { error: { code: -32601 } }]],
    ["an unknown tool", { id: 1, ...tool("destroy", {}) }, [200, {
      result: { isError: true, structuredContent: { error: { code: "unknown_tool" } } },
    }]],
    ["a tool of the prototype", { id: 1, ...tool("constructor", {}) }, [200, {
      result: { isError: true, structuredContent: { error: { code: "unknown_tool" } } },
    }]],
    ["a call without parameters", { id: 1, method: "tools/call" }, [200, { error: { code: -32602 } }]],
    ["arguments in a list", { id: 1, ...tool("create_payment", []) }, [200, { error: { code: -32602 } }]],
    ["arguments as a text", { id: 1, ...tool("create_payment", "{}") }, [200, { error: { code: -32602 } }]],
    ["no arguments", { id: 1, ...tool("create_payment", undefined) }, [200, {
      result: { isError: true, structuredContent: { error: { code: "invalid_arguments" } } },
    }]],
    ["the newest revision of 2025", { id: 1, ...initialize("2025-11-25") }, [200, {
      result: {
        protocolVersion: "2025-11-25",
        serverInfo: { name: "mcp-payments-lab" },
        capabilities: { tools: {} },
      },
    }]],
    ["an old revision", { id: 1, ...initialize("2025-03-26") }, [200, {
      result: { protocolVersion: "2025-03-26" },
    }]],
    ["a revision nobody knows", { id: 1, ...initialize("1999-01-01") }, [200, {
      result: { protocolVersion: "2025-11-25" },
    }]],
    ["another JSON-RPC", { jsonrpc: "1.0", id: 1, method: "ping" }, [400, { error: { code: -32600 } }]],
    ["no method", { id: 1 }, [400, { error: { code: -32600 } }]],
    ["the id null", { id: null, method: "ping" }, [400, { error: { code: -32600 } }]],
    ["a fractional id", { id: 1.5, method: "ping" }, [400, { error: { code: -32600 } }]],
    ["an id that is an object", { id: {}, method: "ping" }, [400, { error: { code: -32600 } }]],
  ];
  for (const [what, message, expected] of cases) {
    const answer = await answerOf(post(served.url, { jsonrpc: "2.0", ...message as object }));
    expect({ what, answer }).toMatchObject({ what, answer: expected });
  }
  for (const body of ["null", "5", '"ping"', "true", "{}", "[]"]) {
    const answer = await answerOf(post(served.url, body));
    expect({ body, answer }).toMatchObject({ body, answer: [400, { error: { code: -32600 } }] });
  }
});

Deno.test("a batch, as of 2025-03-26, is answered with one array", async () => {
  await using served = await serveLab();
  const ping = (id: number) => ({ jsonrpc: "2.0", id, method: "ping" });
  const pay = {
    jsonrpc: "2.0",
    id: 9,
    method: "tools/call",
    params: { name: "create_payment", arguments: PAYMENT },
  };
  const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 9 } };
  expect(await answerOf(post(served.url, [ping(1), ping(2)]))).toEqual([200, [
    { jsonrpc: "2.0", id: 1, result: {} },
    { jsonrpc: "2.0", id: 2, result: {} },
  ]]);
  const both = await answerOf(post(served.url, [ping(1), pay]));
  expect(both).toMatchObject([200, [{ id: 1 }, {
    id: 9,
    result: { structuredContent: { status: "succeeded" } },
  }]]);
  // A payment cannot be called back, and its caller is not left waiting.
  expect(await answerOf(post(served.url, [pay, cancel]))).toMatchObject([200, [{
    id: 9,
    result: { structuredContent: { status: "succeeded" } },
  }]]);
  expect(await answerOf(post(served.url, [cancel]))).toEqual([202, null]);
  expect(await answerOf(post(served.url, [ping(1), 5]))).toMatchObject([400, { error: { code: -32600 } }]);
});

Deno.test("messages of revision 2026-07-28", async () => {
  await using served = await serveLab();
  const meta = (version: string) => ({
    "io.modelcontextprotocol/protocolVersion": version,
    "io.modelcontextprotocol/clientInfo": { name: "t", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": {},
  });
  const send = (
    method: string,
    params: Record<string, unknown> = {},
    headers: Record<string, string> = {},
    version = "2026-07-28",
  ) =>
    answerOf(
      post(served.url, { jsonrpc: "2.0", id: 1, method, params: { ...params, _meta: meta(version) } }, {
        "mcp-protocol-version": version,
        "mcp-method": method,
        ...headers,
      }),
    );

  expect(await send("server/discover")).toMatchObject([200, {
    result: {
      supportedVersions: ["2026-07-28"],
      capabilities: { tools: {} },
      resultType: "complete",
      instructions: expect.stringContaining("payments sandbox"),
    },
  }]);
  expect(await send("tools/list")).toMatchObject([200, {
    result: {
      tools: TOOLS.map(({ name }) => ({ name })),
    },
  }]);
  expect(
    await send("tools/call", { name: "create_payment", arguments: PAYMENT }, {
      "mcp-name": "create_payment",
    }),
  ).toMatchObject([200, { result: { structuredContent: { status: "succeeded" }, resultType: "complete" } }]);
  expect(
    await send("tools/call", { name: "create_payment", arguments: {} }, { "mcp-name": "create_payment" }),
  ).toMatchObject([200, {
    result: { isError: true, structuredContent: { error: { code: "invalid_arguments" } } },
  }]);

  expect(await send("ping")).toMatchObject([404, { error: { code: -32601 } }]);
  expect(await send("tools/destroy")).toMatchObject([404, { error: { code: -32601 } }]);
  expect(await send("tools/list", {}, {}, "2099-01-01")).toMatchObject([400, {
    error: { code: -32022, data: { supported: ["2026-07-28"], requested: "2099-01-01" } },
  }]);
  expect(await send("tools/list", {}, { "mcp-method": "tools/call" })).toMatchObject([400, {
    error: { code: -32020 },
  }]);
  expect(
    await send("tools/call", { name: "create_payment", arguments: {} }, { "mcp-name": "get_payment_status" }),
  ).toMatchObject([400, { error: { code: -32020 } }]);
});

Deno.test("another tenant's payment looks exactly like one that does not exist", async () => {
  await using served = await serveLab({ config: { jwtSecretKey: SECRET } });
  const mine = await bearer({ tenantId: "lab" });
  const theirs = await bearer({ tenantId: "other" });
  const pay = callText("create_payment", JSON.stringify({ ...PAYMENT, customer_id: "cust_ann" }));
  const [, paid] = await answerOf(post(served.url, pay, mine)) as [number, PaidAnswer];
  const paymentId = paid.result.structuredContent.payment_id;

  const status = (id: string, headers: Record<string, string>) =>
    answerOf(post(served.url, callText("get_payment_status", JSON.stringify({ payment_id: id })), headers));
  expect(await status(paymentId, mine)).toMatchObject([200, {
    result: { structuredContent: { payment_id: paymentId } },
  }]);
  const unknown = `pay_${"0".repeat(26)}`;
  const asText = (answer: unknown) => JSON.stringify(answer);
  expect(asText(await status(paymentId, theirs)).replaceAll(paymentId, unknown)).toBe(
    asText(await status(unknown, theirs)),
  );

  // Their customers, merchants and payment methods are as unknown to me as mine are to them.
  const cases: [Record<string, unknown>, string][] = [
    [{ customer_id: "cust_other" }, "unknown_customer"],
    [{ customer_id: "cust_ann", merchant_id: "merch_other" }, "unknown_merchant"],
    [{ customer_id: "cust_ann", payment_method_id: "pm_ben" }, "unknown_payment_method"],
  ];
  for (const [args, code] of cases) {
    const call = callText("create_payment", JSON.stringify({ ...PAYMENT, ...args }));
    expect(await answerOf(post(served.url, call, mine))).toMatchObject([200, {
      result: { isError: true, structuredContent: { error: { code } } },
    }]);
  }
});

Deno.test("an idempotency key belongs to the principal", async () => {
  await using served = await serveLab({ config: { jwtSecretKey: SECRET } });
  const args = { ...PAYMENT, customer_id: "cust_ann", idempotency_key: "order-1" };
  const pay = async (principal: string) => {
    const headers = await bearer({ principal });
    const [, body] = await answerOf(
      post(served.url, callText("create_payment", JSON.stringify(args)), headers),
    ) as [
      number,
      PaidAnswer,
    ];
    return body.result.structuredContent;
  };
  const first = await pay("ann");
  expect(await pay("ann")).toEqual({ ...first, replayed: true });
  const other = await pay("ben");
  expect(other.replayed).toBe(false);
  expect(other.payment_id).not.toBe(first.payment_id);
});

interface PaidAnswer {
  result: { structuredContent: { payment_id: string; replayed: boolean } };
}

/** Status and parsed body; null for an empty one. */
async function answerOf(sent: Promise<Response>): Promise<[number, unknown]> {
  const response = await sent;
  const text = await response.text();
  return [response.status, text === "" ? null : JSON.parse(text)];
}
