import { openPool } from "../../src/db/pool.ts";
import { OperatorError } from "../../src/core/run_command.ts";

/** Of pgbench's tables: 50 branches, 500 tellers, five million accounts. */
const SCALE = 50;

/** Throws an {@link OperatorError} that says how to get it. */
export async function requireProgram(pgbench: string): Promise<void> {
  try {
    await new Deno.Command(pgbench, { args: ["--version"], stdout: "null", stderr: "null" }).output();
  } catch {
    throw new OperatorError(
      "pgbench_missing",
      `There is no program "${pgbench}". Install PostgreSQL's contrib programs, or name it with --pgbench.`,
    );
  }
}

/** A database for pgbench beside the server's, filled once. */
export async function preparePgbench(pgbench: string, ownerUrl: string): Promise<string> {
  const url = new URL(ownerUrl);
  url.pathname = "/pgbench";
  const owner = openPool({ url: ownerUrl, max: 1, applicationName: "bench" });
  const [there] = await owner`select 1 from pg_database where datname = 'pgbench'`;
  if (there === undefined) {
    console.error(`filling pgbench at scale ${SCALE}`);
    await owner.unsafe("create database pgbench");
    await output(pgbench, ["-i", "-q", "-s", String(SCALE), url.href]);
  }
  await owner.end();
  return url.href;
}

/**
 * Transactions a second of pgbench's own TPC-B-like script, or of another one.
 *
 * @param script SQL that each transaction runs
 */
export async function runPgbench(
  pgbench: string,
  url: string,
  clients: number,
  seconds: number,
  script?: string,
): Promise<number> {
  const args = ["-n", "-c", String(clients), "-j", "2", "-T", String(seconds)];
  const file = script === undefined ? null : await Deno.makeTempFile({ suffix: ".sql" });
  let text: string;
  try {
    if (file !== null) await Deno.writeTextFile(file, script!);
    text = await output(pgbench, [...args, ...(file === null ? [] : ["-f", file]), url]);
  } finally {
    if (file !== null) await Deno.remove(file);
  }
  const tps = /tps = ([0-9.]+)/.exec(text)?.[1];
  if (tps === undefined) throw new Error(`pgbench printed no tps:\n${text}`);
  return Number(tps);
}

async function output(program: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) throw new Error(`${program} failed:\n${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
