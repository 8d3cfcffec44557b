import { expect } from "expect";
import { bearer, callTool, SECRET, serveLab, type ToolResult } from "../../src/http/testing/serve_lab.ts";
import { TOOLS } from "../../src/mcp/catalog.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { START_MS } from "../../src/payments/testing/open_lab.ts";
import { generateWorld } from "../world/world.ts";
import { loadWorld } from "./load_world.ts";

const TENANT = "acme";
const DAYS = 10;

/** What only an answer to an earlier call gives: no world can hold the example. */
const FROM_ANSWERS = new Set([
  "payment_id",
  "approval_token",
  "approved",
  "confirm_token",
  "challenge_answer",
  "cursor",
]);

/** What a tool needs although its schema requires nothing, and what goes with no other. */
const ONE_OF: Record<string, readonly string[]> = { get_wallet_balance: ["customer_id", "wallet_id"] };

Deno.test("every example in every tool's schema works as it stands on a simulated world", async () => {
  await using served = await serveLab({ config: { jwtSecretKey: SECRET } });
  const directory = await Deno.makeTempDir({ prefix: "mcp-payments-lab-" });
  try {
    const startMs = Math.floor(START_MS / DAY_MS) * DAY_MS - DAYS * DAY_MS;
    await loadWorld(generateWorld({ seed: 7, days: DAYS, customers: 60, startMs }), {
      pool: { url: served.lab.database.ownerUrl },
      tenantId: TENANT,
      dataDirectory: directory,
      nowMs: START_MS,
    });
    const headers = await bearer({ tenantId: TENANT, scopes: ["payments", "wallets"] });
    const call = (tool: string, args: Record<string, unknown>) => callTool(served.url, tool, args, headers);
    const failed: unknown[] = [];
    let tried = 0;
    const tryCall = async (tool: string, args: Record<string, unknown>): Promise<ToolResult> => {
      const result = await call(tool, args);
      tried++;
      if (result.isError) failed.push({ tool, args, error: result.structuredContent.error });
      return result;
    };
    // Money for what the examples pay and send.
    await call("top_up_wallet", { ...FILL, payment_method_id: "pm_card_visa" });
    for (const { name, listing } of TOOLS) {
      const schemas = listing.inputSchema.properties as Record<string, Schema>;
      const required = listing.inputSchema.required as string[];
      const values = (argument: string) =>
        (schemas[argument].examples ?? schemas[argument].enum!) as readonly unknown[];
      const base = async () => {
        const args: Record<string, unknown> = {};
        for (const argument of required) {
          args[argument] = argument === "payment_id" ? await payment(call) : values(argument)[0];
        }
        return args;
      };
      for (const [argument, { examples }] of Object.entries(schemas)) {
        if (FROM_ANSWERS.has(argument)) continue;
        for (const example of examples ?? []) {
          const needed = ONE_OF[name] ?? [];
          const one = needed.length === 0 || needed.includes(argument)
            ? {}
            : { [needed[0]]: values(needed[0])[0] };
          const args = { ...await base(), ...one, [argument]: example };
          // Each a call of its own: the same key with other arguments is refused for good reason.
          if (argument === "idempotency_key") args.idempotency_key = `${name} ${example}`;
          await tryCall(name, args);
        }
      }
      if (required.length > 0) await tryCall(name, await base());
    }
    expect(failed).toEqual([]);
    expect(tried).toBeGreaterThan(50);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

interface Schema {
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
}

const FILL = { wallet_id: "wallet:cust_123:USD", amount: "9000.00", currency: "USD" };

async function payment(
  call: (tool: string, args: Record<string, unknown>) => Promise<ToolResult>,
): Promise<unknown> {
  const { structuredContent } = await call("create_payment", {
    amount: "100.00",
    currency: "USD",
    method: "card",
    customer_id: "cust_123",
    payment_method_id: "pm_card_visa",
  });
  return structuredContent.payment_id;
}
