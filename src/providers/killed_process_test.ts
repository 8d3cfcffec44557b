import { expect } from "expect";
import { fileURLToPath } from "node:url";
import { ACQUIRER_PROFILES } from "./acquirer_profiles.ts";
import { RemoteProvider } from "./remote_provider.ts";
import { chargeRequestOf } from "./testing/charge_request_of.ts";

const LONG_MS = 20_000;

async function start(dataDirectory: string) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", fileURLToPath(new URL("../providers_main.ts", import.meta.url))],
    env: {
      DATA_DIR: dataDirectory,
      PROVIDERS_PORT: String(port),
      PROVIDER_LATENCY_SCALE: "0",
      LOG_LEVEL: "error",
    },
    stdout: "null",
    stderr: "null",
  }).spawn();
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 400; tries++) {
    try {
      await (await fetch(`${url}/healthz`)).body?.cancel();
      break;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  return {
    provider: new RemoteProvider(ACQUIRER_PROFILES[0], url),
    end: async (signal: "SIGKILL" | "SIGTERM") => {
      child.kill(signal);
      await child.status;
    },
  };
}

Deno.test("every charge that a killed provider process has answered is there after its next start", async () => {
  const dataDirectory = await Deno.makeTempDir();
  try {
    const first = await start(dataDirectory);
    const answered = new Map<string, unknown>();
    const clients = Array.from({ length: 20 }, async (_, client) => {
      for (let i = 0;; i++) {
        const key = `k/${client}/${i}`;
        try {
          answered.set(key, await first.provider.charge(chargeRequestOf(key), LONG_MS));
        } catch {
          return; // killed
        }
      }
    });
    while (answered.size < 300) await new Promise((resolve) => setTimeout(resolve, 5));
    await first.end("SIGKILL");
    await Promise.all(clients);
    const second = await start(dataDirectory);
    const keys = [...answered.keys()];
    const found = await Promise.all(keys.map((key) => second.provider.findCharge(key, LONG_MS)));
    expect(found).toEqual(keys.map((key) => answered.get(key)));
    await second.end("SIGTERM");
  } finally {
    await Deno.remove(dataDirectory, { recursive: true });
  }
});
