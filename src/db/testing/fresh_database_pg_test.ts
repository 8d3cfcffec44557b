import { expect } from "expect";
import { openPool } from "../pool.ts";
import { freshDatabase } from "./fresh_database.ts";

Deno.test("freshDatabase() gives each caller a migrated database of his own, also when several ask at once", async () => {
  const databases = await Promise.all([1, 2, 3, 4].map(() => freshDatabase()));
  for (const [i, database] of databases.entries()) {
    const owner = openPool({ url: database.ownerUrl, max: 1, applicationName: "test" });
    const [{ migrations }] = await owner`select count(*)::int as migrations from schema_migrations`;
    expect(migrations).toBeGreaterThan(0);
    await owner.unsafe(`create table only_${i} (n int)`);
    const tables = await owner`select relname from pg_class where relname ~ '^only_'`;
    expect([...tables]).toEqual([{ relname: `only_${i}` }]);
    await owner.end();

    const app = openPool({ url: database.appUrl, max: 1, applicationName: "test" });
    expect([...await app`select current_user as role`]).toEqual([{ role: "mcp_payments_app" }]);
    await expect(app`create temp table mine (n int)`).rejects.toThrow("permission denied");
    await app.end();
  }
  await Promise.all(databases.map((database) => database.drop()));
});
