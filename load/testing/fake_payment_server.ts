/**
 * TEST ONLY: answers `create_payment` as the real server's contract says, with latency and faults to order. It books
 * nothing. It lets the gate be tested in seconds and without a database.
 */
export interface FakeServerOptions {
  readonly latencyMs?: number;
  /** Each so-manyth call is answered after `slowMs`. */
  readonly slowEvery?: number;
  readonly slowMs?: number;
  /** Each so-manyth call is answered as a tool error. */
  readonly errorEvery?: number;
  /** Answers a repeated key as if it were new. */
  readonly forgetsKeys?: boolean;
  readonly ready?: boolean;
  /** Answers every call with this HTTP status instead. */
  readonly status?: number;
}

export interface FakeServer {
  readonly url: string;
  readonly calls: () => number;
  close(): Promise<void>;
}

interface ToolCall {
  readonly id: number;
  readonly params: { readonly arguments: { readonly idempotency_key: string } };
}

export function startFakePaymentServer(options: FakeServerOptions = {}): FakeServer {
  const { latencyMs = 5, slowEvery = 0, slowMs = 0, errorEvery = 0 } = options;
  const paymentIds = new Map<string, string>();
  let calls = 0;

  async function createPayment(request: Request): Promise<Response> {
    const call = await request.json() as ToolCall;
    const count = ++calls;
    const isEach = (every: number) => every > 0 && count % every === 0;
    const waitMs = isEach(slowEvery) ? slowMs : latencyMs;
    const fails = isEach(errorEvery);
    const key = call.params.arguments.idempotency_key;
    const known = options.forgetsKeys ? undefined : paymentIds.get(key);
    const paymentId = known ?? `pay_${count}`;
    // Before the wait: a repeated key that overtakes its first call is still a repeated key.
    if (!fails) paymentIds.set(key, paymentId);
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    if (options.status) return new Response("ordered", { status: options.status });
    if (fails) return answer(call, { error: { code: "overloaded", retriable: true } }, true);
    return answer(call, {
      payment_id: paymentId,
      replayed: known !== undefined,
      risk_score: count % 100,
      ...statusOf(count),
      timings_ms: {
        screen: waitMs * 0.2,
        charge: waitMs * 0.6,
        settle: waitMs * 0.15,
        total: waitMs,
      },
    });
  }

  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/readyz") return new Response("", { status: options.ready === false ? 503 : 200 });
    if (pathname === "/mcp" && request.method === "POST") return createPayment(request);
    return new Response("", { status: 404 });
  });
  return { url: `http://127.0.0.1:${server.addr.port}`, calls: () => calls, close: () => server.shutdown() };
}

/** A mix of ends, by call number. */
function statusOf(count: number): Record<string, unknown> {
  if (count % 25 === 0) return { status: "declined", decline: { by: "risk", code: "high_risk" } };
  if (count % 10 === 0) return { status: "declined", decline: { by: "issuer", code: "insufficient_funds" } };
  if (count % 50 === 7) return { status: "requires_action", challenge: { asked_by: "risk" } };
  if (count % 333 === 0) return { status: "in_doubt" };
  return { status: "succeeded" };
}

function answer(call: ToolCall, structuredContent: Record<string, unknown>, isError = false): Response {
  const content = [{ type: "text", text: JSON.stringify(structuredContent) }];
  return Response.json({ jsonrpc: "2.0", id: call.id, result: { content, structuredContent, isError } });
}
