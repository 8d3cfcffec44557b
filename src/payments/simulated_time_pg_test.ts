import { expect } from "expect";
import { callTool, errorOf, post, serveLab } from "../http/testing/serve_lab.ts";
import { requireReachableTime } from "./simulated_time.ts";
import { START_MS } from "./testing/open_lab.ts";

const DAY_MS = 86_400_000;
const PAYMENT = { amount: "5.00", currency: "USD", method: "card", customer_id: "cust_123" };

Deno.test("a simulated time ends 365 days after the real time, or after the tenant's world where that ends later", async () => {
  await using served = await serveLab();
  const { service, owner } = served.lab;
  const limitOf = async (tenantId: string, atMs: number) => {
    try {
      await requireReachableTime(service, { tenantId, atMs, field: "at" });
      return "reachable";
    } catch (error) {
      return `${(error as Error).message} ${(error as { nextMove: string }).nextMove}`;
    }
  };
  await owner`
    insert into worlds (tenant_id, seed, days, customers, start_ms, loaded_at)
    values ('lab', 7, 60, 10, ${START_MS - 100 * DAY_MS}, now())`;
  expect(await limitOf("lab", START_MS + 365 * DAY_MS)).toBe("reachable");
  expect(await limitOf("lab", START_MS + 365 * DAY_MS + 1)).toBe(
    "Cannot take 2027-01-05T12:00:00.001Z as at: it lies more than 365 days after the real time, and later payments " +
      "could not go back before it. Send a time until 2027-01-05T12:00:00.000Z.",
  );
  await owner`update worlds set start_ms = ${START_MS} where tenant_id = 'lab'`;
  expect(await limitOf("lab", START_MS + (60 + 365) * DAY_MS)).toBe("reachable");
  expect(await limitOf("lab", START_MS + (60 + 365) * DAY_MS + 1)).toContain(
    "end of the tenant's world, 2026-03-06",
  );
  // Another tenant has no part in that world.
  expect(await limitOf("default", START_MS + 400 * DAY_MS)).toContain("the real time");
});

Deno.test("a shifted clock is seen: in the answers of the payments that it moves, and on the dashboard", async () => {
  await using served = await serveLab();
  const payAt = (time: string) =>
    post(served.url, {
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: {
        name: "create_payment",
        arguments: PAYMENT,
        _meta: { "mcp-payments-lab/simulated-at": time },
      },
    });
  const dashboard = async () => (await fetch(new URL("/dashboard", served.url))).text();
  const first = (await callTool(served.url, "create_payment", PAYMENT)).structuredContent;
  expect(first).toMatchObject({ time_shift_s: 0 });
  expect(await dashboard()).not.toContain("Simulated time");

  const ahead = await payAt("2026-04-15T12:00:00Z");
  const { result } = await ahead.json();
  expect(result.structuredContent).toMatchObject({ time_shift_s: 100 * 24 * 3600 });
  // Asked for without a time of its own, and moved behind the one before.
  const moved = (await callTool(served.url, "create_payment", PAYMENT)).structuredContent;
  expect(moved).toMatchObject({ occurred_at: "2026-04-15T12:00:00.001Z", time_shift_s: 100 * 24 * 3600 });
  const status = await callTool(served.url, "get_payment_status", { payment_id: moved.payment_id });
  expect(status.structuredContent).toMatchObject({ time_shift_s: 100 * 24 * 3600 });
  const page = await dashboard();
  expect(page).toContain("Simulated time");
  expect(page).toContain("100 days ahead of the real time");

  const tooFar = await payAt("2099-01-01T00:00:00Z");
  const error = errorOf((await tooFar.json()).result);
  expect(error).toMatchObject({ code: "invalid_arguments", field: "mcp-payments-lab/simulated-at" });
  expect(error.message).toContain("2099-01-01T00:00:00.000Z");
});
