import { fileURLToPath } from "node:url";

export interface RunningProviders {
  readonly url: string;
  /** SIGTERM or SIGKILL; resolves when the process is gone. */
  stop(by?: "SIGTERM" | "SIGKILL"): Promise<void>;
}

const READY_TIMEOUT_MS = 30_000;
const POLL_MS = 50;
const PERMISSIONS = ["--allow-env", "--allow-read", "--allow-write", "--allow-net=127.0.0.1,localhost"];

/** Starts the providers as a process of their own, as `deno task providers` does, and waits until they answer. */
export async function startProviders(
  dataDirectory: string,
  environment: Readonly<Record<string, string>> = {},
  port: number = freePort(),
): Promise<RunningProviders> {
  const url = `http://127.0.0.1:${port}`;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      ...PERMISSIONS,
      fileURLToPath(new URL("../../src/providers_main.ts", import.meta.url)),
    ],
    env: { LOG_LEVEL: "warn", ...environment, DATA_DIR: dataDirectory, PROVIDERS_PORT: String(port) },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let ended = false;
  const status = child.status.then(() => ended = true);
  const stop = async (by: "SIGTERM" | "SIGKILL" = "SIGTERM") => {
    if (!ended) child.kill(by);
    await status;
  };
  const untilMs = performance.now() + READY_TIMEOUT_MS;
  while (!await answers(url)) {
    if (ended || performance.now() > untilMs) {
      await stop("SIGKILL");
      throw new Error("The providers did not start");
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return { url, stop };
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/healthz`);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
