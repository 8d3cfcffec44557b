import { ConfigError, readConfig } from "../config.ts";
import { DatabaseStartError } from "./errors.ts";
import { joinDatabase } from "./open_database.ts";
import { openPool, type Sql } from "./pool.ts";

/**
 * Runs a check of the data folder's database, beside its server or without one, and ends the process: exit code 0
 * where the check holds, 1 where it does not or could not be made.
 */
export async function runCheckCommand(name: string, check: (sql: Sql) => Promise<boolean>): Promise<never> {
  try {
    const database = await joinDatabase(
      readConfig((variable) => Deno.env.get(variable)),
      (line) => console.error(line),
      { mustExist: true },
    );
    const sql = openPool({ ...database.pool, max: 1, applicationName: `mcp-payments-lab ${name}` });
    let holds: boolean;
    try {
      holds = await check(sql);
    } finally {
      await sql.end();
      await database.stop();
    }
    Deno.exit(holds ? 0 : 1);
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof DatabaseStartError)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}
