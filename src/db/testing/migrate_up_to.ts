import { pathToFileURL } from "node:url";
import { migrate } from "../migrate.ts";
import type { Sql } from "../pool.ts";
import { readMigrations } from "../read_migrations.ts";

export const MIGRATIONS = new URL("../migrations/", import.meta.url);

/** An empty database as an earlier version of the program has left it: with its first `version` migrations. */
export async function migrateUpTo(sql: Sql, version: number): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    for (const { fileName } of (await readMigrations(MIGRATIONS)).slice(0, version)) {
      await Deno.copyFile(new URL(fileName, MIGRATIONS), `${directory}/${fileName}`);
    }
    await migrate(sql, { directory: pathToFileURL(`${directory}/`), log: () => {} });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
