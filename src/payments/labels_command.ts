/**
 * `deno task labels FILE.csv [--tenant default]`: tells the fraud features what became known of payments. Works beside
 * running servers; a file may be brought again, whole or longer: the first label of a payment counts.
 */
import { parseArgs } from "node:util";
import { readConfig } from "../config.ts";
import { systemClock } from "../core/clock.ts";
import { FlagError, OperatorError, runCommand } from "../core/run_command.ts";
import { joinDatabase } from "../db/open_database.ts";
import { TenantPool } from "../db/tenant_pool.ts";
import { applyLabels } from "./apply_labels.ts";
import { parseLabels } from "./parse_labels.ts";

async function bringLabels(args: string[]): Promise<void> {
  const { path, tenantId } = flagsOf(args);
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    throw new OperatorError(
      "labels_unreadable",
      `Cannot read "${path}": ${(error as Error).message}. Give a CSV file that this task may read.`,
    );
  }
  const labels = parseLabels(text, systemClock.nowMs());
  const database = await joinDatabase(
    readConfig((variable) => Deno.env.get(variable)),
    (line) => console.error(line),
    { mustExist: true },
  );
  const pool = new TenantPool({ ...database.pool, max: 2, applicationName: "mcp-payments-lab labels" });
  try {
    const { applied, known, unknown } = await applyLabels(pool.of(tenantId), tenantId, labels, "labels");
    console.log(
      `${applied} labels are new, ${known} payments had one before, ${unknown} payments are not there.`,
    );
  } finally {
    await pool.end();
    await database.stop();
  }
}

function flagsOf(args: string[]): { path: string; tenantId: string } {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { tenant: { type: "string", default: "default" } },
  });
  if (positionals.length === 1) return { path: positionals[0], tenantId: values.tenant };
  throw new FlagError("Name one file: deno task labels FILE.csv [--tenant default]");
}

if (import.meta.main) await runCommand("labels", bringLabels);
