import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { expect } from "expect";
import { DatabaseStartError } from "./errors.ts";
import { migrate } from "./migrate.ts";
import { openPool, type Sql } from "./pool.ts";
import { freshDatabase } from "./testing/fresh_database.ts";

const FIRST = { "0001_coins.sql": "create table coins (n int);\ninsert into coins values (1);" };
const SECOND = { "0002_notes.sql": "create table notes (n int);" };

Deno.test("migrate() applies what is missing, in order and once", async () => {
  await using world = await emptyWorld();
  expect(await world.migrate(FIRST)).toEqual({ applied: ["0001_coins.sql"] });
  expect(await world.migrate({ ...FIRST, ...SECOND })).toEqual({ applied: ["0002_notes.sql"] });
  expect(await world.migrate({ ...FIRST, ...SECOND })).toEqual({ applied: [] });
  expect([...await world.sql`select version, name from schema_migrations order by version`]).toEqual([
    { version: 1, name: "coins" },
    { version: 2, name: "notes" },
  ]);
});

Deno.test("migrate() lets two servers that start at once take turns", async () => {
  await using world = await emptyWorld();
  const files = { ...FIRST, "0002_slow.sql": "select pg_sleep(0.1); create table slow (n int);" };
  const results = await Promise.all([world.migrate(files), world.migrate(files), world.migrate(files)]);
  expect(results.flatMap((result) => result.applied).sort()).toEqual(["0001_coins.sql", "0002_slow.sql"]);
  expect([...await world.sql`select n from coins`]).toEqual([{ n: 1 }]);
});

Deno.test("migrate() refuses a schema that is newer than the program", async () => {
  await using world = await emptyWorld();
  await world.migrate({ ...FIRST, ...SECOND });
  const error = await world.failure(FIRST);
  expect(error.code).toBe("schema_newer_than_program");
  expect(error.message).toContain("version 2 (notes); this program knows versions up to 1");
});

Deno.test("migrate() refuses a migration that was changed after it was applied", async () => {
  await using world = await emptyWorld();
  await world.migrate(FIRST);
  const error = await world.failure({ "0001_coins.sql": "create table coins (n bigint);", ...SECOND });
  expect(error.code).toBe("migration_changed");
  expect(error.message).toContain("0001_coins.sql");
  expect([...await world.sql`select to_regclass('notes') as notes`]).toEqual([{ notes: null }]);
});

Deno.test("migrate() keeps nothing of a migration that fails, and names its line", async () => {
  await using world = await emptyWorld();
  const error = await world.failure({
    ...FIRST,
    "0002_bad.sql": "create table half (n int);\n\ncreate tabel whole;",
  });
  expect(error.code).toBe("migration_failed");
  expect(error.message).toContain("0002_bad.sql:3");
  expect([...await world.sql`select to_regclass('coins')::text as coins, to_regclass('half') as half`])
    .toEqual([
      { coins: "coins", half: null },
    ]);
});

Deno.test("migrate() runs a check in its migration's transaction when asked", async () => {
  await using world = await emptyWorld();
  const check = "do $$ begin assert (select count(*) from coins) = 2, 'two coins'; end $$;";
  const files = { ...FIRST, "0001_coins.check.sql": check };
  expect((await world.failure(files, true)).message).toContain("0001_coins.check.sql failed: two coins");
  expect(await world.migrate(files)).toEqual({ applied: ["0001_coins.sql"] });
});

Deno.test("migrate() refuses files that are out of order or misnamed", async () => {
  await using world = await emptyWorld();
  const cases: Record<string, string>[] = [SECOND, { ...FIRST, "0001_twice.sql": "" }, { "1_short.sql": "" }];
  for (const files of cases) {
    expect((await world.failure(files)).code).toBe("migrations_invalid");
  }
});

interface EmptyWorld extends AsyncDisposable {
  readonly sql: Sql;
  migrate(files: Record<string, string>, check?: boolean): Promise<{ applied: string[] }>;
  failure(files: Record<string, string>, check?: boolean): Promise<DatabaseStartError>;
}

/** A database with nothing in it, and migrations that each call brings along. */
async function emptyWorld(): Promise<EmptyWorld> {
  const database = await freshDatabase({ empty: true });
  const sql = openPool({ url: database.ownerUrl, max: 3, applicationName: "test" });
  const apply = async (files: Record<string, string>, check = false) => {
    const directory = await Deno.makeTempDir();
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(join(directory, name), text);
    try {
      return await migrate(sql, { directory: pathToFileURL(`${directory}/`), check, log: () => {} });
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  };
  return {
    sql,
    migrate: apply,
    failure: async (files, check) => {
      const error = await apply(files, check).then(() => undefined, (error) => error);
      expect(error).toBeInstanceOf(DatabaseStartError);
      return error;
    },
    [Symbol.asyncDispose]: async () => {
      await sql.end();
      await database.drop();
    },
  };
}
