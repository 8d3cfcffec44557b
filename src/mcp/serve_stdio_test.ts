import fc from "fast-check";
import { expect } from "expect";
import { PassThrough } from "node:stream";
import type { CallToolDependencies } from "./call_tool.ts";
import { createMcpServer } from "./mcp_server.ts";
import { LINE_MAX_BYTES } from "./message_lines.ts";
import { serveOnStdio } from "./serve_stdio.ts";

const calls: CallToolDependencies = {
  payments: {} as CallToolDependencies["payments"],
  wallets: {} as CallToolDependencies["wallets"],
  simulatedTime: "off",
  events: { call: () => {}, fault: () => {} },
};

/** A server over streams, with all that it answered and what it noted. */
function serve() {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const answers: Record<string, unknown>[] = [];
  const errors: string[] = [];
  let rest = "";
  output.on("data", (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    // Each line it writes is one JSON object, whatever it has read.
    answers.push(...lines.map((line) => JSON.parse(line)));
  });
  const caller = { tenantId: "t", principal: "p", scopes: new Set(["payments", "wallets"]) };
  const serving = serveOnStdio({
    input,
    output,
    createServer: () => createMcpServer(caller, () => "req_1", calls),
    drainMaxMs: 5_000,
    onError: (error) => errors.push(error.message),
  });
  return {
    answers,
    errors,
    write: (line: string | Uint8Array) => void (input.write(line), input.write("\n")),
    end: async (last = "") => {
      input.end(last);
      await serving.ended;
      expect(rest).toBe("");
    },
  };
}

const message = (part: Record<string, unknown>) => JSON.stringify({ jsonrpc: "2.0", ...part });

Deno.test("over stdio, too, whoever sends what is no message is told what is wrong, and the next message is served", async () => {
  const cases: [line: string, id: unknown, code: number, message: string][] = [
    ["not json", null, -32700, "The line is not JSON in UTF-8."],
    ["{", null, -32700, "The line is not JSON in UTF-8."],
    ["null", null, -32600, "Invalid request: the message: expected object, received null."],
    ["5", null, -32600, "Invalid request: the message: expected object, received number."],
    ["[]", null, -32600, "Invalid request: the message: expected object, received array."],
    ["{}", null, -32600, 'Invalid request: jsonrpc: expected "2.0", received nothing.'],
    ['{"jsonrpc":"1.0","id":3}', 3, -32600, 'Invalid request: jsonrpc: expected "2.0", received "1.0".'],
    [
      message({ id: {}, method: "ping" }),
      null,
      -32600,
      "Invalid request: id: expected string or integer, received object.",
    ],
    [
      message({ id: null, method: "ping" }),
      null,
      -32600,
      "Invalid request: id: expected string or integer, received null.",
    ],
    [
      '{"jsonrpc":"2.0","id":1e400,"method":"ping"}',
      null,
      -32600,
      "Invalid request: id: expected string or integer, received a number that is no safe integer.",
    ],
    [message({ id: 5, method: 7 }), 5, -32600, "Invalid request: method: expected string, received number."],
    [
      message({ id: 6, method: "initialize", params: 5 }),
      6,
      -32602,
      "Invalid request: params: expected object, received number.",
    ],
    [
      message({ id: "m", method: "tools/call", params: { name: "x", _meta: 5 } }),
      "m",
      -32602,
      "Invalid request: params._meta: expected object, received number.",
    ],
    [
      message({ id: 7, method: "ping", params: { _meta: { progressToken: [] } } }),
      7,
      -32602,
      "Invalid request: params._meta.progressToken: expected string or integer, received array.",
    ],
    [
      message({ id: 8, method: "ping", extra: 1 }),
      8,
      -32600,
      "Invalid request: extra: not a member of a JSON-RPC message.",
    ],
    [
      '{"jsonrpc":"2.0","id":9,"method":"ping","params":{"_meta":{"a\\u006d":1,"am":2}}}',
      null,
      -32600,
      'The message gives the member "am" twice. Send it once.',
    ],
    [message({ id: 9, method: "nope" }), 9, -32601, "Method not found"],
    [
      "[".repeat(100_000) + "]".repeat(100_000),
      null,
      -32600,
      "The message is nested more than 64 levels deep.",
    ],
    [
      message({ id: 10, method: "ping", params: { deep: JSON.parse("[".repeat(70) + "]".repeat(70)) } }),
      10,
      -32600,
      "The message is nested more than 64 levels deep.",
    ],
    [
      '{"jsonrpc":"2.0","id":11,"method":"ping","params":{"__proto__":{}}}',
      11,
      -32600,
      'The message has a member named "__proto__". Leave it out.',
    ],
    [
      message({ id: 12, method: "x".repeat(LINE_MAX_BYTES) }),
      null,
      -32600,
      `A message is at most ${LINE_MAX_BYTES} bytes long.`,
    ],
  ];
  const served = serve();
  served.write("");
  served.write(" \r");
  for (const [line] of cases) served.write(line);
  served.write(new Uint8Array([0x22, 0xff, 0x22]));
  // Nobody waits for an answer to these.
  served.write(message({ method: "notifications/cancelled", params: 5 }));
  served.write(message({ id: 13, result: 7 }));
  const longId = "i".repeat(100_000);
  await served.end(message({ id: longId, method: "ping" }));
  const told = served.answers.flatMap(({ id, error }) => {
    if (error === undefined) return [];
    const { code, message } = error as { code: number; message: string };
    return [{ id, code, message }];
  });
  const unreadable = { id: null, code: -32700, message: "The line is not JSON in UTF-8." };
  const expected = [...cases.map(([, id, code, message]) => ({ id, code, message })), unreadable];
  expect(told.sort(byId)).toEqual(expected.sort(byId));
  expect(served.answers.find(({ id }) => id === longId)).toEqual({ jsonrpc: "2.0", id: longId, result: {} });
  expect(served.errors.length).toBe(2);
});

function byId(a: { id: unknown; message: string }, b: { id: unknown; message: string }): number {
  return `${a.id} ${a.message}` < `${b.id} ${b.message}` ? -1 : 1;
}

/** What a client that is not well may send, from bytes to messages that are nearly right. */
const odd = fc.oneof(
  fc.constantFrom(null, true, 0, -1, 1.5, 2 ** 53, "", "x", [], {}),
  fc.jsonValue({ maxDepth: 3 }),
);
const nearlyMessage = fc.record({
  jsonrpc: fc.oneof({ weight: 8, arbitrary: fc.constant<unknown>("2.0") }, odd),
  id: fc.oneof(
    { weight: 4, arbitrary: fc.oneof(fc.integer(), fc.string(), fc.constant("9".repeat(5_000))) },
    odd,
  ),
  method: fc.oneof(
    {
      weight: 8,
      arbitrary: fc.constantFrom<unknown>(
        "initialize",
        "ping",
        "tools/list",
        "tools/call",
        "server/discover",
        "nope",
        "toString",
      ),
    },
    odd,
  ),
  params: fc.oneof(
    odd,
    fc.record({
      name: odd,
      arguments: odd,
      _meta: odd,
      protocolVersion: odd,
      capabilities: odd,
      clientInfo: odd,
      cursor: odd,
    }, {
      requiredKeys: [],
    }),
  ),
}, { requiredKeys: [] });
const line = fc.oneof(
  { weight: 6, arbitrary: nearlyMessage.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: fc.string().map((text) => text.replaceAll("\n", " ")) },
  { weight: 1, arbitrary: nearlyMessage.map((value) => JSON.stringify(value).slice(0, -1)) },
  { weight: 1, arbitrary: fc.uint8Array().map((bytes) => bytes.map((byte) => byte === 10 ? 0 : byte)) },
);

Deno.test("no line stops a server on stdio: each request is answered once, in JSON-RPC, and no fault is the server's", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 40 }), async (lines) => {
      const served = serve();
      const asked = new Map<unknown, number>();
      for (const one of lines) {
        served.write(one);
        const id = requestIdOf(one);
        if (id !== undefined) asked.set(id, (asked.get(id) ?? 0) + 1);
      }
      served.write(message({ id: "the last one", method: "ping" }));
      await served.end();
      for (const answer of served.answers) {
        expect(answer.jsonrpc).toBe("2.0");
        expect("result" in answer !== "error" in answer).toBe(true);
        const { error } = answer as { error?: { code: number; message: string } };
        if (error === undefined) continue;
        expect(error.code).not.toBe(-32603);
        expect(error.message).not.toMatch(/invalid_type|invalid_union|ZodError|file:\/\/|\n\s+at /);
      }
      const answersTo = (id: unknown) => served.answers.filter((answer) => answer.id === id).length;
      expect(answersTo("the last one")).toBe(1);
      // Of requests with one id at a time the protocol answers each; of others it may not tell them apart.
      for (const [id, count] of asked) {
        if (count === 1) expect({ id, answers: answersTo(id) }).toEqual({ id, answers: 1 });
      }
    }),
    { numRuns: 150 },
  );
});

/** Of a line that asks something and can be told by its id. */
function requestIdOf(line: string | Uint8Array): string | number | undefined {
  if (typeof line !== "string") return undefined;
  try {
    const value = JSON.parse(line);
    const { id } = value;
    const isAsked = !Array.isArray(value) && !("result" in value) && !("error" in value);
    return isAsked && (typeof id === "string" || Number.isSafeInteger(id)) ? id : undefined;
  } catch {
    return undefined;
  }
}

Deno.test("an amount of more digits than a number keeps is judged as it was written, over stdio as over HTTP", async () => {
  const served = serve();
  const line = (amount: string) =>
    `{"jsonrpc":"2.0","id":"${amount}","method":"tools/call","params":{"name":"create_payment","arguments":` +
    `{"amount":${amount},"currency":"USD","method":"card","customer_id":"cust_123"}}}`;
  // Rounded they would be 1 and 1.
  for (const amount of ["0.99999999999999999999", "1.00000000000000000001"]) served.write(line(amount));
  await served.end();
  expect(served.answers.length).toBe(2);
  for (const { result } of served.answers) {
    expect(result).toMatchObject({ isError: true, structuredContent: { error: { code: "invalid_amount" } } });
  }
});
