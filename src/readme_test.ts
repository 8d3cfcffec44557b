import { expect } from "expect";
import { fileURLToPath } from "node:url";
import { TEST_PAYMENT_METHODS } from "./providers/test_payment_methods.ts";
import { TOOLS } from "./mcp/catalog.ts";

const read = (path: string) => Deno.readTextFile(fileURLToPath(new URL(`../${path}`, import.meta.url)));

Deno.test("the README names each task, and no task that is not there", async () => {
  const readme = await read("README.md");
  const { tasks } = JSON.parse(await read("deno.json")) as { tasks: Record<string, unknown> };
  const named = new Set([...readme.matchAll(/deno task ([a-z][a-z0-9:]*)/g)].map(([, name]) => name));
  expect([...named].filter((name) => !(name in tasks))).toEqual([]);
  const unnamed = Object.keys(tasks).filter((name) => !readme.includes(`\`${name}\``) && !named.has(name));
  expect(unnamed).toEqual([]);
});

Deno.test("the README lists each test payment method, with what it does, and each tool", async () => {
  const readme = await read("README.md");
  for (const [id, { about }] of Object.entries(TEST_PAYMENT_METHODS)) {
    expect(readme).toContain(`| \`${id}\` | ${about} |`);
  }
  for (const { name } of TOOLS) expect(readme).toContain(`\`${name}\``);
});
