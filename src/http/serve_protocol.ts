import {
  createMcpHandler,
  isLegacyRequest,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import { errorFields, type Log } from "../core/log.ts";
import type { CallToolDependencies } from "../mcp/call_tool.ts";
import type { Caller } from "../mcp/define_tool.ts";
import { createMcpServer } from "../mcp/mcp_server.ts";
import { plainly } from "../mcp/plain_fault.ts";

export type ServeProtocol = (
  request: Request,
  json: unknown,
  caller: Caller,
  requestId: string,
) => Promise<Response>;

/** Serves one parsed message in the era it is written in; both share the tools. */
export function protocolHandler(calls: CallToolDependencies, log: Log): ServeProtocol {
  const onerror = (error: Error) => log.debug("protocol_error", errorFields(error));
  const modern = withoutWarning(() =>
    createMcpHandler(
      (context) => {
        const { caller, requestId } = context.authInfo!.extra as unknown as {
          caller: Caller;
          requestId: string;
        };
        return createMcpServer(caller, () => requestId, calls);
      },
      { legacy: "reject", responseMode: "json", onerror },
    )
  );
  return async (request, json, caller, requestId) => {
    const accepting = acceptingBothForms(request);
    if (await isLegacyRequest(accepting, json)) {
      const messages = Array.isArray(json) ? json.filter((message) => !isCancellation(message)) : json;
      if (Array.isArray(json) && json.length > 0 && (messages as unknown[]).length === 0) {
        return new Response(null, { status: 202 });
      }
      const transport = new WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator: undefined,
        enableJsonResponse: true,
      });
      transport.onerror = onerror;
      const server = createMcpServer(caller, () => requestId, calls);
      await server.connect(transport);
      const response = await transport.handleRequest(accepting, { parsedBody: messages });
      await server.close();
      return Array.isArray(json) ? await asBatch(response) : response;
    }
    const response = await modern.fetch(accepting, {
      parsedBody: json,
      authInfo: {
        token: "",
        clientId: caller.principal,
        scopes: [...caller.scopes],
        extra: { caller, requestId },
      },
    });
    return response.status < 400 ? response : await inPlainWords(response);
  };
}

/** What the library refuses before a server of ours has the message. */
async function inPlainWords(response: Response): Promise<Response> {
  if (!response.headers.get("content-type")?.includes("json")) return response;
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  return Response.json(plainly(await response.json()), { status: response.status, headers });
}

/** The library warns on the console of what `json` means, each time; it is meant. */
function withoutWarning<Made>(make: () => Made): Made {
  const { warn } = console;
  console.warn = () => {};
  try {
    return make();
  } finally {
    console.warn = warn;
  }
}

/** Only revision 2025-03-26 has batches, and no client at hand sends them: few messages are enough. */
export const BATCH_MAX_MESSAGES = 50;

/** The library answers a batch with one call in it by that call's answer alone. */
async function asBatch(response: Response): Promise<Response> {
  if (response.status !== 200) return response;
  const answers: unknown = await response.json();
  const { status, headers } = response;
  return Response.json(Array.isArray(answers) ? answers : [answers], { status, headers });
}

/** Why an array of messages is not taken; null for one that is, and for a single message. */
export function batchFault(json: unknown): string | null {
  if (!Array.isArray(json)) return null;
  if (json.length === 0) return "The batch is empty. Send one message a request.";
  if (json.length > BATCH_MAX_MESSAGES) {
    return `A batch has at most ${BATCH_MAX_MESSAGES} messages, not ${json.length}. Send one message a request.`;
  }
  const ids = json.map((message) => (message as { id?: unknown } | null)?.id).filter((id) =>
    id !== undefined
  );
  if (new Set(ids).size < ids.length) return "Two messages of the batch have the same id.";
  return null;
}

/**
 * In a batch it would name a call of the same batch, and the library would then wait for the cancelled call's
 * answer for ever. A payment cannot be called back anyway.
 */
function isCancellation(message: unknown): boolean {
  return (message as { method?: unknown } | null)?.method === "notifications/cancelled";
}

const BOTH_FORMS = "application/json, text/event-stream";

/**
 * Answers are JSON whatever the client would take, so a client that names no form, or only one, is served too:
 * the protocol library would refuse it with 406.
 */
function acceptingBothForms(request: Request): Request {
  const headers = new Headers(request.headers);
  headers.set("accept", BOTH_FORMS);
  return new Request(request.url, { method: "POST", headers });
}
