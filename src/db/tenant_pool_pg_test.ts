import { expect } from "expect";
import type { TransactionSql } from "postgres";
import { openPool } from "./pool.ts";
import { TenantConnection } from "./tenant_connection.ts";
import { TenantPool } from "./tenant_pool.ts";
import { freshDatabase } from "./testing/fresh_database.ts";

async function openTestPool(max: number) {
  const database = await freshDatabase();
  const pool = new TenantPool({ url: database.appUrl, max, applicationName: "tenant pool" });
  return {
    pool,
    [Symbol.asyncDispose]: async () => {
      await pool.end();
      await database.drop();
    },
  };
}

Deno.test("statements at the same moment, for different tenants, each have their own setting", async () => {
  await using test = await openTestPool(4);
  const settings = await Promise.all(Array.from({ length: 40 }, async (_, i) => {
    const tenant = `t${i % 7}`;
    const sql = test.pool.of(tenant);
    const read = async (query: Promise<readonly { tenants: string }[]>) =>
      (await query)[0].tenants === tenant;
    if (i % 3 > 0) {
      return await read(sql<{ tenants: string }[]>`select current_setting('app.tenants') as tenants`);
    }
    return await sql.begin((transaction) =>
      read(transaction<{ tenants: string }[]>`select current_setting('app.tenants') as tenants`)
    );
  }));
  expect(settings).toEqual(Array(40).fill(true));
});

Deno.test("a scope is its tenants once, in one order, and what is no tenant's name names nobody", async () => {
  await using test = await openTestPool(2);
  const cases: [string | string[], string][] = [
    [["b", "a", "b"], "a,b"],
    [[], ""],
    ["*", ""],
    ["a,b", ""],
    ["a'; drop table tenants; --", ""],
    [["a", "*", "A"], "a"],
  ];
  for (const [scope, expected] of cases) {
    const [row] = await test.pool.of(scope)<
      { tenants: string }[]
    >`select current_setting('app.tenants') as tenants`;
    expect({ scope, tenants: row.tenants }).toEqual({ scope, tenants: expected });
  }
});

Deno.test("a transaction's setting ends with it, and a failed one is rolled back", async () => {
  await using test = await openTestPool(2);
  const failed = test.pool.of("a").begin(async (sql) => {
    await sql`insert into worlds (tenant_id, seed, days, customers, start_ms, loaded_at) values ('a', 1, 1, 1, 1, now())`;
    throw new Error("no");
  });
  await expect(failed).rejects.toThrow("no");
  const [{ count }] = await test.pool.of("a")<{ count: number }[]>`select count(*)::int as count from worlds`;
  expect(count).toBe(0);
  const after = await test.pool.of("b").begin((sql) =>
    sql<{ tenants: string }[]>`select current_setting('app.tenants') as tenants`
  );
  expect(after[0].tenants).toBe("b");
});

Deno.test("load tells connections in use and what waits behind them", async () => {
  await using test = await openTestPool(2);
  const { pool } = test;
  expect({ max: pool.max, load: pool.load }).toEqual({ max: 2, load: { inUse: 0, waiting: 0 } });
  let release = () => {};
  const held = new Promise<void>((resolve) => release = resolve);
  const transactions = [1, 2, 3].map(() => pool.of("a").begin(() => held));
  const statements = [1, 2].map(() => pool.of("a")`select 1`);
  expect(pool.load).toEqual({ inUse: 2, waiting: 3 });
  release();
  await Promise.all([...transactions, ...statements]);
  expect(pool.load).toEqual({ inUse: 0, waiting: 0 });
});

Deno.test("the setting is sent only when it differs from the one that stands", async () => {
  const database = await freshDatabase();
  const connection = new TenantConnection({ url: database.appUrl, applicationName: "tenant connection" });
  const seen = async (scope: string | string[]) => {
    const query = connection.sql<{ tenants: string }[]>`select current_setting('app.tenants') as tenants`;
    const [{ tenants }] = await connection.read(scope, query);
    return tenants;
  };
  expect(await seen(["a", "b"])).toBe("a,b");
  // Changed behind its back: whoever sends nothing does not notice.
  await connection.sql.unsafe("set app.tenants = 'unnoticed'");
  expect(await seen(["b", "a"])).toBe("unnoticed");
  expect(await seen("c")).toBe("c");
  expect(await seen(["a", "b"])).toBe("a,b");
  await connection.end();
  await database.drop();
});

Deno.test("a connection lost under a transaction fails it alone: neither the process nor the next transaction", async () => {
  const database = await freshDatabase();
  const watcher = openPool({ url: database.appUrl, max: 1, applicationName: "watcher" });
  const pool = new TenantPool({ url: database.appUrl, max: 2, applicationName: "lossy" });
  const cut = async () => {
    await watcher`
      select pg_terminate_backend(pid, 10000) from pg_stat_activity
       where datname = current_database() and application_name = 'lossy'`;
    // Until this process has heard of it.
    await new Promise((resolve) => setTimeout(resolve, 50));
  };
  try {
    const endings: ((sql: TransactionSql) => Promise<unknown>)[] = [
      // With one more statement, with the commit, and with a failure that would be rolled back.
      (sql) => sql`select 2`,
      () => Promise.resolve("done"),
      () => Promise.reject(new Error("the work's own")),
    ];
    for (const ending of endings) {
      const transaction = pool.of([]).begin(async (sql) => {
        await sql`select 1`;
        await cut();
        return await ending(sql);
      });
      const behind = pool.of([]).begin((sql) => sql`select 3 as three`);
      await expect(transaction).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
      expect([...await behind]).toEqual([{ three: 3 }]);
      expect([...await pool.of([]).begin((sql) => sql`select 4 as four`)]).toEqual([{ four: 4 }]);
    }
    expect(pool.load).toEqual({ inUse: 0, waiting: 0 });
  } finally {
    await pool.end();
    await watcher.end();
    await database.drop();
  }
});
