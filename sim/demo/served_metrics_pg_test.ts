import { expect } from "expect";
import { temporaryDataDirectory } from "../../src/db/testing/temporary_data_directory.ts";
import { startServer } from "./start_server.ts";

/** The samples of one metric: the labels as they are written, and the value. */
function samplesOf(text: string, name: string): Map<string, number> {
  const lines = [...text.matchAll(new RegExp(`^${name}(?:\\{([^}]*)\\})? (\\S+)$`, "gm"))];
  return new Map(lines.map(([, labels, value]) => [labels ?? "", Number(value)]));
}

Deno.test("the server's /metrics has each tool's calls and durations, the stages, the batches, the queues and the pool", async () => {
  await using folder = await temporaryDataDirectory();
  await Deno.mkdir(folder.path, { recursive: true });
  const server = await startServer(folder.path, new AbortController().signal, {
    LOG_LEVEL: "warn",
    PROVIDER_LATENCY_SCALE: "0",
    POOL_SIZE: "5",
  });
  try {
    const call = async (name: string, args: Record<string, unknown>) => {
      const response = await fetch(`${server.baseUrl}/mcp`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          jsonrpc: "2.0",
          id: 1,
          method: "tools/call",
          params: { name, arguments: args },
        }),
      });
      return (await response.json()).result.structuredContent;
    };
    const pay = { amount: "10.00", currency: "USD", method: "card", customer_id: "cust_123" };
    for (let i = 0; i < 3; i++) {
      expect(await call("create_payment", { ...pay, payment_method_id: "pm_card_visa" })).toMatchObject({
        status: "succeeded",
      });
    }
    await call("create_payment", { ...pay, amount: "1.005" });
    const wallet = "wallet:cust_123:USD";
    const card = "pm_card_visa";
    await call("top_up_wallet", {
      wallet_id: wallet,
      amount: "20.00",
      currency: "USD",
      payment_method_id: card,
    });
    const moved = await call("transfer_funds", {
      from_wallet_id: wallet,
      to_wallet_id: "merchant:merch_default:USD",
      amount: "1.00",
      currency: "USD",
    });
    expect(moved).toMatchObject({ status: "posted" });

    const text = await (await fetch(`${server.baseUrl}/metrics`)).text();
    const calls = samplesOf(text, "mcp_calls_total");
    expect(calls.get('tool_name="create_payment",status="success"')).toBe(3);
    expect(calls.get('tool_name="create_payment",status="invalid_amount"')).toBe(1);
    expect(calls.get('tool_name="transfer_funds",status="success"')).toBe(1);
    const durations = samplesOf(text, "mcp_call_duration_seconds_count");
    expect(durations.get('tool_name="create_payment"')).toBe(4);
    expect(samplesOf(text, "mcp_call_duration_seconds_sum").get('tool_name="create_payment"'))
      .toBeGreaterThan(
        0,
      );
    // Three payments, and the top-up's.
    const stages = samplesOf(text, "payment_stage_duration_seconds_count");
    for (const stage of ["screen", "charge", "settle", "total"]) {
      expect({ stage, count: stages.get(`stage="${stage}"`) }).toEqual({ stage, count: 4 });
    }
    expect(samplesOf(text, "payments_total").get('status="succeeded",declined_by="none"')).toBe(4);
    const batches = samplesOf(text, "group_commit_batch_size_sum");
    expect({ accept: batches.get('phase="accept"'), settle: batches.get('phase="settle"') }).toEqual({
      accept: 4,
      settle: 4,
    });
    expect(samplesOf(text, "group_commit_duration_seconds_count").get('phase="accept"')).toBeGreaterThan(0);
    for (const queue of ["payments_queued", "transfers_queued", "database_statements_waiting"]) {
      expect({ queue, waiting: samplesOf(text, queue).get("") }).toEqual({ queue, waiting: 0 });
    }
    expect(samplesOf(text, "database_connections_max").get("")).toBe(5);
    expect(samplesOf(text, "database_connections_in_use").get("")).toBeLessThanOrEqual(5);
    expect(samplesOf(text, "event_loop_lag_seconds_count").get("")).toBeGreaterThan(0);
  } finally {
    await server.stop();
  }
});
