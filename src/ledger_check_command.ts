/**
 * `deno task ledger:check`: each invariant with its count of violations; exit code 1 on any. Where the providers run in
 * the server, their own book is held against ours as well.
 */
import { readConfig } from "./config.ts";
import { runCheckCommand } from "./db/check_command.ts";
import type { Sql } from "./db/pool.ts";
import { checkLedger } from "./ledger/check_ledger.ts";
import { compareCharges } from "./payments/compare_charges.ts";
import { ChargeLog, chargeLogPath } from "./providers/charge_log.ts";

async function printInvariants(sql: Sql): Promise<boolean> {
  const results = [...await checkLedger(sql), ...await againstProviders(sql)];
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

async function againstProviders(sql: Sql) {
  const { providersUrl, dataDirectory } = readConfig((variable) => Deno.env.get(variable));
  const path = chargeLogPath(dataDirectory);
  if (providersUrl !== null || !await exists(path)) {
    console.error("The providers' book is not here: captures and refunds are not held against it.");
    return [];
  }
  const log = new ChargeLog(path);
  try {
    return await compareCharges(sql, log);
  } finally {
    log.close();
  }
}

function exists(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}

if (import.meta.main) await runCheckCommand("ledger:check", printInvariants);
