import {
  isJsonContentType,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  validateHostHeader,
  validateOriginHeader,
} from "@modelcontextprotocol/server";
import { Hono } from "hono";
import { cors } from "hono/cors";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { Config } from "../config.ts";
import type { Clock } from "../core/clock.ts";
import type { Ids } from "../core/ids.ts";
import { errorFields, type Log } from "../core/log.ts";
import type { CallToolDependencies } from "../mcp/call_tool.ts";
import type { Caller } from "../mcp/define_tool.ts";
import { forbiddenError, toolOutsideScopes } from "../mcp/allowed_tools.ts";
import { firstEnvelopeFault, idOf } from "../mcp/envelope_fault.ts";
import { messageFault } from "../mcp/message_fault.ts";
import { VERSION } from "../version.ts";
import { createDashboard } from "../dashboard/dashboard_app.ts";
import { Authenticator, DEFAULT_TENANT, SCOPES } from "./authenticate.ts";
import { METADATA_PATHS, resourceMetadata, scopeChallenge, tokenChallenge } from "./protected_resource.ts";
import type { Metrics } from "./metrics.ts";
import { bringsMetricsToken } from "./metrics_token.ts";
import { SIGNATURE_HEADER } from "../core/webhook_signature.ts";
import { readBody, readText } from "./read_body.ts";
import { takeWebhook, type WebhookDependencies } from "./take_webhook.ts";
import type { TokenKeys } from "./token_keys.ts";
import { type Refusal, refuse, requestIdOf, setRequestId } from "./refuse.ts";
import { batchFault, protocolHandler } from "./serve_protocol.ts";

export interface AppDependencies {
  readonly config: Config;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly calls: CallToolDependencies;
  /** What tokens are checked with; null where nobody needs one. */
  readonly tokenKeys: TokenKeys | null;
  /** What the dashboard's forms are signed with, alike for all servers on one database. */
  readonly dashboardSecret: Uint8Array;
  /** Resolves when the server can take payments; rejects with the reason it cannot. */
  readonly ready: () => Promise<void>;
  /** Why it takes payments but cannot do all for them now, null for nothing; null where nothing can be missing. */
  readonly degradedBy: (() => Promise<string | null>) | null;
  readonly isDraining: () => boolean;
  /** What providers sign webhooks with; without it there are none. */
  readonly webhooks: WebhookDependencies | null;
}

/**
 * The HTTP side, in the order a request meets it: request id, Host and Origin, then for /mcp content type,
 * body limits, caller, rate limit, scope, protocol. Where several refusals apply, the first of this order is the answer.
 * People have a side of their own, /dashboard, which no agent's token opens.
 */
export function createApp(dependencies: AppDependencies): Hono {
  const { config, ids, log, metrics, clock } = dependencies;
  // Where clients are told to reach it, its own pages come from there.
  const publicHosts = config.publicUrl === null ? [] : [new URL(config.publicUrl).hostname];
  const origins = [...localhostAllowedOrigins(), ...publicHosts, ...config.allowedOrigins];
  const hosts = [
    ...localhostAllowedHostnames(),
    ...ownHostNames(config.host),
    ...publicHosts,
    ...config.allowedHosts,
  ];
  const authenticator = new Authenticator(dependencies.tokenKeys, config);
  const limiter = config.rateLimit === null
    ? null
    : new RateLimiterMemory({ points: config.rateLimit.calls, duration: config.rateLimit.perSeconds });
  const serveProtocol = protocolHandler(dependencies.calls, log);
  const app = new Hono();

  app.use(async (context, next) => {
    setRequestId(context, ids.next("req"));
    await next();
    metrics.request(routeOf(context.req.path), context.res.status);
  });

  app.use(async (context, next) => {
    // Probes come by the address of a pod or a host, and learn nothing but whether it lives.
    if (PROBES.has(context.req.path)) return await next();
    const refusal = addressRefusal(context.req.raw, hosts, origins);
    if (refusal !== null) return refuse(context, refusal);
    await next();
  });

  // Only now is an origin one that may read the answer.
  app.use(async (context, next) => {
    const isReadable = !isDashboard(context.req.path) && context.req.raw.headers.has("origin");
    if (isReadable) return await readableByOrigin(context, next);
    await next();
  });

  app.get("/healthz", (context) => context.json({ status: "ok", version: VERSION }));

  app.get("/readyz", async (context) => {
    if (dependencies.isDraining()) return context.json({ status: "draining" }, 503);
    try {
      await dependencies.ready();
      const reason = await dependencies.degradedBy?.() ?? null;
      // Still 200: taken out of rotation, it could not even say what became of a payment.
      return context.json(
        reason === null
          ? { status: "ready", version: VERSION }
          : { status: "degraded", version: VERSION, reason },
      );
    } catch (error) {
      log.error("not_ready", errorFields(error));
      return context.json({ status: "not_ready", reason: "the database does not answer" }, 503);
    }
  });

  app.get("/metrics", async (context) => {
    if (config.metricsToken !== null && !bringsMetricsToken(context.req.raw, config.metricsToken)) {
      context.header("www-authenticate", 'Bearer realm="metrics"');
      return refuse(context, NO_METRICS_TOKEN);
    }
    context.header("content-type", metrics.registry.contentType);
    return context.body(await metrics.registry.metrics());
  });

  for (const path of METADATA_PATHS) {
    app.get(path, (context) => {
      if (dependencies.tokenKeys === null) return refuse(context, NO_TOKENS);
      return context.json(resourceMetadata(context.req.raw, config));
    });
  }

  app.post("/mcp", async (context) => {
    const request = context.req.raw;
    if (!isJsonContentType(request.headers.get("content-type"))) return refuse(context, NOT_JSON);

    const body = await readBody(request, config.readTimeoutMs);
    if ("refusal" in body) {
      // Tells the client not to reuse the connection: what it still sends is thrown away.
      context.header("connection", "close");
      return refuse(context, body.refusal);
    }
    const fault = messageFault(body.json);
    if (fault !== null) return refuse(context, { status: 400, ...fault });
    const batch = batchFault(body.json);
    if (batch !== null) return refuse(context, { status: 400, code: "invalid_batch", message: batch });
    const envelope = firstEnvelopeFault(body.json);
    if (envelope !== null) return refuse(context, { status: 400, ...envelope }, idOf(body.json));

    const authentication = await authenticator.authenticate(request, clock.nowMs());
    if ("refusal" in authentication) {
      context.header("www-authenticate", tokenChallenge(request, config, authentication));
      return refuse(context, { status: 401, code: "unauthorized", message: authentication.refusal });
    }
    const { caller } = authentication;

    if (limiter !== null) {
      const messages = Array.isArray(body.json) ? body.json.length : 1;
      const retryAfterS = await secondsToWait(limiter, caller, messages);
      if (retryAfterS > 0) {
        context.header("retry-after", String(retryAfterS));
        return refuse(context, rateLimited(config.rateLimit!, retryAfterS));
      }
    }
    const outside = toolOutsideScopes(body.json, caller);
    if (outside !== null) {
      const { code, message, nextMove } = forbiddenError(outside);
      metrics.call(outside.name, code, 0);
      context.header("www-authenticate", scopeChallenge(request, config, { scope: outside.scope, message }));
      return refuse(context, { status: 403, code, message: `${message} ${nextMove}` }, idOf(body.json));
    }
    const response = await serveProtocol(request, body.json, caller, requestIdOf(context));
    response.headers.set("x-request-id", requestIdOf(context));
    return response;
  });

  // A trailing slash is easily set in WEBHOOK_URL, and a dispute lost to it would not be told again.
  app.on("POST", ["/webhooks/:provider", "/webhooks/:provider/"], async (context) => {
    if (dependencies.webhooks === null) return refuse(context, NO_WEBHOOKS);
    const text = await readText(context.req.raw, config.readTimeoutMs);
    if (typeof text !== "string") return refuse(context, text.refusal);
    const taken = await takeWebhook(dependencies.webhooks, {
      provider: context.req.param("provider"),
      signature: context.req.raw.headers.get(SIGNATURE_HEADER),
      body: text,
      nowMs: clock.nowMs(),
    });
    return "refusal" in taken ? refuse(context, taken.refusal) : context.json(taken);
  });

  app.route(
    "/dashboard",
    createDashboard({
      services: dependencies.calls,
      sessions: {
        checkToken: dependencies.tokenKeys === null
          ? null
          : (token) => authenticator.checkToken(token, clock.nowMs()),
        toolScopes: SCOPES,
        defaultTenantId: DEFAULT_TENANT,
        isSecure: config.publicUrl?.startsWith("https:") ?? false,
        secret: dependencies.dashboardSecret,
      },
      publicOrigin: config.publicUrl === null ? null : new URL(config.publicUrl).origin,
      readText: (request) => readText(request, config.readTimeoutMs),
      requestIdOf,
      nowMs: () => dependencies.calls.payments.clock.nowMs(),
      log,
    }),
  );

  app.all("/mcp", (context) => {
    context.header("allow", "POST");
    return refuse(context, NOT_POST);
  });

  app.notFound((context) => refuse(context, NOT_FOUND));

  app.onError((error, context) => {
    log.error("request_failed", {
      requestId: requestIdOf(context),
      path: context.req.path,
      ...errorFields(error),
    });
    return refuse(context, FAILED);
  });
  return app;
}

const PROBES = new Set(["/healthz", "/readyz"]);
const ROUTES = new Set(["/mcp", "/healthz", "/readyz", "/metrics", ...METADATA_PATHS]);

/** A closed list: a caller's path never becomes a label. */
function routeOf(path: string): string {
  if (isDashboard(path)) return "/dashboard";
  if (path.startsWith("/webhooks/")) return "/webhooks";
  return ROUTES.has(path) ? path : "other";
}

function isDashboard(path: string): boolean {
  return path === "/dashboard" || path.startsWith("/dashboard/");
}

const NO_TOKENS: Refusal = {
  status: 404,
  code: "no_tokens",
  message: "This server asks nobody for a token: it serves this machine only.",
};
const NO_WEBHOOKS: Refusal = {
  status: 404,
  code: "no_webhooks",
  message:
    "This server takes no webhooks. Start it, and the providers, with the same PROVIDER_WEBHOOK_SECRET.",
};

const NO_METRICS_TOKEN: Refusal = {
  status: 401,
  code: "unauthorized",
  message: "These metrics are for whoever has METRICS_TOKEN. Send it as Authorization: Bearer <token>.",
};
const NOT_JSON: Refusal = {
  status: 415,
  code: "unsupported_media_type",
  message: "Send the header Content-Type: application/json.",
};
const NOT_POST: Refusal = {
  status: 405,
  code: "method_not_allowed",
  message: "This endpoint keeps no sessions or streams: POST only.",
};
const NOT_FOUND: Refusal = {
  status: 404,
  code: "not_found",
  message:
    "There is /mcp for the protocol, /dashboard for people, /webhooks/<provider>, and /healthz, /readyz and " +
    "/metrics.",
};
const FAILED: Refusal = {
  status: 500,
  code: "internal",
  message: "The server failed on this request. Quote x-request-id when you report it.",
};

const readableByOrigin = cors({
  origin: (origin) => origin,
  allowMethods: ["GET", "POST"],
  exposeHeaders: ["x-request-id", "retry-after", "www-authenticate"],
  maxAge: 600,
});

/** Names the server is addressed by when it listens on one address; a wildcard is not an address. */
function ownHostNames(host: string): string[] {
  if (host === "0.0.0.0" || host === "::") return [];
  return [host.includes(":") ? `[${host}]` : host.toLowerCase()];
}

/** Guards a server on a private address against web pages that resolve their own name to it. */
function addressRefusal(request: Request, hosts: string[], origins: string[]): Refusal | null {
  const host = validateHostHeader(request.headers.get("host"), hosts);
  if (!host.ok) {
    return {
      status: 403,
      code: "host_not_allowed",
      message: `${host.message}. Use localhost, or start the server with this name in ALLOWED_HOSTS.`,
    };
  }
  const origin = validateOriginHeader(request.headers.get("origin"), origins);
  if (!origin.ok) {
    return {
      status: 403,
      code: "origin_not_allowed",
      message: `${origin.message}. Start the server with this name in ALLOWED_ORIGINS.`,
    };
  }
  return null;
}

function rateLimited({ calls, perSeconds }: { calls: number; perSeconds: number }, afterS: number): Refusal {
  return {
    status: 429,
    code: "rate_limited",
    message: `More than ${calls} calls in ${perSeconds} s. Call again in ${afterS} s.`,
  };
}

async function secondsToWait(limiter: RateLimiterMemory, caller: Caller, calls: number): Promise<number> {
  try {
    await limiter.consume(`${caller.tenantId}/${caller.principal}`, calls);
    return 0;
  } catch (refused) {
    if (!(refused instanceof RateLimiterRes)) throw refused;
    return Math.max(1, Math.ceil(refused.msBeforeNext / 1000));
  }
}
