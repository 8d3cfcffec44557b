/**
 * `deno task serve`: the MCP server over Streamable HTTP, or with `--stdio` over standard input and output.
 * Its settings are environment variables, listed with their defaults in .env.example.
 *
 * The parts are put together here, in the order they start: configuration, database, world, payments, protocol.
 * They stop in the other order: first no new requests, then the accepted ones to their end, then the database.
 */
import { type Config, ConfigError, readConfig } from "./config.ts";
import type { ApprovalWays } from "./core/approval_ways.ts";
import { systemClock } from "./core/clock.ts";
import { RandomIds } from "./core/ids.ts";
import { createLog, errorFields, type Log } from "./core/log.ts";
import { type Database, openDatabase } from "./db/open_database.ts";
import { fillEmptyDatabase } from "./fill_empty_database.ts";
import { requireFreePort } from "./http/listen.ts";
import { Metrics } from "./http/metrics.ts";
import { openTokenKeys, type TokenKeys } from "./http/token_keys.ts";
import { loadChallenger, loadFraudModel } from "./load_fraud_model.ts";
import { loadRates } from "./load_rates.ts";
import type { CallToolDependencies } from "./mcp/call_tool.ts";
import { ownUrl } from "./own_url.ts";
import { ownWebhookSender } from "./own_webhook_sender.ts";
import { openPaymentStack } from "./payment_stack.ts";
import { Completer } from "./payments/complete_open_payments.ts";
import { claimProviderMemory } from "./payments/claim_provider_memory.ts";
import { requireCurrentStates } from "./payments/require_current_states.ts";
import { listenForOrders, requireFreeProvidersPort } from "./providers/listen_for_orders.ts";
import { serveOnHttp } from "./serve_http.ts";
import { serveStandardStreams } from "./serve_standard_streams.ts";
import { startShadow } from "./start_shadow.ts";
import { openWalletStack } from "./wallet_stack.ts";
import { bookToPin, watchProviders } from "./watch_providers.ts";
import { WalletKeeper } from "./wallets/wallet_keeper.ts";
import { FlagError, runCommand } from "./core/run_command.ts";

const COMPLETER_INTERVAL_MS = 1_000;
const KEEPER_INTERVAL_MS = 1_000;

const ORDERS_DRAIN_MAX_MS = 1_000;

async function main(args: readonly string[]): Promise<number> {
  const unknown = args.find((arg) => arg !== "--stdio");
  if (unknown !== undefined) throw new FlagError(`Unknown argument "${unknown}". The only one is --stdio.`);
  const stdio = args.includes("--stdio");
  const config = readConfig((name) => Deno.env.get(name));
  if (stdio && !config.approvalTokens) {
    throw new ConfigError(
      "APPROVAL_TOKENS is off, but over standard input there is no page on which a person could decide. Set it to on, " +
        "or serve over HTTP.",
    );
  }
  const log = createLog(config.logLevel, () => systemClock.nowMs());
  redirectConsole(log);
  const stop = stopSignal();
  const startedMs = performance.now();
  if (!stdio) requireFreePort(config);
  if (config.providersListen) requireFreeProvidersPort(config.providersPort);
  // Whoever starts this process over standard input is its only caller.
  const tokenKeys = stdio ? null : await openTokenKeys(config);

  const database = await openDatabase(config, (line) => log.info("database", { line }));
  try {
    return await run({ config, log, database, tokenKeys, stop, stdio, startedMs });
  } finally {
    await database.stop();
    log.info("stopped");
  }
}

async function run({ config, log, database, tokenKeys, stop, stdio, startedMs }: {
  config: Config;
  log: Log;
  database: Database;
  tokenKeys: TokenKeys | null;
  stop: Promise<string>;
  stdio: boolean;
  startedMs: number;
}): Promise<number> {
  const metrics = new Metrics();
  const model = await loadFraudModel(config);
  const challenger = await loadChallenger(config);
  const rates = await loadRates(config);
  const ids = new RandomIds(() => systemClock.nowMs());
  await requireCurrentStates(database.ownerUrl);
  // Before a world is made: of two servers that start at once on one empty database, one makes it.
  const claim = config.providersUrl === null ? await claimProviderMemory(database.pool) : null;
  if (!await fillEmptyDatabase(config, database, log, stop)) return 0;
  const sender = ownWebhookSender(config, stdio, log);
  const approvals: ApprovalWays = {
    page: stdio ? null : `${config.publicUrl ?? ownUrl(config)}/dashboard`,
    byToken: config.approvalTokens,
  };
  const book = bookToPin(config, log);
  const stack = await openPaymentStack({
    config,
    database,
    clock: systemClock,
    ids,
    model,
    events: metrics.payments,
    approvals,
    providersBook: book,
    onProviderEvent: sender === null ? undefined : (event) => sender.send(event),
    onError: (error) => log.error("routing_exchange_failed", errorFields(error)),
  });
  const watch = await watchProviders(config, { statements: stack.pool.ofEveryTenant, book, log }).catch(
    async (error) => {
      await stack.end();
      throw error;
    },
  );
  const orders = config.providersListen
    ? listenForOrders(
      config.providersPort,
      stack.simulated!,
      (url) => log.info("providers_listening", { url, charges: `${url}/charges`, faults: `${url}/faults` }),
    )
    : null;
  const completer = new Completer(
    stack.payments,
    COMPLETER_INTERVAL_MS,
    (error) => log.error("completer_failed", errorFields(error)),
  );
  completer.start();
  const wallets = await openWalletStack({
    database,
    stack,
    clock: systemClock,
    ids,
    approvals,
    rates,
    events: metrics.wallets,
  });
  const keeper = new WalletKeeper(
    wallets,
    KEEPER_INTERVAL_MS,
    (error) => log.error("wallet_keeper_failed", errorFields(error)),
  );
  keeper.start();
  const shadow = startShadow(model, challenger, stack, metrics, log);
  const calls: CallToolDependencies = {
    payments: stack.payments,
    wallets,
    simulatedTime: config.simulatedTime,
    events: {
      call: metrics.call,
      fault: (tool, requestId, error) => log.error("call_failed", { tool, requestId, ...errorFields(error) }),
    },
  };
  metrics.watchEventLoop();
  metrics.gauge("payments_queued", "Payments waiting for a group commit", () => {
    const { accept, settle } = stack.payments.queued;
    return accept + settle;
  });
  metrics.gauge("transfers_queued", "Wallet transfers waiting for a group commit", () => wallets.queued);
  const { pool } = stack;
  metrics.gauge("database_connections_in_use", "Pool connections at work", () => pool.load.inUse);
  metrics.gauge(
    "database_statements_waiting",
    "Statements and transactions that wait for a pool connection",
    () => pool.load.waiting,
  );
  metrics.gauge("database_connections_max", "POOL_SIZE, as it is used", () => pool.max);
  log.info("model", { version: model.modelVersion, directory: model.directory });

  try {
    const ended = stdio ? serveStandardStreams(ids, calls, log, stop, startedMs) : serveOnHttp({
      config,
      log,
      metrics,
      ids,
      calls,
      tokenKeys,
      stack,
      degradedBy: watch?.degradedBy ?? null,
      completer,
      stop,
      startedMs,
    });
    return await Promise.race([
      ended,
      database.failed.then((reason) => {
        log.error("database_lost", { reason });
        return 1;
      }),
    ]);
  } finally {
    await shadow?.stop();
    await keeper.stop();
    await completer.stop();
    await watch?.stop();
    await sender?.close();
    // A charge whose reply is lost on order would keep its caller, and this, for a minute.
    await Promise.race([orders?.shutdown(), pause(ORDERS_DRAIN_MAX_MS)]);
    await wallets.end();
    await stack.end();
    await claim?.release();
  }
}

function pause(timeoutMs: number): Promise<false> {
  return new Promise((resolve) => Deno.unrefTimer(setTimeout(() => resolve(false), timeoutMs)));
}

/** What a library prints is a log line as well: stdout is the protocol's, and stderr holds JSON only. */
function redirectConsole(log: Log): void {
  const write = (level: "debug" | "info" | "warn" | "error") => (...parts: unknown[]) =>
    log[level]("console", { line: parts.map(String).join(" ") });
  Object.assign(console, {
    debug: write("debug"),
    log: write("info"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
  });
}

function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      Deno.addSignalListener(signal, () => resolve(signal));
    }
  });
}

if (import.meta.main) await runCommand("serve", main);
