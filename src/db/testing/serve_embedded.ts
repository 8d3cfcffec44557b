import { startEmbeddedPostgres } from "../embedded.ts";

/**
 * A stand-in for the server, to be killed by tests: starts PostgreSQL on the data folder of its argument, prints
 * `{ pid, adminUrl, port }` as one line and waits for SIGTERM.
 */
const postgres = await startEmbeddedPostgres({
  dataDirectory: Deno.args[0],
  runtimeDirectory: Deno.env.get("TEST_RUNTIME_DIRECTORY"),
  log: console.error,
});
console.log(JSON.stringify({ pid: postgres.pid, adminUrl: postgres.adminUrl, port: postgres.port }));
Deno.addSignalListener("SIGTERM", async () => {
  await postgres.stop();
  Deno.exit(0);
});
