import process from "node:process";
import type { RandomIds } from "./core/ids.ts";
import type { Log } from "./core/log.ts";
import { DEFAULT_TENANT, SCOPES } from "./http/authenticate.ts";
import type { CallToolDependencies } from "./mcp/call_tool.ts";
import { createMcpServer } from "./mcp/mcp_server.ts";
import { serveOnStdio } from "./mcp/serve_stdio.ts";
import { DRAIN_MAX_MS } from "./serve_http.ts";
import { VERSION } from "./version.ts";

/** Serves one client until it closes its end; the caller is whoever started this process. */
export async function serveStandardStreams(
  ids: RandomIds,
  calls: CallToolDependencies,
  log: Log,
  stop: Promise<string>,
  startedMs: number,
): Promise<number> {
  const caller = { tenantId: DEFAULT_TENANT, principal: "local", scopes: new Set<string>(SCOPES) };
  const serving = serveOnStdio({
    input: process.stdin,
    output: process.stdout,
    createServer: () => createMcpServer(caller, () => ids.next("req"), calls),
    drainMaxMs: DRAIN_MAX_MS,
    onError: (error) => log.warn("protocol_error", { error: error.message.slice(0, 300) }),
  });
  stop.then((signal) => {
    log.info("draining", { signal });
    serving.stop();
  });
  log.info("listening", {
    on: "stdio",
    version: VERSION,
    readyMs: Math.round(performance.now() - startedMs),
  });
  await serving.ended;
  return 0;
}
