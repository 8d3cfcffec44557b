import configuration from "../../deno.json" with { type: "json" };
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface RunningServer {
  readonly baseUrl: string;
  readonly logPath: string;
  /** SIGTERM, then waits until it has drained and gone. */
  stop(): Promise<void>;
  /** SIGKILL, as the system does when memory runs out: nothing is drained. */
  kill(): Promise<void>;
}

const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
/** What `deno task serve` gives V8; docs/decisions/0002-batches-of-payments.md says why. */
const V8_FLAGS = configuration.tasks.serve.command.split(" ").filter((word) =>
  word.startsWith("--v8-flags=")
);
const PERMISSIONS = [
  "--allow-env",
  "--allow-read",
  "--allow-write",
  "--allow-run=sh",
  "--allow-sys=uid,hostname",
  "--allow-net=127.0.0.1,localhost",
];

/** Starts the server as a process of its own on a free port, as `deno task serve` does, and waits until it is ready. */
export async function startServer(
  dataDirectory: string,
  signal: AbortSignal,
  environment: Readonly<Record<string, string>> = {},
): Promise<RunningServer> {
  const port = freePort();
  const logPath = join(dataDirectory, "server.log");
  const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
  // The shell sends the log to its file without this process in between.
  const child = new Deno.Command("sh", {
    args: [
      "-c",
      'log="$1"; shift; exec "$@" 2>"$log"',
      "sh",
      logPath,
      Deno.execPath(),
      "run",
      ...V8_FLAGS,
      ...PERMISSIONS,
      main,
    ],
    env: { ...environment, DATA_DIR: dataDirectory, PORT: String(port), HOST: "127.0.0.1" },
    stdin: "null",
    stdout: "null",
  }).spawn();
  let ended: Deno.CommandStatus | undefined;
  const status = child.status.then((value) => ended = value);
  const end = async (by: Deno.Signal) => {
    if (ended === undefined) {
      try {
        child.kill(by);
      } catch {
        // It ended in this very moment.
      }
    }
    await status;
  };
  const stop = () => end("SIGTERM");
  const baseUrl = `http://127.0.0.1:${port}`;
  const untilMs = performance.now() + READY_TIMEOUT_MS;
  while (!await isReady(baseUrl)) {
    if (ended !== undefined || signal.aborted || performance.now() > untilMs) {
      await stop();
      signal.throwIfAborted();
      throw new Error(`The server did not become ready. Its log ends with:\n${await lastLines(logPath)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return { baseUrl, logPath, stop, kill: () => end("SIGKILL") };
}

async function isReady(baseUrl: string): Promise<boolean> {
  try {
    const response = await fetch(`${baseUrl}/readyz`);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

async function lastLines(path: string): Promise<string> {
  return (await Deno.readTextFile(path)).trimEnd().split("\n").slice(-10).join("\n");
}
