import type { Config } from "./config.ts";
import { systemClock } from "./core/clock.ts";
import type { RandomIds } from "./core/ids.ts";
import type { Log } from "./core/log.ts";
import { signingSecret } from "./db/signing_secret.ts";
import { createApp } from "./http/app.ts";
import { explainListenError } from "./http/listen.ts";
import type { Metrics } from "./http/metrics.ts";
import type { TokenKeys } from "./http/token_keys.ts";
import type { CallToolDependencies } from "./mcp/call_tool.ts";
import { urlHost } from "./own_url.ts";
import type { PaymentStack } from "./payment_stack.ts";
import type { Completer } from "./payments/complete_open_payments.ts";
import { VERSION } from "./version.ts";
import type { ProvidersWatch } from "./watch_providers.ts";

/** Draining gives up here, so that the exit is never later than ten seconds after the signal. */
export const DRAIN_MAX_MS = 7_000;

/** Serves until it is told to stop, and what it has taken by then to its end. */
export async function serveOnHttp(
  { config, log, metrics, ids, calls, tokenKeys, stack, degradedBy, completer, stop, startedMs }: {
    config: Config;
    log: Log;
    metrics: Metrics;
    ids: RandomIds;
    calls: CallToolDependencies;
    tokenKeys: TokenKeys | null;
    stack: PaymentStack;
    degradedBy: ProvidersWatch["degradedBy"] | null;
    completer: Completer;
    stop: Promise<string>;
    startedMs: number;
  },
): Promise<number> {
  let draining = false;
  const app = createApp({
    config,
    clock: systemClock,
    ids,
    log,
    metrics,
    calls,
    tokenKeys,
    ready: async () => void await stack.pool.of([])`select 1`,
    degradedBy,
    isDraining: () => draining,
    dashboardSecret: await signingSecret(stack.pool, "dashboard_forms"),
    webhooks: config.webhookSecret === null
      ? null
      : { secret: config.webhookSecret, payments: stack.payments, wake: () => completer.wake() },
  });
  let server: Deno.HttpServer;
  try {
    server = Deno.serve({
      hostname: config.host,
      port: config.port,
      onListen: ({ hostname, port }) =>
        log.info("listening", {
          url: `http://${urlHost(hostname)}:${port}/mcp`,
          version: VERSION,
          auth: tokenKeys === null ? "none: loopback only" : "bearer tokens",
          readyMs: Math.round(performance.now() - startedMs),
        }),
    }, app.fetch);
  } catch (error) {
    throw explainListenError(error, config);
  }
  const signal = await stop;
  log.info("draining", { signal });
  draining = true;
  const drained = await Promise.race([
    server.shutdown().then(() => true),
    new Promise<false>((resolve) => Deno.unrefTimer(setTimeout(() => resolve(false), DRAIN_MAX_MS))),
  ]);
  // What did not end in time stays on the open list: the next start finishes it.
  if (!drained) log.warn("drain_timed_out", { afterMs: DRAIN_MAX_MS });
  return 0;
}
