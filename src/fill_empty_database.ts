import { fileURLToPath } from "node:url";
import type { Config } from "./config.ts";
import { environmentWithoutLoader } from "./core/environment_without_loader.ts";
import type { Log } from "./core/log.ts";
import type { Database } from "./db/open_database.ts";
import { openPool } from "./db/pool.ts";
import { DEFAULT_TENANT } from "./http/authenticate.ts";

/**
 * A database without a world gets the default one. The simulator is a program of its own, which the server does
 * not contain: it is run once, as `deno task simulate` would.
 *
 * @returns false when the server was told to stop meanwhile
 */
export async function fillEmptyDatabase(
  config: Config,
  database: Database,
  log: Log,
  stop: Promise<string>,
): Promise<boolean> {
  const sql = openPool({ url: database.ownerUrl, max: 1, applicationName: "mcp-payments-lab world" });
  const [known] = await sql`select 1 from worlds where tenant_id = ${DEFAULT_TENANT}`;
  await sql.end();
  if (known !== undefined) return true;
  log.info("filling", { with: "the default world" });
  const simulator = fileURLToPath(new URL("../sim/simulate.ts", import.meta.url));
  const child = new Deno.Command("sh", {
    args: [
      "-c",
      'exec "$@"',
      "sh",
      Deno.execPath(),
      "run",
      "--quiet",
      "--cached-only",
      ...SIMULATOR_PERMISSIONS,
      simulator,
    ],
    clearEnv: true,
    env: {
      ...environmentWithoutLoader(),
      SIMULATE_DATABASE_URL: database.ownerUrl,
      DATA_DIR: config.dataDirectory,
    },
    stdin: "null",
    stdout: "null",
    // A terminal gets the simulator's own progress bar.
    stderr: Deno.stderr.isTerminal() ? "inherit" : "piped",
  }).spawn();
  const told = stop.then(() => {
    stopChild(child);
    return "told to stop";
  });
  if (!Deno.stderr.isTerminal()) await logLines(child.stderr, (line) => log.info("filling", { line }));
  const { success, code } = await child.status;
  if (success) return true;
  if (await Promise.race([told, Promise.resolve(null)]) !== null) return false;
  throw new Error(`The default world could not be loaded: the simulator ended with code ${code}`);
}

function stopChild(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGTERM");
  } catch {
    // It has ended already.
  }
}

async function logLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  write: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    lines.forEach(write);
  }
  if (rest !== "") write(rest);
}

const SIMULATOR_PERMISSIONS = [
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-sys",
  "--allow-run=sh",
];
