import { Client } from "@modelcontextprotocol/client";
import { InMemoryTransport } from "@modelcontextprotocol/server";
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/server/validators/ajv";
import { expect } from "expect";
import { z } from "zod";
import { type CallToolDependencies, errorResult } from "./call_tool.ts";
import { TOOLS } from "./catalog.ts";
import type { Caller, ToolListing } from "./define_tool.ts";
import { createMcpServer } from "./mcp_server.ts";
import { customerId } from "./params.ts";

/**
 * What agents see of each tool, committed: a change is a change of the contract and is read in review. After one
 * that is meant: `UPDATE_SNAPSHOTS=1 deno test --allow-read --allow-write --allow-env src/mcp/tool_listing_test.ts`
 */
const SNAPSHOTS = new URL("../../fixtures/tools/", import.meta.url);

Deno.test("each tool is listed as its snapshot in fixtures/tools says", async () => {
  const update = Deno.env.get("UPDATE_SNAPSHOTS") === "1";
  for (const { name, listing } of TOOLS) {
    const file = new URL(`${name}.json`, SNAPSHOTS);
    if (update) await Deno.writeTextFile(file, JSON.stringify(listing, null, 2) + "\n");
    expect(listing).toEqual(JSON.parse(await Deno.readTextFile(file)));
  }
  const files = (await Array.fromAsync(Deno.readDir(SNAPSHOTS))).map(({ name }) => name).sort();
  expect(files).toEqual(TOOLS.map(({ name }) => `${name}.json`).sort());
});

Deno.test("a schema is converted when the program starts, not for a request", async () => {
  let conversions = 0;
  // Converting any schema that holds this one asks it for its part.
  const { _zod: internals } = customerId as unknown as {
    _zod: { processJSONSchema(...args: unknown[]): void };
  };
  const { processJSONSchema } = internals;
  internals.processJSONSchema = (...args) => (conversions++, processJSONSchema(...args));
  try {
    z.toJSONSchema(z.object({ customerId }));
    expect(conversions).toBe(1);
    for (let request = 0; request < 3; request++) {
      await using connected = await connect();
      expect((await connected.client.listTools()).tools.length).toBe(TOOLS.length);
      await connected.client.callTool({ name: "create_payment", arguments: {} });
    }
    expect(conversions).toBe(1);
  } finally {
    internals.processJSONSchema = processJSONSchema;
  }
});

Deno.test("the listing that arrives is the one that was converted", async () => {
  await using connected = await connect();
  const { tools } = await connected.client.listTools();
  expect(tools).toEqual(TOOLS.map(({ listing }) => listing));
});

Deno.test("every argument of every tool says what it is, and shows an example or its values", () => {
  for (const { name, inputSchema, description } of LISTINGS) {
    expect(inputSchema).toMatchObject({
      type: "object",
      additionalProperties: false,
      required: expect.any(Array),
    });
    for (const [argument, schema] of Object.entries(propertiesOf(inputSchema))) {
      expect({ name, argument, schema }).toMatchObject({
        schema: { description: expect.stringMatching(/^.{10,}\.$/) },
      });
      expect({ name, argument, shows: Boolean(schema.examples ?? schema.enum) }).toMatchObject({
        shows: true,
      });
    }
    // An agent must also know when to leave a tool alone.
    expect({ name, description }).toMatchObject({ description: expect.stringMatching(/ do not use it /i) });
  }
});

Deno.test("every time in an answer says by which clock it is", () => {
  const times: { tool: string; path: string; description: unknown }[] = [];
  const visit = (tool: string, path: string, schema: unknown): void => {
    if (typeof schema !== "object" || schema === null) return;
    if ((schema as { format?: unknown }).format === "date-time") {
      times.push({ tool, path, description: (schema as { description?: unknown }).description });
    }
    for (const [name, part] of Object.entries(schema)) visit(tool, `${path}/${name}`, part);
  };
  for (const { name, outputSchema } of LISTINGS) visit(name, "", outputSchema);
  expect(times.filter(({ description }) => !/, by the (real|tenant's) clock\.$/.test(String(description))))
    .toEqual([]);
  const clockOf = (field: string) =>
    new Set(
      times.filter(({ path }) => path.split("/").includes(field))
        .map(({ description }) => /the (real|tenant's) clock/.exec(String(description))![1]),
    );
  // One name is of one clock, whichever tool answers it.
  for (const field of ["created_at", "expires_at", "told_at", "verified_at"]) {
    expect({ field, clocks: [...clockOf(field)] }).toEqual({ field, clocks: ["real"] });
  }
  for (const field of ["occurred_at", "requested_at", "finished_at", "as_of", "last_at"]) {
    expect({ field, clocks: [...clockOf(field)] }).toEqual({ field, clocks: ["tenant's"] });
  }
});

Deno.test("every example and every required argument is taken by the schema it stands in", () => {
  const validator = new AjvJsonSchemaValidator();
  for (const { name, inputSchema } of LISTINGS) {
    const properties = propertiesOf(inputSchema);
    const required = inputSchema.required as string[];
    expect({ name, unknown: required.filter((argument) => !(argument in properties)) }).toEqual({
      name,
      unknown: [],
    });
    for (const [argument, schema] of Object.entries(properties)) {
      const validate = validator.getValidator(schema);
      for (const example of (schema.examples ?? []) as unknown[]) {
        expect({ name, argument, example, ...validate(example) }).toMatchObject({ valid: true });
      }
    }
    const example = Object.fromEntries(
      Object.entries(properties).map(([argument, schema]) => [
        argument,
        ((schema.examples ?? schema.enum) as unknown[])[0],
      ]),
    );
    expect({ name, ...validator.getValidator(inputSchema)(example) }).toMatchObject({ valid: true });
    expect({ name, ...validator.getValidator(inputSchema)({ ...example, unknown: 1 }) }).toMatchObject({
      valid: false,
    });
  }
});

Deno.test("an error fits the output schema of every tool, half an answer does not", () => {
  const validator = new AjvJsonSchemaValidator();
  const { structuredContent } = errorResult(
    "unknown_customer",
    "There is none.",
    "Use another.",
    "customer_id",
  );
  for (const { name, outputSchema } of LISTINGS) {
    const validate = validator.getValidator(outputSchema);
    expect({ name, ...validate(structuredContent) }).toMatchObject({ valid: true });
    expect({ name, ...validate({ payment_id: "pay_1" }) }).toMatchObject({ valid: false });
    expect({ name, ...validate({ error: { code: "made_up" } }) }).toMatchObject({ valid: false });
  }
});

Deno.test("annotations are what the tool does", () => {
  const known = Object.fromEntries(LISTINGS.map(({ name, annotations }) => [name, annotations]));
  expect(known).toEqual({
    // Takes a customer's money through a provider; twice, unless a key says otherwise.
    create_payment: {
      readOnlyHint: false,
      destructiveHint: true,
      idempotentHint: false,
      openWorldHint: true,
    },
    // May settle what is in doubt, by the provider's word: never takes money that was not taken.
    verify_payment: {
      readOnlyHint: false,
      destructiveHint: false,
      idempotentHint: true,
      openWorldHint: true,
    },
    // Gives money away through a provider; twice, unless a key says otherwise.
    refund_payment: {
      readOnlyHint: false,
      destructiveHint: true,
      idempotentHint: false,
      openWorldHint: true,
    },
    get_payment_status: {
      readOnlyHint: true,
      destructiveHint: false,
      idempotentHint: true,
      openWorldHint: false,
    },
    get_wallet_balance: {
      readOnlyHint: true,
      destructiveHint: false,
      idempotentHint: true,
      openWorldHint: false,
    },
    // Takes money out of a wallet; twice, unless a key says otherwise.
    transfer_funds: {
      readOnlyHint: false,
      destructiveHint: true,
      idempotentHint: false,
      openWorldHint: false,
    },
    wallet_transaction_history: {
      readOnlyHint: true,
      destructiveHint: false,
      idempotentHint: true,
      openWorldHint: false,
    },
    // Charges a card through a provider.
    top_up_wallet: {
      readOnlyHint: false,
      destructiveHint: true,
      idempotentHint: false,
      openWorldHint: true,
    },
  });
});

const LISTINGS: readonly ToolListing[] = TOOLS.map(({ listing }) => listing);

function propertiesOf(schema: ToolListing["inputSchema"]): Record<string, Record<string, unknown>> {
  return schema.properties as Record<string, Record<string, unknown>>;
}

/** A client and a server of their own, without a wire between them; no tool's work is done. */
async function connect() {
  const caller: Caller = {
    tenantId: "lab",
    principal: "tester",
    scopes: new Set(TOOLS.map(({ scope }) => scope)),
  };
  const dependencies: CallToolDependencies = {
    payments: null as unknown as CallToolDependencies["payments"],
    wallets: null as unknown as CallToolDependencies["wallets"],
    simulatedTime: "off",
    events: { call: () => {}, fault: () => {} },
  };
  const server = createMcpServer(caller, () => "req_1", dependencies);
  const client = new Client({ name: "listing-test", version: "1.0.0" });
  const [here, there] = InMemoryTransport.createLinkedPair();
  await server.connect(there);
  await client.connect(here);
  return { client, [Symbol.asyncDispose]: () => client.close() };
}
