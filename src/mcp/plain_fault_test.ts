import { expect } from "expect";
import { post, serveApp } from "../http/testing/serve_lab.ts";
import { plainly } from "./plain_fault.ts";

const ODD = [null, true, 0, -1, 1.5, "x", "", [], [1], {}, { a: 1 }];
const ENVELOPE = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "raw", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": { elicitation: {} },
};
const METHODS = [
  "initialize",
  "ping",
  "tools/list",
  "tools/call",
  "server/discover",
  "resources/list",
  "completion/complete",
  "notifications/cancelled",
  "subscriptions/listen",
  "nope",
];

Deno.test("parameters that do not fit are the caller's fault, in one short sentence", async () => {
  await using served = serveApp();
  const cases: [method: string, params: unknown, message: string][] = [
    ["initialize", {}, "Invalid request: params.protocolVersion: must be a text."],
    ["initialize", undefined, "Invalid request: params: must be an object."],
    ["tools/list", { cursor: 1 }, "Invalid request: params.cursor: must be a text."],
    ["tools/call", {}, "Invalid tools/call request: params.name: must be a text."],
    [
      "tools/call",
      { name: "create_payment", arguments: [] },
      "Invalid tools/call request: params.arguments: must be an object.",
    ],
  ];
  for (const [method, params, message] of cases) {
    const response = await post(served.url, { jsonrpc: "2.0", id: 1, method, params });
    expect((await response.json()).error).toEqual({
      code: -32602,
      message,
      data: { code: "invalid_params" },
    });
  }
});

Deno.test("a message that is none names the member at fault, and what is expected there", async () => {
  await using served = serveApp();
  const call = { name: "no_such_tool", arguments: {} };
  const cases: [part: Record<string, unknown>, code: number, field: string | undefined, message: string][] = [
    [
      { method: "tools/call", params: { ...call, _meta: 5 } },
      -32602,
      "params._meta",
      "expected object, received number",
    ],
    [
      { method: "tools/call", params: { ...call, _meta: null } },
      -32602,
      "params._meta",
      "expected object, received null",
    ],
    [
      { method: "tools/call", params: { ...call, _meta: { progressToken: {} } } },
      -32602,
      "params._meta.progressToken",
      "expected string or integer, received object",
    ],
    [{ method: "initialize", params: [1] }, -32602, "params", "expected object, received array"],
    [{ method: 7 }, -32600, "method", "expected string, received number"],
    [{ method: "ping", jsonrpc: 2 }, -32600, "jsonrpc", 'expected "2.0", received number'],
    [{ method: "ping", colour: "red" }, -32600, "colour", "not a member of a JSON-RPC message"],
  ];
  const headersOfEras: Record<string, string>[] = [{}, {
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "tools/call",
  }];
  for (const headers of headersOfEras) {
    for (const [part, code, field, message] of cases) {
      const response = await post(served.url, { jsonrpc: "2.0", id: "call-1", ...part }, headers);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        id: "call-1",
        error: { code, message: `Invalid request: ${field}: ${message}.`, data: { field } },
      });
    }
  }
});

Deno.test("no malformed message is answered as a fault of the server, with its validator's findings or a stack", async () => {
  await using served = serveApp();
  const messages: [Record<string, unknown> | unknown[], Record<string, string>][] = [];
  for (const odd of ODD) {
    for (const method of METHODS) {
      messages.push([{ jsonrpc: "2.0", id: 1, method, params: odd }, {}]);
      messages.push([
        { jsonrpc: "2.0", id: 1, method, params: { ...Object(odd) as object, _meta: ENVELOPE } },
        { "mcp-protocol-version": "2026-07-28", "mcp-method": method },
      ]);
    }
    for (const name of ["name", "arguments", "_meta", "task"]) {
      const params = { name: "no_such_tool", arguments: {}, [name]: odd };
      messages.push([{ jsonrpc: "2.0", id: 1, method: "tools/call", params }, {}]);
    }
    for (const name of ["protocolVersion", "capabilities", "clientInfo"]) {
      const clientInfo = { name: "x", version: "1" };
      const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo, [name]: odd };
      messages.push([{ jsonrpc: "2.0", id: 1, method: "initialize", params }, {}]);
    }
    for (const name of Object.keys(ENVELOPE)) {
      messages.push([
        { jsonrpc: "2.0", id: 1, method: "tools/list", params: { _meta: { ...ENVELOPE, [name]: odd } } },
        { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/list" },
      ]);
    }
    messages.push([{ jsonrpc: "2.0", id: odd, method: "tools/list" }, {}], [
      { jsonrpc: odd, id: 1, method: "tools/list" },
      {},
    ], [[odd], {}]);
  }
  const unfit: unknown[] = [];
  for (const [message, headers] of messages) {
    const response = await post(served.url, message, headers);
    const text = await response.text();
    if (response.status >= 500 || /-32603|invalid_type|invalid_union|file:\/\/|ZodError/.test(text)) {
      unfit.push({ message, status: response.status, text: text.slice(0, 300) });
    }
  }
  expect(unfit).toEqual([]);
  expect(messages.length).toBeGreaterThan(300);
});

Deno.test("each error of the protocol has a stable code, in both eras", async () => {
  await using served = serveApp();
  const cases: [method: string, params: Record<string, unknown>, code: string][] = [
    ["nope", {}, "unknown_method"],
    ["tools/call", {}, "invalid_params"],
    ["tools/call", { name: 5 }, "invalid_params"],
  ];
  for (const [method, params, code] of cases) {
    const modern = { "mcp-protocol-version": "2026-07-28", "mcp-method": method };
    const sent: [unknown, Record<string, string>][] = [[params, {}], [
      { ...params, _meta: ENVELOPE },
      modern,
    ]];
    for (const [sentParams, headers] of sent) {
      const response = await post(
        served.url,
        { jsonrpc: "2.0", id: 1, method, params: sentParams },
        headers,
      );
      const { error } = await response.json();
      expect({ method, headers, code: error.data?.code }).toEqual({ method, headers, code });
    }
  }
});

Deno.test("plainly() leaves every other message as it is", () => {
  const others = [
    { jsonrpc: "2.0", id: 1, result: {} },
    { jsonrpc: "2.0", id: 1, error: { code: -32601, message: "Odd", data: { code: "odd" } } },
    { jsonrpc: "2.0", id: 1, error: { code: -32603, message: "It failed on [1, 2]" } },
    { jsonrpc: "2.0", id: 1, error: { code: -32602, message: 'Odd: [{"no": "finding"}]', data: [1] } },
  ] as const;
  for (const message of others) expect(plainly(message)).toBe(message);
});
