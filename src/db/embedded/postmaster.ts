import { join } from "node:path";
import { LISTEN_ADDRESS } from "./choose_port.ts";
import { type Account, runShell, shellOptions } from "./shell.ts";

const FAST_SHUTDOWN_MAX_MS = 8_000;
const POLL_INTERVAL_MS = 10;
const LOG_MAX_BYTES = 10 * 1024 * 1024;
const SHOWN_LOG_LINES = 12;

export interface PostmasterOptions {
  readonly runtime: string;
  readonly cluster: string;
  readonly logPath: string;
  readonly port: number;
  readonly settings: Readonly<Record<string, string>>;
  readonly account: Account | undefined;
}

/** A running PostgreSQL that is a child of this process and ends with it. */
export class Postmaster {
  readonly exited: Promise<Deno.CommandStatus>;
  readonly #child: Deno.ChildProcess;
  readonly #options: PostmasterOptions;
  #running = true;

  get pid(): number {
    return this.#child.pid;
  }

  private constructor(options: PostmasterOptions, child: Deno.ChildProcess) {
    this.#options = options;
    this.#child = child;
    this.exited = this.#waitForExit();
  }

  static spawn(options: PostmasterOptions): Postmaster {
    const settings = Object.entries({
      ...options.settings,
      listen_addresses: LISTEN_ADDRESS,
      port: String(options.port),
      unix_socket_directories: "",
    }).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const child = new Deno.Command("sh", {
      ...shellOptions(options.account),
      args: [
        "-c",
        START_SCRIPT,
        "sh",
        join(options.runtime, "bin", "postgres"),
        options.cluster,
        options.logPath,
        ...settings,
      ],
      stdin: "piped",
      stdout: "null",
      stderr: "null",
      // A session of its own: a terminal's Ctrl-C must reach the server alone, which drains and then stops this.
      detached: true,
    }).spawn();
    return new Postmaster(options, child);
  }

  /** Resolves to true once connections are accepted, to false when the process has ended instead. */
  async ready(onWaiting: (elapsedMs: number) => void): Promise<boolean> {
    const startedMs = performance.now();
    let reportedMs = 0;
    while (this.#running) {
      if (await this.#statusInPidFile() === "ready") return true;
      const elapsedMs = performance.now() - startedMs;
      if (elapsedMs - reportedMs > 5_000) onWaiting(reportedMs = elapsedMs);
      await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
    }
    return false;
  }

  /** Fast shutdown: running transactions are rolled back, a checkpoint is written. Immediate when that hangs. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#signal("SIGINT");
    const hurry = setTimeout(() => this.#signal("SIGQUIT"), FAST_SHUTDOWN_MAX_MS);
    await this.exited;
    clearTimeout(hurry);
  }

  /** The end of PostgreSQL's log, for the person who must find out why it did not start. */
  async lastLogLines(): Promise<string> {
    const { stdout } = await runShell('tail -n "$2" "$1"', [this.#options.logPath, String(SHOWN_LOG_LINES)]);
    return stdout.trim();
  }

  async #waitForExit(): Promise<Deno.CommandStatus> {
    const status = await this.#child.status;
    this.#running = false;
    // A line, not just an end of file, tells the watchdog that there is nothing left to stop.
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode("ended\n")).catch(() => {});
    await writer.close().catch(() => {});
    return status;
  }

  /** The last line of postmaster.pid is what pg_ctl waits for too; the first is the pid. */
  async #statusInPidFile(): Promise<string | undefined> {
    try {
      const lines = (await Deno.readTextFile(join(this.#options.cluster, "postmaster.pid"))).split("\n");
      return Number(lines[0]) === this.#child.pid ? lines[7]?.trim() : undefined;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  #signal(signal: Deno.Signal): void {
    if (this.#running) this.#child.kill(signal);
  }
}

// `exec` makes the child's pid the postmaster's. Before that a watchdog goes to the background, with the other end
// of stdin in the server's hands: when the server dies, by SIGKILL too, `read` meets the end of the file and the
// watchdog stops PostgreSQL, which is $$, the shell's pid, also inside a subshell. Two levels of parentheses hand
// the watchdog to init, since PostgreSQL would take it for a crashed child of its own.
const START_SCRIPT = `
umask 077
postgres=$1 cluster=$2 log=$3
shift 3
mkdir -p "\${log%/*}"
if [ -f "$log" ] && [ "$(wc -c <"$log")" -gt ${LOG_MAX_BYTES} ]; then mv -f "$log" "$log.1"; fi
exec 3<&0 </dev/null >>"$log" 2>&1
((
  if read -r _ <&3; then exit 0; fi
  kill -INT $$
  waited=0
  while kill -0 $$ 2>/dev/null; do
    sleep 1
    waited=$((waited + 1))
    if [ $waited -eq ${FAST_SHUTDOWN_MAX_MS / 1000} ]; then kill -QUIT $$; fi
  done
) &)
exec "$postgres" -D "$cluster" "$@" 3<&-
`;
