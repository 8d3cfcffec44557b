import { readConfig } from "../config.ts";
import { refuseArguments, runCommand } from "../core/run_command.ts";
import { joinDatabase } from "./open_database.ts";
import { openPool, type Sql } from "./pool.ts";

/**
 * Runs, as the owner and so over all tenants, a check of the data folder's database, beside its server or without one, and ends the process: exit code 0
 * where the check holds, 1 where it does not or could not be made.
 */
export async function runCheckCommand(name: string, check: (sql: Sql) => Promise<boolean>): Promise<never> {
  return await runCommand(name, async (args) => {
    refuseArguments(args);
    const database = await joinDatabase(
      readConfig((variable) => Deno.env.get(variable)),
      (line) => console.error(line),
      { mustExist: true },
    );
    const sql = openPool({ url: database.ownerUrl, max: 1, applicationName: `mcp-payments-lab ${name}` });
    try {
      return await check(sql);
    } finally {
      await sql.end();
      await database.stop();
    }
  });
}
