/**
 * `deno task features:check`: rebuilds the fraud features from all payments, offline, and compares them with what
 * the server computed and stored, bit for bit. Exit code 1 on any difference, and where
 * there was nothing to compare. Works beside a running server.
 */
import { ConfigError, readConfig } from "../config.ts";
import { DatabaseStartError } from "../db/errors.ts";
import { joinDatabase } from "../db/open_database.ts";
import { openPool } from "../db/pool.ts";
import { checkFeatures } from "./check_features.ts";

async function main(): Promise<number> {
  const database = await joinDatabase(
    readConfig((name) => Deno.env.get(name)),
    (line) => console.error(line),
    { mustExist: true },
  );
  const sql = openPool({ ...database.pool, max: 1, applicationName: "mcp-payments-lab features:check" });
  try {
    const check = await checkFeatures(sql);
    const line = (what: string, count: number) => console.log(`${String(count).padStart(9)}  ${what}`);
    line("payments replayed from history", check.payments);
    line("stored vectors compared with the rebuilt ones", check.vectors);
    line("vectors that differ in any bit", check.differingVectors);
    line("stored states of customers, cards, devices and merchants compared", check.states);
    line("states that differ in any bit", check.differingStates);
    for (const example of check.examples) console.log(`           ${example}`);
    if (check.vectors === 0) {
      console.log("Nothing was compared: no payment here was screened by a server yet.");
      return 1;
    }
    const same = check.differingVectors === 0 && check.differingStates === 0;
    console.log(same ? "Served features equal rebuilt ones." : "Served features differ from rebuilt ones.");
    return same ? 0 : 1;
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
