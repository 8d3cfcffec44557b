import { migrate } from "./migrate.ts";
import { openPool, type Sql } from "./pool.ts";
import { SCHEMA_QUERIES } from "./schema_queries.ts";
import { refuseArguments, runCommand } from "../core/run_command.ts";

/**
 * The whole schema as one readable text: what all migrations together amount to. For review and for newcomers; a
 * test holds it equal to what the migrations give. It is read from the catalogues, as the embedded PostgreSQL
 * comes without pg_dump, and is sorted by name, so the same schema is the same text.
 */
export async function dumpSchema(sql: Sql): Promise<string> {
  const sections = await sql.begin(async (transaction) => {
    // Names of the schema itself are shown without its name, and everything else with.
    await transaction`set local search_path = public`;
    const texts: string[] = [];
    for (const { title, query } of SCHEMA_QUERIES) {
      const rows = await transaction.unsafe<{ text: string }[]>(query);
      if (rows.length > 0) texts.push([`-- ${title}`, ...rows.map((row) => row.text)].join("\n\n"));
    }
    return texts;
  }) as string[];
  const head = "-- Written by `deno task db:schema` from src/db/migrations. Do not edit: write a migration.";
  return `${[head, ...sections].join("\n\n")}\n`;
}

export const SCHEMA_FILE = new URL("./schema.sql", import.meta.url);

async function writeSchema(args: readonly string[]): Promise<void> {
  refuseArguments(args);
  // Imported here, as only this command needs the tests' database.
  const { freshDatabase } = await import("./testing/fresh_database.ts");
  const database = await freshDatabase();
  const sql = openPool({ url: database.ownerUrl, max: 1, applicationName: "dump schema" });
  await migrate(sql, { log: console.error });
  await Deno.writeTextFile(SCHEMA_FILE, await dumpSchema(sql));
  await sql.end();
  await database.drop();
}

if (import.meta.main) await runCommand("db:schema", writeSchema);
