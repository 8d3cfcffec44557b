import {
  createMcpHandler,
  hostHeaderValidationResponse,
  isJsonContentType,
  isLegacyRequest,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  originValidationResponse,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import { type Context, Hono } from "hono";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { Config } from "../config.ts";
import type { Clock } from "../core/clock.ts";
import type { Ids } from "../core/ids.ts";
import { errorFields, type Log } from "../core/log.ts";
import type { CallToolDependencies } from "../mcp/call_tool.ts";
import type { Caller } from "../mcp/define_tool.ts";
import { createMcpServer } from "../mcp/mcp_server.ts";
import { VERSION } from "../version.ts";
import { Authenticator } from "./authenticate.ts";
import type { Metrics } from "./metrics.ts";
import { readBody } from "./read_body.ts";

export interface AppDependencies {
  readonly config: Config;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly calls: CallToolDependencies;
  /** Resolves when the server can take payments; rejects with the reason it cannot. */
  readonly ready: () => Promise<void>;
  readonly isDraining: () => boolean;
}

/**
 * The HTTP side, in the order a request meets it: request id, Host and Origin, then for /mcp content type,
 * body limits, caller, rate limit, protocol.
 */
export function createApp(dependencies: AppDependencies): Hono {
  const { config, ids, log, metrics, clock } = dependencies;
  const hosts = [...localhostAllowedHostnames(), ...config.allowedHosts];
  const origins = [...localhostAllowedOrigins(), ...config.allowedOrigins];
  const authenticator = new Authenticator(config);
  const limiter = config.rateLimit === null
    ? null
    : new RateLimiterMemory({ points: config.rateLimit.calls, duration: config.rateLimit.perSeconds });
  const serveProtocol = protocolHandler(dependencies);
  const app = new Hono();

  app.use(async (context, next) => {
    const requestId = ids.next("req");
    context.header("x-request-id", requestId);
    context.set("requestId" as never, requestId as never);
    const refused = hostHeaderValidationResponse(context.req.raw, hosts) ??
      originValidationResponse(context.req.raw, origins);
    if (refused !== undefined) context.res = withRequestId(refused, requestId);
    else await next();
    metrics.request(ROUTES.has(context.req.path) ? context.req.path : "other", context.res.status);
  });

  app.get("/healthz", (context) => context.json({ status: "ok", version: VERSION }));

  app.get("/readyz", async (context) => {
    if (dependencies.isDraining()) return context.json({ status: "draining" }, 503);
    try {
      await dependencies.ready();
      return context.json({ status: "ready", version: VERSION });
    } catch (error) {
      log.error("not_ready", errorFields(error));
      return context.json({ status: "not_ready", reason: "the database does not answer" }, 503);
    }
  });

  app.get("/metrics", async (context) => {
    context.header("content-type", metrics.registry.contentType);
    return context.body(await metrics.registry.metrics());
  });

  app.post("/mcp", async (context) => {
    const request = context.req.raw;
    if (!isJsonContentType(request.headers.get("content-type"))) {
      return refuse(
        context,
        415,
        "unsupported_media_type",
        "Send the header Content-Type: application/json.",
      );
    }
    const body = await readBody(request, config.readTimeoutMs);
    if ("refusal" in body) {
      // What was not read would otherwise be taken for the next request.
      context.header("connection", "close");
      return refuse(context, body.refusal.status, body.refusal.code, body.refusal.message);
    }
    const authentication = await authenticator.authenticate(request, clock.nowMs());
    if ("refusal" in authentication) {
      context.header("www-authenticate", 'Bearer realm="mcp-payments-lab", error="invalid_token"');
      return refuse(context, 401, "unauthorized", authentication.refusal);
    }
    const { caller } = authentication;
    if (limiter !== null) {
      const retryAfterS = await secondsToWait(limiter, caller);
      if (retryAfterS > 0) {
        context.header("retry-after", String(retryAfterS));
        return refuse(
          context,
          429,
          "rate_limited",
          `More than ${config.rateLimit!.calls} calls in ${
            config.rateLimit!.perSeconds
          } s. Call again in ${retryAfterS} s.`,
        );
      }
    }
    return withRequestId(
      await serveProtocol(request, body.json, caller, requestIdOf(context)),
      requestIdOf(context),
    );
  });

  app.all("/mcp", (context) => {
    context.header("allow", "POST");
    return refuse(
      context,
      405,
      "method_not_allowed",
      "This endpoint keeps no sessions or streams: POST only.",
    );
  });

  app.notFound((context) =>
    refuse(context, 404, "not_found", "There is /mcp for the protocol, and /healthz, /readyz and /metrics.")
  );

  app.onError((error, context) => {
    log.error("request_failed", {
      requestId: requestIdOf(context),
      path: context.req.path,
      ...errorFields(error),
    });
    return refuse(
      context,
      500,
      "internal",
      "The server failed on this request. Quote x-request-id when you report it.",
    );
  });
  return app;
}

const ROUTES = new Set(["/mcp", "/healthz", "/readyz", "/metrics"]);
const BOTH_FORMS = "application/json, text/event-stream";

/** Serves one parsed message in the era it is written in; both share the tools. */
function protocolHandler({ calls, log }: AppDependencies) {
  const modern = createMcpHandler(
    (context) => {
      const { caller, requestId } = context.authInfo!.extra as unknown as {
        caller: Caller;
        requestId: string;
      };
      return createMcpServer(caller, () => requestId, calls);
    },
    {
      legacy: "reject",
      responseMode: "json",
      onerror: (error) => log.debug("protocol_error", errorFields(error)),
    },
  );
  return async (request: Request, json: unknown, caller: Caller, requestId: string): Promise<Response> => {
    const accepting = acceptingBothForms(request);
    if (await isLegacyRequest(accepting, json)) {
      const transport = new WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator: undefined,
        enableJsonResponse: true,
      });
      const server = createMcpServer(caller, () => requestId, calls);
      await server.connect(transport);
      const response = await transport.handleRequest(accepting, { parsedBody: json });
      await server.close();
      return response;
    }
    return await modern.fetch(accepting, {
      parsedBody: json,
      authInfo: {
        token: "",
        clientId: caller.principal,
        scopes: [...caller.scopes],
        extra: { caller, requestId },
      },
    });
  };
}

/**
 * Answers are JSON whatever the client would take, so a client that names no form, or only one, is served too:
 * the protocol library would refuse it with 406.
 */
function acceptingBothForms(request: Request): Request {
  const accept = request.headers.get("accept") ?? "";
  const headers = new Headers(request.headers);
  if (!accept.includes("application/json") || !accept.includes("text/event-stream")) {
    headers.set("accept", BOTH_FORMS);
  }
  return new Request(request.url, { method: "POST", headers });
}

async function secondsToWait(limiter: RateLimiterMemory, caller: Caller): Promise<number> {
  try {
    await limiter.consume(`${caller.tenantId}/${caller.principal}`);
    return 0;
  } catch (refused) {
    if (!(refused instanceof RateLimiterRes)) throw refused;
    return Math.max(1, Math.ceil(refused.msBeforeNext / 1000));
  }
}

function refuse(
  context: Context,
  status: 400 | 401 | 404 | 405 | 408 | 413 | 415 | 429 | 500,
  code: string,
  message: string,
) {
  return context.json({
    jsonrpc: "2.0",
    id: null,
    error: { code: -32000, message, data: { code, request_id: requestIdOf(context) } },
  }, status);
}

function requestIdOf(context: Context): string {
  return context.get("requestId" as never);
}

function withRequestId(response: Response, requestId: string): Response {
  response.headers.set("x-request-id", requestId);
  return response;
}
