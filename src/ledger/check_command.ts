/** `deno task ledger:check`: each invariant with its count of violations; exit code 1 on any. */
import { DatabaseStartError } from "../db/errors.ts";
import { joinDatabase } from "../db/open_database.ts";
import { openPool } from "../db/pool.ts";
import { ConfigError, readConfig } from "../config.ts";
import { checkLedger } from "./check_ledger.ts";

async function main(): Promise<number> {
  const database = await joinDatabase(
    readConfig((name) => Deno.env.get(name)),
    (line) => console.error(line),
    { mustExist: true },
  );
  const sql = openPool({ ...database.pool, max: 1, applicationName: "mcp-payments-lab ledger:check" });
  try {
    const results = await checkLedger(sql);
    const width = Math.max(...results.map(({ name }) => name.length));
    for (const { name, about, violations, examples } of results) {
      console.log(
        `${violations === 0 ? "ok  " : "FAIL"} ${name.padEnd(width)} ${
          String(violations).padStart(8)
        }  ${about}`,
      );
      for (const example of examples) console.log(`       ${example}`);
    }
    const broken = results.filter(({ violations }) => violations > 0).length;
    console.log(
      broken === 0
        ? `${results.length} invariants hold.`
        : `${broken} of ${results.length} invariants are broken.`,
    );
    return broken === 0 ? 0 : 1;
  } finally {
    await sql.end();
    await database.stop();
  }
}

if (import.meta.main) {
  try {
    Deno.exit(await main());
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof DatabaseStartError)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}
