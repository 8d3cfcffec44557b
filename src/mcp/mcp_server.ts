import type { Server } from "@modelcontextprotocol/server";
import { VERSION } from "../version.ts";
import { listTools } from "./allowed_tools.ts";
import { roundOf } from "./ask_person.ts";
import { callTool, type CallToolDependencies } from "./call_tool.ts";
import type { Caller } from "./define_tool.ts";
import { PlainSpokenServer } from "./plain_fault.ts";

const INSTRUCTIONS =
  "A payments sandbox over a real double-entry ledger; all money is simulated. Amounts are in major " +
  'units ("100.00"). Every result is JSON; errors carry a stable code, whether a retry can help, and the next move. ' +
  "Send an idempotency_key with everything that moves money.";

/**
 * One protocol instance: for one request over HTTP, for one connection over stdio. The low-level server is used
 * because the high-level one converts every schema again each time it is made.
 */
export function createMcpServer(
  caller: Caller,
  requestId: () => string,
  dependencies: CallToolDependencies,
): Server {
  const server = new PlainSpokenServer(
    { name: "mcp-payments-lab", version: VERSION },
    { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
  );
  server.setRequestHandler("tools/list", () => listTools(caller));
  server.setRequestHandler(
    "tools/call",
    (request, context) =>
      callTool(
        { name: request.params.name, arguments: request.params.arguments, _meta: context.mcpReq._meta },
        roundOf(context.mcpReq),
        caller,
        requestId(),
        dependencies,
      ),
  );
  return server;
}
