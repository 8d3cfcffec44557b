import { environmentWithoutLoader } from "../../core/environment_without_loader.ts";
import { startEmbeddedPostgres } from "../embedded.ts";
import { DatabaseStartError } from "../errors.ts";
import { temporaryDataDirectory } from "./temporary_data_directory.ts";

/**
 * `run_tests.ts -- <command…>` runs a command with a PostgreSQL that lives as long as the command does. The
 * command finds it in TEST_DATABASE_URL (the owner) and TEST_APP_URL (the server's role); its exit code is ours.
 */
export async function runWithDatabase(command: readonly string[]): Promise<number> {
  using signals = new HeldSignals();
  await using folder = await temporaryDataDirectory();
  const postgres = await startEmbeddedPostgres({
    dataDirectory: folder.path,
    durable: false,
    settings: THROWAWAY_SETTINGS,
    log: () => {},
  });
  try {
    if (signals.received) return INTERRUPTED_CODE;
    const env = {
      TEST_DATABASE_URL: postgres.adminUrl,
      TEST_APP_URL: postgres.appUrl,
      // Tests that start a PostgreSQL of their own need not copy it: that takes a second each.
      TEST_RUNTIME_DIRECTORY: postgres.runtimeDirectory,
    };
    return await runCommand(command, env, signals);
  } finally {
    await postgres.stop();
  }
}

/** Nothing here outlives the run, so the disk need not be waited for. */
const THROWAWAY_SETTINGS = { fsync: "off", full_page_writes: "off", max_connections: "200" };
const INTERRUPTED_CODE = 130;

/**
 * Signals end the command, not this program, which must take down what it set up first. A terminal sends Ctrl-C
 * to the command itself; the others are passed on.
 */
class HeldSignals implements Disposable {
  received = false;
  child: Deno.ChildProcess | undefined;
  readonly #listeners = (["SIGINT", "SIGTERM", "SIGHUP"] as const).map((signal) => ({
    signal,
    listener: () => {
      this.received = true;
      if (signal !== "SIGINT") this.#passOn(signal);
    },
  }));

  constructor() {
    for (const { signal, listener } of this.#listeners) Deno.addSignalListener(signal, listener);
  }

  [Symbol.dispose](): void {
    for (const { signal, listener } of this.#listeners) Deno.removeSignalListener(signal, listener);
  }

  #passOn(signal: Deno.Signal): void {
    try {
      this.child?.kill(signal);
    } catch {
      // It has ended in this very moment.
    }
  }
}

async function runCommand(
  command: readonly string[],
  env: Record<string, string>,
  signals: HeldSignals,
): Promise<number> {
  // The task's own deno, also where it came by npx and is not on PATH.
  const [program, ...args] = command[0] === "deno" ? [Deno.execPath(), ...command.slice(1)] : command;
  signals.child = new Deno.Command("sh", {
    args: ["-c", 'exec "$@"', "sh", program, ...args],
    clearEnv: true,
    env: { ...environmentWithoutLoader(), ...env },
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  return (await signals.child.status).code;
}

if (import.meta.main) {
  const command = Deno.args[0] === "--" ? Deno.args.slice(1) : Deno.args;
  if (command.length === 0) {
    console.error("Usage: run_tests.ts -- <command…>");
    Deno.exit(2);
  }
  try {
    Deno.exit(await runWithDatabase(command));
  } catch (error) {
    if (!(error instanceof DatabaseStartError)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}
