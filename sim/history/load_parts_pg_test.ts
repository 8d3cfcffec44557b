import { expect } from "expect";
import { openPool, type Sql } from "../../src/db/pool.ts";
import { type FreshDatabase, freshDatabase } from "../../src/db/testing/fresh_database.ts";
import { checkLedger } from "../../src/ledger/check_ledger.ts";
import { checkFeatures } from "../../src/payments/check_features.ts";
import { compareCharges } from "../../src/payments/compare_charges.ts";
import { ChargeLog, chargeLogPath } from "../../src/providers/charge_log.ts";
import { generateWorld } from "../world/world.ts";
import { moveOn } from "./complete_world.ts";
import { loadWorld } from "./load_world.ts";

const SIMULATE = new URL("../simulate.ts", import.meta.url).pathname;
const CONFIG = { seed: 7, days: 30, customers: 250, startMs: Date.UTC(2026, 0, 5) };
const FLAGS = ["--days", "30", "--customers", "250", "--seed", "7", "--start", "2026-01-05"];
/** When a row was written, which is no part of the world. */
const VOLATILE = ["created_at of accounts", "created_at of tenants", "loaded_at of worlds"];

Deno.test("four processes and a last step fill a database as one load does: rows, balances and states to the bit", async () => {
  await using single = await openLab();
  await using parts = await openLab();
  await loadWorld(generateWorld(CONFIG), {
    pool: { url: single.database.ownerUrl },
    tenantId: "default",
    dataDirectory: single.dataDirectory,
    nowMs: Date.UTC(2026, 5, 1),
  });

  // Nothing is whole before all are there, and it says which days are not.
  const first = await parts.simulate("--partition", "1/4");
  expect([first.success, first.output]).toEqual([true, expect.stringContaining("days 0 to 6: booked")]);
  const early = await parts.simulate("--complete");
  expect([early.success, early.output]).toEqual([false, expect.stringContaining("lacks 23 of 30 days")]);
  expect(early.output).toContain("7–29");
  const whole = await parts.simulate();
  expect([whole.success, whole.output]).toEqual([false, expect.stringContaining("holds parts of a world")]);
  const other = await parts.simulate("--partition", "2/4", "--seed", "8");
  expect([other.success, other.output]).toEqual([false, expect.stringContaining("people of another world")]);
  const otherCut = await parts.simulate("--partition", "1/3");
  expect([otherCut.success, otherCut.output]).toEqual([
    false,
    expect.stringContaining("cut into other parts"),
  ]);

  // All at once, the first again: a job that is retried changes nothing.
  const runs = await Promise.all([1, 2, 3, 4, 3].map((part) => parts.simulate("--partition", `${part}/4`)));
  for (const run of runs) expect([run.success, run.output]).toEqual([true, expect.stringContaining("Part ")]);
  const completed = await parts.simulate("--complete");
  expect([completed.success, completed.output]).toEqual([
    true,
    expect.stringContaining("The world is whole"),
  ]);

  const [expected, given] = [await contents(single.sql), await contents(parts.sql)];
  for (const table of Object.keys(expected)) {
    expect({ table, same: given[table] === expected[table] }).toEqual({ table, same: true });
  }
  expect(Object.keys(given)).toEqual(Object.keys(expected));
  for (
    const table of [
      "payments",
      "postings",
      "accounts",
      "feature_states",
      "payment_labels",
      "routing_statistics",
      "wallet_top_ups",
      "wallet_transfers",
      "holds",
    ]
  ) {
    expect([table, expected[table].length > 1_000]).toEqual([table, true]);
  }
  expect((await checkLedger(parts.sql)).filter(({ violations }) => violations > 0)).toEqual([]);
  expect(await checkFeatures(parts.sql)).toMatchObject({ differingVectors: 0, differingStates: 0 });
  const log = new ChargeLog(chargeLogPath(parts.dataDirectory));
  expect((await compareCharges(parts.sql, log)).map(({ violations }) => violations)).toEqual([0, 0, 0]);
  log.close();

  // Rare enough that this world has no such payment: one of which the features know later than it was made.
  const [{ paymentId, atMs }] = await parts.sql<{ paymentId: string; atMs: string }[]>`
    select payment_id as "paymentId", occurred_at_ms::text as "atMs" from payments order by payment_id limit 1`;
  await moveOn(parts.sql, "default", {
    payments: 1,
    paymentIds: [paymentId],
    occurredAtMs: [Number(atMs) + 1],
  });
  const [moved] = await parts.sql<{ atMs: string }[]>`
    select occurred_at_ms::text as "atMs" from payments where payment_id = ${paymentId}`;
  expect(moved.atMs).toBe(String(Number(atMs) + 1));

  const again = await parts.simulate("--partition", "2/4");
  expect([again.success, again.output]).toEqual([
    false,
    expect.stringContaining("has a whole world already"),
  ]);
});

/** Every table's rows, in an order of their own. */
async function contents(sql: Sql): Promise<Record<string, string>> {
  const tables = await sql<{ name: string }[]>`
    select table_name as name from information_schema.columns
     where table_schema = 'public' and column_name = 'tenant_id'
       and table_name in (select relname from pg_class where relkind = 'r')
     order by table_name`;
  const found: Record<string, string> = {};
  for (const { name } of tables) {
    const left = VOLATILE.filter((its) => its.endsWith(` of ${name}`)).map((its) => its.split(" ")[0]);
    const [{ rows }] = await sql<{ rows: string | null }[]>`
      select string_agg(row, E'\n' order by row collate "C") as rows
        from (select (to_jsonb(t) - ${left}::text[])::text as row from ${sql(name)} t) all_rows`;
    found[name] = rows ?? "";
  }
  return found;
}

async function openLab() {
  const database: FreshDatabase = await freshDatabase();
  const dataDirectory = await Deno.makeTempDir({ prefix: "mcp-payments-lab-" });
  const sql = openPool({ url: database.ownerUrl, max: 2, applicationName: "parts test" });
  return {
    database,
    dataDirectory,
    sql,
    /** A process of its own, as on another machine. Flags given later replace the usual ones. */
    async simulate(...args: string[]): Promise<{ success: boolean; output: string }> {
      const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--quiet",
          "--allow-env",
          "--allow-read",
          "--allow-write",
          "--allow-net=127.0.0.1",
          "--allow-sys",
        ]
          .concat(SIMULATE, FLAGS, args),
        env: { SIMULATE_DATABASE_URL: database.ownerUrl, DATA_DIR: dataDirectory },
      }).output();
      const decoder = new TextDecoder();
      return { success, output: decoder.decode(stdout) + decoder.decode(stderr) };
    },
    async [Symbol.asyncDispose]() {
      await sql.end();
      await database.drop();
      await Deno.remove(dataDirectory, { recursive: true });
    },
  };
}
