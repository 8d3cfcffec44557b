/** `deno task ledger:check`: each invariant with its count of violations; exit code 1 on any. */
import { runCheckCommand } from "../db/check_command.ts";
import type { Sql } from "../db/pool.ts";
import { checkLedger } from "./check_ledger.ts";

async function printInvariants(sql: Sql): Promise<boolean> {
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
  return broken === 0;
}

if (import.meta.main) await runCheckCommand("ledger:check", printInvariants);
