import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { expect } from "expect";
import { fileURLToPath } from "node:url";
import { inSharedSpan, inSpan, tracePoint } from "../core/trace.ts";
import { callText, post } from "./testing/serve_lab.ts";

interface ExportedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly attributes: { key: string; value: { stringValue?: string; intValue?: string } }[];
  readonly links?: { traceId: string; spanId: string }[];
}

/** An OTLP/HTTP collector in JSON, on a free port. */
function collectSpans() {
  const spans: ExportedSpan[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    if (new URL(request.url).pathname === "/v1/traces") {
      const { resourceSpans } = await request.json();
      for (const { scopeSpans } of resourceSpans) for (const scope of scopeSpans) spans.push(...scope.spans);
    } else await request.body?.cancel();
    return Response.json({});
  });
  return {
    spans,
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A server of its own process that exports there. What it did is exported when `stop` resolves. */
async function startTraced(collectorUrl: string) {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--allow-env",
      "--allow-read",
      "--allow-write",
      "--allow-sys",
      "--allow-net=127.0.0.1,localhost",
      fileURLToPath(new URL("./testing/traced_server.ts", import.meta.url)),
    ],
    env: {
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl,
    },
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  return {
    url: new TextDecoder().decode(value).trim(),
    stop: async () => {
      await child.stdin.close();
      await reader.cancel();
      return await child.status;
    },
  };
}

const PAYMENT = {
  amount: "10.00",
  currency: "USD",
  method: "card",
  customer_id: "cust_123",
  payment_method_id: "pm_card_soft_decline_first",
};

/** Both phases share one; where a transaction is needed each has its own. */
const BATCH_NAMES = new Set(["payments batch", "locking batch", "booking batch"]);

Deno.test("one trace goes from the agent's traceparent to the ledger, and batches link to the payments in them", async () => {
  await using collector = collectSpans();
  const server = await startTraced(collector.url);
  const byHeader = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
  const byMeta = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7" };
  const parentOf = ({ traceId, spanId }: typeof byHeader) => `00-${traceId}-${spanId}-01`;

  const response = await post(server.url, callText("create_payment", JSON.stringify(PAYMENT)), {
    traceparent: parentOf(byHeader),
  });
  expect((await response.json()).result.structuredContent.status).toBe("succeeded");
  const client = new Client({ name: "trace-test", version: "1.0.0" }, {
    versionNegotiation: { mode: { pin: "2026-07-28" } },
  });
  await client.connect(new StreamableHTTPClientTransport(new URL(server.url)));
  const result = await client.callTool({
    name: "create_payment",
    arguments: PAYMENT,
    _meta: { traceparent: parentOf(byMeta) },
  });
  expect((result.structuredContent as { status: string }).status).toBe("succeeded");
  await client.callTool({
    name: "create_payment",
    arguments: PAYMENT,
    _meta: { traceparent: "00-nonsense" },
  });
  await client.close();
  expect((await server.stop()).success).toBe(true);

  const { spans } = collector;
  for (const [how, agent] of [["header", byHeader], ["_meta", byMeta]] as const) {
    const inTrace = spans.filter(({ traceId }) => traceId === agent.traceId);
    const named = (name: string) => inTrace.filter((span) => span.name === name);
    const [call] = named("tools/call create_payment");
    expect({ how, status: attribute(call, "mcp.tool.status") }).toEqual({ how, status: "success" });
    expect(ancestors(call, spans).at(-1)).toBe(agent.spanId);

    // The first provider declines softly, the second approves: two charges, each settled.
    const steps = { accept: 1, charge: 2, settle: 2 };
    for (const [name, count] of Object.entries(steps)) {
      expect({ how, name, count: named(name).length }).toEqual({ how, name, count });
      for (const span of named(name)) expect(span.parentSpanId).toBe(call.spanId);
    }
    const outcomes = named("charge").map((span) => attribute(span, "payment.outcome"));
    expect(outcomes.sort()).toEqual(["approved", "declined"]);
    expect(new Set(named("charge").map((span) => attribute(span, "payment.provider"))).size).toBe(2);
    expect(named("settle").map((span) => attribute(span, "payment.status")).sort()).toEqual([
      "processing",
      "succeeded",
    ]);
    for (const name of ["accept", "settle"]) {
      for (const span of named(name)) {
        const batches = spans.filter((batch) =>
          BATCH_NAMES.has(batch.name) && batch.links?.some(({ spanId }) => spanId === span.spanId)
        );
        expect({ how, name, batches: batches.length }).toEqual({ how, name, batches: 1 });
        expect(batches[0].traceId).not.toBe(agent.traceId);
      }
    }
  }
  // A traceparent that is none starts a trace of its own, and costs the agent nothing.
  expect(spans.filter(({ name }) => name === "tools/call create_payment").length).toBe(3);
});

Deno.test("where tracing is off, work runs as it is", async () => {
  const noted = await inSpan("name", {}, (note) => {
    note({ key: "value" });
    return Promise.resolve(tracePoint());
  }, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  expect(noted).toBe(undefined);
  expect(await inSharedSpan("batch", [noted], () => Promise.resolve(7))).toBe(7);
  await expect(inSpan("name", {}, () => Promise.reject(new Error("as it is")))).rejects.toThrow("as it is");
});

function attribute(span: ExportedSpan, key: string): string | undefined {
  return span.attributes.find((entry) => entry.key === key)?.value.stringValue;
}

/** The ids above a span, nearest first; the last one is of a span that was not exported here. */
function ancestors(span: ExportedSpan, spans: readonly ExportedSpan[]): string[] {
  const ids: string[] = [];
  for (let at: ExportedSpan | undefined = span; at !== undefined;) {
    const { parentSpanId }: ExportedSpan = at;
    ids.push(parentSpanId);
    at = spans.find(({ spanId }) => spanId === parentSpanId);
  }
  return ids;
}
