/**
 * `deno task features:check`: rebuilds the fraud features from all payments, offline, and compares them with what
 * the server computed and stored, bit for bit. Exit code 1 on any difference, and where there was nothing to
 * compare. Works beside a running server.
 */
import { runCheckCommand } from "../db/check_command.ts";
import type { Sql } from "../db/pool.ts";
import { checkFeatures } from "./check_features.ts";

async function printComparison(sql: Sql): Promise<boolean> {
  const check = await checkFeatures(sql);
  const line = (what: string, count: number) => console.log(`${String(count).padStart(9)}  ${what}`);
  line("payments replayed from history", check.payments);
  line("labels that became known on the way", check.labels);
  line("stored vectors compared with the rebuilt ones", check.vectors);
  line("vectors that differ in any bit", check.differingVectors);
  if (check.otherVectors > 0) {
    line("vectors of an earlier version with other features, not compared", check.otherVectors);
  }
  line("stored states of customers, cards, devices, addresses and merchants compared", check.states);
  line("states that differ in any bit", check.differingStates);
  for (const example of check.examples) console.log(`           ${example}`);
  if (check.vectors === 0) {
    console.log("Nothing was compared: no payment here was screened by a server yet.");
    return false;
  }
  const same = check.differingVectors === 0 && check.differingStates === 0;
  console.log(same ? "Served features equal rebuilt ones." : "Served features differ from rebuilt ones.");
  return same;
}

if (import.meta.main) await runCheckCommand("features:check", printComparison);
