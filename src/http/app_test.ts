import { expect } from "expect";
import { BODY_MAX_BYTES } from "./read_body.ts";
import { TOOLS } from "../mcp/catalog.ts";
import type { Scope } from "./authenticate.ts";
import {
  bearer,
  callText,
  callTool,
  errorOf,
  post,
  SECRET,
  serveApp,
  type ServedApp,
  type ToolResult,
} from "./testing/serve_lab.ts";
import { Metrics } from "./metrics.ts";
import { rawRequest } from "./testing/raw_request.ts";

const PING = { jsonrpc: "2.0", id: 1, method: "ping" };
const TOKENS = { jwtSecretKey: SECRET };

Deno.test("every answer has a request id of its own, which the body of a refusal repeats", async () => {
  await using served = serveApp();
  const ids = new Set<string>();
  for (const path of ["/mcp", "/healthz", "/readyz", "/metrics", "/nowhere"]) {
    const response = await fetch(new URL(path, served.url));
    const id = response.headers.get("x-request-id")!;
    expect(id).toMatch(/^req_[0-9a-z]{26}$/);
    const text = await response.text();
    if (!response.ok) expect(JSON.parse(text).error.data.request_id).toBe(id);
    ids.add(id);
  }
  const ping = await post(served.url, PING);
  ids.add(ping.headers.get("x-request-id")!);
  expect(await ping.json()).toEqual({ jsonrpc: "2.0", id: 1, result: {} });
  expect(ids.size).toBe(6);
});

Deno.test("a refusal before the protocol has its status and a stable code", async () => {
  await using served = serveApp();
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const cases: [string, string, RequestInit, string][] = [
    // what              path       request                                             status and code
    ["reading the endpoint", "/mcp", {}, "405 method_not_allowed"],
    ["ending a session", "/mcp", { method: "DELETE" }, "405 method_not_allowed"],
    ["putting", "/mcp", { method: "PUT", body: "{}" }, "405 method_not_allowed"],
    ["preflight without an origin", "/mcp", { method: "OPTIONS" }, "405 method_not_allowed"],
    ["another path", "/", {}, "404 not_found"],
    ["another path below", "/mcp/", { method: "POST", body: "{}" }, "404 not_found"],
    ["posting to another path", "/healthz", { method: "POST", body: "{}" }, "404 not_found"],
    ["a form", "/mcp", { method: "POST", headers: form, body: "{}" }, "415 unsupported_media_type"],
    ["plain text", "/mcp", { method: "POST", body: "{}" }, "415 unsupported_media_type"],
    [
      "no content type",
      "/mcp",
      { method: "POST", body: new Uint8Array([123, 125]) },
      "415 unsupported_media_type",
    ],
    ["no JSON", "/mcp", json("{"), "400 invalid_json"],
    ["an empty body", "/mcp", json(""), "400 invalid_json"],
    ["100,000 levels", "/mcp", json("[".repeat(100_000) + "]".repeat(100_000)), "400 too_deep"],
    [
      "a prototype",
      "/mcp",
      json('{"jsonrpc":"2.0","id":1,"method":"ping","params":{"__proto__":{}}}'),
      "400 forbidden_name",
    ],
    ["a body of 1 MiB and a byte", "/mcp", json(" ".repeat(BODY_MAX_BYTES + 1)), "413 body_too_large"],
    ["an empty batch", "/mcp", json("[]"), "400 invalid_batch"],
    ["a batch that is too long", "/mcp", json(JSON.stringify(Array(51).fill(PING))), "400 invalid_batch"],
    ["a batch with one id twice", "/mcp", json(JSON.stringify([PING, PING])), "400 invalid_batch"],
  ];
  for (const [what, path, init, expected] of cases) {
    const response = await fetch(new URL(path, served.url), init);
    const body = await response.json();
    expect({ what, outcome: `${response.status} ${body.error.data.code}` }).toEqual({
      what,
      outcome: expected,
    });
    expect({ what, body }).toEqual({
      what,
      body: {
        jsonrpc: "2.0",
        id: null,
        error: {
          code: expect.any(Number),
          message: expect.stringMatching(/^[A-Z].{15,}\.$/),
          data: { code: expect.any(String), request_id: response.headers.get("x-request-id") },
        },
      },
    });
    if (response.status === 405) expect(response.headers.get("allow")).toBe("POST");
  }
});

Deno.test("JSON content types are taken with and without a charset", async () => {
  await using served = serveApp();
  for (const type of ["application/json", "application/json; charset=utf-8", "Application/JSON"]) {
    const response = await post(served.url, PING, { "content-type": type });
    expect({ type, status: response.status, body: await response.json() }).toMatchObject({
      type,
      status: 200,
    });
  }
});

Deno.test("Host and Origin must be local, the server's own, or allowed", async () => {
  await using served = serveApp({
    config: {
      ...TOKENS,
      host: "10.0.0.7",
      allowedHosts: ["pay.example.com"],
      allowedOrigins: ["app.example.com"],
    },
  });
  const port = new URL(served.url).port;
  const cases: [Record<string, string>, string][] = [
    // headers                                                             outcome
    [{ Host: `127.0.0.1:${port}` }, "200"],
    [{ Host: `localhost:${port}` }, "200"],
    [{ Host: `[::1]:${port}` }, "200"],
    [{ Host: "10.0.0.7" }, "200"],
    [{ Host: "pay.example.com" }, "200"],
    [{ Host: "PAY.example.com:443" }, "200"],
    [{ Host: "evil.example" }, "403 host_not_allowed"],
    [{ Host: "localhost.evil.example" }, "403 host_not_allowed"],
    [{ Host: "127.0.0.1@evil.example" }, "403 host_not_allowed"],
    [{ Host: "pay.example.com.evil.example" }, "403 host_not_allowed"],
    [{ Host: "a b" }, "403 host_not_allowed"],
    [{ Host: "localhost:99999" }, "403 host_not_allowed"],
    [{ Host: "" }, "403 host_not_allowed"],
    [{}, "403 host_not_allowed"],
    [{ Host: "localhost", Origin: "http://localhost:6274" }, "200"],
    [{ Host: "localhost", Origin: "https://app.example.com" }, "200"],
    [{ Host: "localhost", Origin: "https://evil.example" }, "403 origin_not_allowed"],
    [{ Host: "localhost", Origin: "https://app.example.com.evil.example" }, "403 origin_not_allowed"],
    [{ Host: "localhost", Origin: "null" }, "403 origin_not_allowed"],
    [{ Host: "localhost", Origin: "file://" }, "403 origin_not_allowed"],
    [{ Host: "evil.example", Origin: "https://evil.example" }, "403 host_not_allowed"],
  ];
  for (const path of ["/metrics"]) {
    for (const [headers, expected] of cases) {
      const { status, body } = await rawRequest(served.url, { path, headers });
      const outcome = status === 200 ? "200" : `${status} ${JSON.parse(body).error.data.code}`;
      expect({ path, headers, outcome }).toEqual({ path, headers, outcome: expected });
    }
  }
});

Deno.test("a server on a wildcard address is not addressed by it", async () => {
  await using served = serveApp({ config: { ...TOKENS, host: "0.0.0.0" } });
  expect((await rawRequest(served.url, { path: "/metrics", headers: { Host: "0.0.0.0" } })).status).toBe(403);
});

Deno.test("probes are answered by whatever address they come", async () => {
  await using served = serveApp();
  for (const path of ["/healthz", "/readyz"]) {
    expect((await rawRequest(served.url, { path, headers: { Host: "10.4.0.17:8000" } })).status).toBe(200);
  }
});

Deno.test("a web page of an allowed origin may call and read, another may not", async () => {
  await using served = serveApp({ config: { allowedOrigins: ["app.example.com"] } });
  const origin = "https://app.example.com";
  const preflight = await fetch(served.url, {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type,authorization,mcp-protocol-version",
    },
  });
  expect(preflight.status).toBe(204);
  expect(Object.fromEntries(preflight.headers)).toMatchObject({
    "access-control-allow-origin": origin,
    "access-control-allow-methods": "GET,POST",
    "access-control-allow-headers": "content-type,authorization,mcp-protocol-version",
  });
  const call = await post(served.url, PING, { origin });
  expect(await call.json()).toHaveProperty("result");
  expect(call.headers.get("access-control-allow-origin")).toBe(origin);
  expect(call.headers.get("access-control-expose-headers")).toContain("x-request-id");
  expect(call.headers.get("access-control-allow-credentials")).toBe(null);

  const refused = await post(served.url, PING, { origin: "https://evil.example" });
  expect(refused.status).toBe(403);
  expect(refused.headers.get("access-control-allow-origin")).toBe(null);
  await refused.body?.cancel();
});

Deno.test("a body that does not arrive is answered with 408 after READ_TIMEOUT_MS", async () => {
  await using served = serveApp({ config: { readTimeoutMs: 100 } });
  const { status, body, headers } = await rawRequest(served.url, {
    method: "POST",
    headers: { Host: "localhost", "Content-Type": "application/json", "Content-Length": "50" },
    body: '{"jsonrpc"',
  });
  expect(status).toBe(408);
  expect(headers).toContain("connection: close");
  expect(JSON.parse(body).error).toMatchObject({
    message: "The body did not arrive within 100 ms.",
    data: { code: "read_timeout" },
  });
});

Deno.test("a body of more than 1 MiB is refused by its length alone, before it is sent", async () => {
  await using served = serveApp();
  const { status, body } = await rawRequest(served.url, {
    method: "POST",
    headers: { Host: "localhost", "Content-Type": "application/json", "Content-Length": "1073741824" },
  });
  expect(status).toBe(413);
  expect(JSON.parse(body).error.data.code).toBe("body_too_large");
});

Deno.test("a caller without a good token gets 401 and is told how to get one", async () => {
  await using served = serveApp({ config: TOKENS });
  const cases: [string, Record<string, string>, RegExp, Record<string, string>][] = [
    ["no token", {}, /^No bearer token/, {}],
    ["an expired one", await bearer({ expiresInS: -1 }), /expired/, {
      error: "invalid_token",
      error_description: "The token was refused: it has expired.",
    }],
  ];
  for (const [what, headers, message, challenge] of cases) {
    const response = await post(served.url, PING, headers);
    const { error } = await response.json();
    expect({ what, status: response.status, error }).toMatchObject({
      status: 401,
      error: { message: expect.stringMatching(message), data: { code: "unauthorized" } },
    });
    expect(challengeOf(response)).toEqual({
      realm: "mcp-payments-lab",
      scope: "payments wallets",
      resource_metadata: new URL("/.well-known/oauth-protected-resource/mcp", served.url).href,
      ...challenge,
    });
  }
  const known = await post(served.url, PING, await bearer());
  expect({ status: known.status, body: await known.json() }).toMatchObject({
    status: 200,
    body: { result: {} },
  });
  for (const path of ["/healthz", "/readyz", "/metrics"]) {
    const open = await fetch(new URL(path, served.url));
    expect({ path, status: open.status, text: typeof await open.text() }).toMatchObject({
      path,
      status: 200,
    });
  }
});

Deno.test("a tool outside the token's scopes is refused with the missing scope, before its arguments are looked at", async () => {
  await using served = serveApp({ config: TOKENS });
  const headers = await bearer({ scopes: ["wallets", "analytics"] });
  for (const args of ["{}", '{"amount":1,"currency":"USD","method":"card","customer_id":"cust_ann"}']) {
    const response = await post(served.url, callText("create_payment", args), headers);
    expect({ status: response.status, body: await response.json() }).toMatchObject({
      status: 403,
      body: {
        id: 1,
        error: {
          message:
            `The token's scopes do not allow create_payment. Ask for a token with the scope "payments".`,
          data: { code: "forbidden" },
        },
      },
    });
    expect(challengeOf(response)).toEqual({
      realm: "mcp-payments-lab",
      error: "insufficient_scope",
      error_description: "The token's scopes do not allow create_payment.",
      scope: "payments",
      resource_metadata: new URL("/.well-known/oauth-protected-resource/mcp", served.url).href,
    });
  }
  const metrics = await (await fetch(new URL("/metrics", served.url))).text();
  expect(metrics).toContain('mcp_calls_total{tool_name="create_payment",status="forbidden"} 2');
});

Deno.test("in a batch, a call outside the token's scopes is refused as its own result", async () => {
  await using served = serveApp({ config: TOKENS });
  const call = JSON.parse(callText("create_payment", "{}"));
  const response = await post(served.url, [PING, { ...call, id: 2 }], await bearer({ scopes: ["wallets"] }));
  const answers = await response.json() as { id: number; result: ToolResult }[];
  expect(answers.map(({ id }) => id).sort()).toEqual([1, 2]);
  expect(errorOf(answers.find(({ id }) => id === 2)!.result)).toEqual({
    code: "forbidden",
    message: "The token's scopes do not allow create_payment.",
    retriable: false,
    next_move: 'Ask for a token with the scope "payments".',
  });
});

Deno.test("tools/list shows a caller the tools of its scopes, and an unknown tool's error names no others", async () => {
  await using served = serveApp({ config: TOKENS });
  const cases: [Scope[], string[]][] = [
    [["payments"], TOOLS.filter(({ scope }) => scope === "payments").map(({ name }) => name)],
    [["wallets"], TOOLS.filter(({ scope }) => scope === "wallets").map(({ name }) => name)],
    [
      ["wallets", "payments"],
      TOOLS.filter(({ scope }) => /payments|wallets/.test(scope)).map(({ name }) => name),
    ],
    [["simulate"], []],
  ];
  for (const [scopes, expected] of cases) {
    const headers = await bearer({ scopes });
    const response = await post(served.url, { jsonrpc: "2.0", id: 1, method: "tools/list" }, headers);
    const { result } = await response.json() as { result: { tools: { name: string }[] } };
    expect(result.tools.map(({ name }) => name)).toEqual(expected);
    const { next_move } = errorOf(await callTool(served.url, "no_such_tool", {}, headers));
    expect(next_move).toBe(`Use one of ${expected.join(", ")}.`);
  }
});

Deno.test("the protected resource metadata says where a token is got and what it may carry", async () => {
  const issuer = "https://id.example.com/realm";
  for (const path of ["", "/mcp"]) {
    await using served = serveApp({ config: { ...TOKENS, jwtIssuer: issuer } });
    const response = await fetch(new URL(`/.well-known/oauth-protected-resource${path}`, served.url));
    expect({ status: response.status, body: await response.json() }).toEqual({
      status: 200,
      body: {
        resource: served.url,
        authorization_servers: [issuer],
        // Not "simulate": no client is to ask for what moves a tenant's clock.
        scopes_supported: ["payments", "wallets", "analytics", "monitoring", "compliance"],
        bearer_methods_supported: ["header"],
        resource_name: "mcp-payments-lab",
      },
    });
  }
  await using behindProxy = serveApp({ config: { ...TOKENS, publicUrl: "https://pay.example.com" } });
  const document = await fetch(new URL("/.well-known/oauth-protected-resource/mcp", behindProxy.url));
  const metadata = await document.json();
  expect(metadata.resource).toBe("https://pay.example.com/mcp");
  expect(metadata).not.toHaveProperty("authorization_servers");
  const refused = await post(behindProxy.url, PING);
  expect(challengeOf(refused).resource_metadata).toBe(
    "https://pay.example.com/.well-known/oauth-protected-resource/mcp",
  );
  await refused.body?.cancel();

  await using open = serveApp();
  const none = await fetch(new URL("/.well-known/oauth-protected-resource/mcp", open.url));
  expect({ status: none.status, body: await none.json() }).toMatchObject({
    status: 404,
    body: { error: { data: { code: "no_tokens" } } },
  });
});

Deno.test("API_RATE_LIMIT counts messages per principal and says when to come back", async () => {
  await using served = serveApp({ config: { ...TOKENS, rateLimit: { calls: 3, perSeconds: 3600 } } });
  const ann = await bearer({ principal: "ann" });
  for (let call = 1; call <= 3; call++) expect(await statusOf(post(served.url, PING, ann))).toBe(200);
  const refused = await post(served.url, PING, ann);
  const { error } = await refused.json();
  expect({ status: refused.status, error }).toMatchObject({
    status: 429,
    error: { data: { code: "rate_limited" } },
  });
  const retryAfterS = Number(refused.headers.get("retry-after"));
  expect(retryAfterS).toBeGreaterThan(0);
  expect(retryAfterS).toBeLessThanOrEqual(3600);
  expect(error.message).toBe(`More than 3 calls in 3600 s. Call again in ${retryAfterS} s.`);

  // Another principal, and the same name in another tenant, have their own count.
  expect(await statusOf(post(served.url, PING, await bearer({ principal: "ben" })))).toBe(200);
  expect(await statusOf(post(served.url, PING, await bearer({ principal: "ann", tenantId: "other" })))).toBe(
    200,
  );
  // A new token does not start a new count.
  expect(await statusOf(post(served.url, PING, await bearer({ principal: "ann", expiresInS: 900 })))).toBe(
    429,
  );
});

Deno.test("API_RATE_LIMIT counts each message of a batch", async () => {
  await using served = serveApp({ config: { rateLimit: { calls: 3, perSeconds: 3600 } } });
  const batch = [1, 2].map((id) => ({ ...PING, id }));
  expect(await statusOf(post(served.url, batch))).toBe(200);
  expect(await statusOf(post(served.url, batch))).toBe(429);
});

Deno.test("/readyz says when the server is draining, /healthz stays well", async () => {
  let draining = false;
  await using served = serveApp({ isDraining: () => draining });
  expect(await statusOf(fetch(new URL("/readyz", served.url)))).toBe(200);
  draining = true;
  const response = await fetch(new URL("/readyz", served.url));
  expect({ status: response.status, body: await response.json() }).toEqual({
    status: 503,
    body: { status: "draining" },
  });
  expect(await statusOf(fetch(new URL("/healthz", served.url)))).toBe(200);
});

Deno.test("with METRICS_TOKEN, /metrics is for whoever brings it, and no caller's token will do", async () => {
  const metricsToken = "scrape-0123456789abcdef";
  await using served = serveApp({ config: { ...TOKENS, metricsToken } });
  const read = (headers: Record<string, string>) =>
    statusOf(fetch(new URL("/metrics", served.url), { headers }));
  expect(await read({})).toBe(401);
  expect(await read(await bearer())).toBe(401);
  expect(await read({ authorization: `Bearer ${metricsToken}x` })).toBe(401);
  expect(await read({ authorization: metricsToken })).toBe(401);
  expect(await read({ authorization: `Bearer ${metricsToken}` })).toBe(200);
  expect(await statusOf(fetch(new URL("/healthz", served.url)))).toBe(200);
});

Deno.test("a token that may call tools and decide about them as well calls none", async () => {
  await using served = serveApp({ config: TOKENS });
  for (const scopes of [["payments", "approvals:decide"], ["approvals:decide", "simulate"]] as Scope[][]) {
    const response = await post(served.url, PING, await bearer({ scopes }));
    expect({ status: response.status, body: await response.json() }).toMatchObject({
      status: 401,
      body: { error: { message: expect.stringContaining("approvals:decide") } },
    });
  }
  expect((await post(served.url, PING, await bearer({ scopes: ["payments", "simulate"] }))).status).toBe(200);
  // A person's own has no tools to call, and is otherwise as good as any.
  expect((await post(served.url, PING, await bearer({ scopes: ["approvals:decide"] }))).status).toBe(200);
});

Deno.test("/metrics counts by closed lists of labels, never by a caller's text", async () => {
  await using served = serveApp();
  await statusOf(fetch(new URL("/secret-path-of-a-caller", served.url)));
  await callTool(served.url, "secret_tool_of_a_caller", {});
  const text = await (await fetch(new URL("/metrics", served.url))).text();
  expect(text).toContain('mcp_calls_total{tool_name="unknown",status="unknown_tool"} 1');
  expect(text).toContain('mcp_call_duration_seconds_count{tool_name="unknown"} 1');
  expect(text).toContain('http_requests_total{route="other",code="404"} 1');
  expect(text).not.toContain("of_a_caller");
  expect(text).not.toContain("of-a-caller");
});

Deno.test("a busy event loop shows in event_loop_lag_seconds", async () => {
  const metrics = new Metrics();
  const stop = metrics.watchEventLoop();
  const untilMs = performance.now() + 700;
  while (performance.now() < untilMs);
  await new Promise((resolve) => setTimeout(resolve, 20));
  stop();
  const text = await metrics.registry.metrics();
  const count = (le: string) => {
    const start = `event_loop_lag_seconds_bucket{le="${le}"} `;
    return Number(text.split("\n").find((line) => line.startsWith(start))!.slice(start.length));
  };
  expect(count("+Inf")).toBeGreaterThan(count("0.5"));
});

Deno.test("a fault of the server is logged in full and answered without detail", async () => {
  await using served = serveApp();
  const args = { amount: 1, currency: "USD", method: "card", customer_id: "cust_123" };
  const result = await callTool(served.url, "create_payment", args);
  expect(errorOf(result)).toMatchObject({ code: "internal", retriable: true });
  expect(JSON.stringify(result)).not.toMatch(/This test has no payments|\.ts:|\s{4}at /);
  expect(faults(served)).toEqual([{
    tool: "create_payment",
    error: expect.stringContaining("This test has no payments"),
  }]);
});

function faults(served: ServedApp) {
  return served.log.filter(({ event }) => event === "call_failed")
    .map(({ fields: { tool, error } }) => ({ tool, error }));
}

/** The parameters of a WWW-Authenticate header. */
function challengeOf(response: Response): Record<string, string> {
  const header = response.headers.get("www-authenticate")!;
  expect(header).toMatch(/^Bearer /);
  return Object.fromEntries(
    [...header.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]),
  );
}

function json(body: string): RequestInit {
  return { method: "POST", headers: { "content-type": "application/json" }, body };
}

async function statusOf(answer: Promise<Response>): Promise<number> {
  const response = await answer;
  await response.body?.cancel();
  return response.status;
}
