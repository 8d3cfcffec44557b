import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Config, ConfigError } from "./config.ts";
import { environmentWithoutLoader } from "./core/environment_without_loader.ts";
import type { Log } from "./core/log.ts";
import type { Database } from "./db/open_database.ts";
import { openPool } from "./db/pool.ts";
import { DEFAULT_TENANT } from "./http/authenticate.ts";
import { ChargeLog, chargeLogPath } from "./providers/charge_log.ts";
import { ProvidersProcess } from "./providers/providers_process.ts";

const ANSWER_TIMEOUT_MS = 3_000;

/**
 * A database without a world gets the default one. The simulator is a program of its own, which the server does
 * not contain: it is run once, as `deno task simulate` would.
 *
 * Throws {@link ConfigError} before anything is written where the world's charges would be remembered in another folder
 * than that of the providers at PROVIDERS_URL. Of silent ones nothing is known; the watch over them judges when they come.
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
  await requireOwnFolder(config);
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

async function requireOwnFolder({ providersUrl, dataDirectory }: Config): Promise<void> {
  if (providersUrl === null) return;
  const theirs = await new ProvidersProcess(providersUrl).bookId(ANSWER_TIMEOUT_MS);
  const path = chargeLogPath(dataDirectory);
  if (theirs === null || await bookIdIn(path) === theirs) return;
  throw new ConfigError(
    `This database is empty. It would be filled with the default world, whose charges go to ${
      resolve(path)
    }, but the ` +
      `providers at PROVIDERS_URL ${providersUrl} remember in another folder and would not know them. Start ` +
      `\`deno task providers\` with DATA_DIR=${resolve(dataDirectory)}, or this server with their DATA_DIR.`,
    { code: "providers_are_others" },
  );
}

/** Null where there is no charge log. */
async function bookIdIn(path: string): Promise<string | null> {
  if (!await Deno.stat(path).then(() => true, () => false)) return null;
  const log = new ChargeLog(path);
  log.close();
  return log.bookId;
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
