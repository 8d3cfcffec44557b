import { fileURLToPath } from "node:url";

/** What {@link killedServer} was running. */
export interface RunningServer {
  readonly pid: number;
  readonly adminUrl: string;
}

/**
 * Runs a process with an embedded PostgreSQL on the folder, lets `work` use it, and kills that process by SIGKILL,
 * as the system does when memory runs out.
 */
export async function killedServer(
  dataDirectory: string,
  work: (server: RunningServer) => Promise<void>,
): Promise<{ postgresPid: number }> {
  const child = new Deno.Command("sh", {
    args: [
      "-c",
      'exec "$@"',
      "sh",
      Deno.execPath(),
      "run",
      "--no-prompt",
      "--allow-run=sh",
      "--allow-env",
      "--allow-sys=uid",
      "--allow-net=127.0.0.1",
      `--allow-read=${dataDirectory}`,
      `--allow-write=${dataDirectory}`,
      fileURLToPath(new URL("./serve_embedded.ts", import.meta.url)),
      dataDirectory,
    ],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  try {
    const server = JSON.parse(await firstLine(child.stdout)) as RunningServer;
    await work(server);
    return { postgresPid: server.pid };
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
}

async function firstLine(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes("\n")) return text.slice(0, text.indexOf("\n"));
  }
  throw new Error("The server ended before it was ready.");
}
