import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { readConfig } from "../src/config.ts";
import { toRfc3339 } from "../src/core/clock.ts";
import { startProgress } from "../src/core/progress.ts";
import { joinDatabase } from "../src/db/open_database.ts";
import { VERSION } from "../src/version.ts";
import { DAY_MS } from "../src/fraud/features/windows.ts";
import { mergeByTime } from "./history/merge_by_time.ts";
import { type FutureCall, futureCalls } from "./stream/future_calls.ts";
import { type KnownWorld, knownWorld } from "./stream/known_world.ts";
import { LiveTally } from "./stream/live_tally.ts";
import { payByCard, useWallet } from "./stream/make_call.ts";
import { type WalletCall, walletCalls } from "./stream/wallet_calls.ts";
import { DEFAULT_LIVE_DAYS } from "./world/types.ts";
import { FlagError, OperatorError } from "../src/core/run_command.ts";

export interface LiveOptions {
  readonly url: string;
  readonly token: string | null;
  readonly ratePerSecond: number;
  readonly durationS: number;
}

/** Calls under way at most: a server that is slower than the rate is told apart from a slow client. */
const MAX_IN_FLIGHT = 500;

/** {@link driveLive} with the world that the server's database was filled with. */
export async function runLive(options: LiveOptions & { readonly tenantId: string }): Promise<void> {
  if (!URL.canParse(options.url)) {
    throw new FlagError(
      `--url must be a server's address such as http://127.0.0.1:8000/mcp, not "${options.url}".`,
    );
  }
  const config = readConfig((name) => Deno.env.get(name));
  const database = await joinDatabase(config, (line) => console.error(line), { mustExist: true });
  const known = await knownWorld({ url: database.ownerUrl }, options.tenantId).finally(() => database.stop());
  console.log(await driveLive(known, options));
}

/**
 * Goes on with a world against a running server, over MCP, at a steady rate whatever the answers take: payments by card, and
 * what the owners of wallets do, each at its own time. Tells what the fraud screen made of it: the truth is known here and
 * nowhere else. A caller whose token has no scope for wallets gets the cards alone.
 */
export async function driveLive(known: KnownWorld, options: LiveOptions): Promise<string> {
  refuseOtherTenant(known.tenantId, options.token);
  const client = new Client({ name: "mcp-payments-lab-simulator", version: VERSION });
  const transport = new StreamableHTTPClientTransport(new URL(options.url), {
    requestInit: { headers: options.token === null ? {} : { authorization: `Bearer ${options.token}` } },
  });
  try {
    await client.connect(transport);
  } catch (cause) {
    throw notConnected(options, cause as Error & { status?: unknown; code?: unknown });
  }

  const { tools } = await client.listTools();
  const offers = (tool: string) => tools.some(({ name }) => name === tool);
  if (!offers("create_payment")) {
    await client.close();
    throw new OperatorError(
      "forbidden",
      `The server at ${options.url} does not offer create_payment to this caller` +
        `${
          tools.length === 0 ? "" : `, only ${tools.map(({ name }) => name).join(", ")}`
        }. The token of --token needs ` +
        'the scope "payments", and "simulate" beside it.',
    );
  }
  const withWallets = offers("transfer_funds") && offers("top_up_wallet");

  const tally = new LiveTally();
  const calls = liveCalls(known, withWallets)[Symbol.iterator]();
  const first = calls.next();
  if (first.done) {
    await client.close();
    throw new OperatorError("stream_ended", streamEnded(known));
  }
  const total = options.ratePerSecond * options.durationS;
  const progress = startProgress(`live ${options.ratePerSecond}/s`, total, "calls");
  const inFlight = new Set<Promise<void>>();
  const startedMs = performance.now();
  let stopped = false;
  const onInterrupt = () => stopped = true;
  Deno.addSignalListener("SIGINT", onInterrupt);
  let sent = 0;
  let isEnded = false;
  let refused: OperatorError | null = null;
  for (let next: IteratorResult<LiveCall> = first;; next = calls.next()) {
    if (next.done) isEnded = true;
    if (next.done || stopped || sent === total) break;
    const dueMs = startedMs + (sent * 1000) / options.ratePerSecond;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    if (inFlight.size >= MAX_IN_FLIGHT) await Promise.race(inFlight);
    const { card, wallet } = next.value;
    const work = (card === null ? useWallet(client, wallet, tally) : payByCard(client, card, tally))
      .finally(() => inFlight.delete(work));
    inFlight.add(work);
    progress.update(++sent);
    // Who may not choose the time may not for any call: the first answer tells.
    if (sent === 1) await work;
    refused = tally.refused;
    if (refused !== null) break;
  }
  await Promise.all(inFlight);
  if (sent === total) progress.stop();
  else progress.abandon();
  Deno.removeSignalListener("SIGINT", onInterrupt);
  await client.close();
  if (refused !== null) throw refused;
  if (sent > 0 && tally.isWithoutAnswer) {
    throw new OperatorError(
      "no_payment_made",
      `Of ${sent} calls none came to a payment. The first ended as "${tally.firstFailure}".`,
    );
  }
  const lines = [tally.text(sent, (performance.now() - startedMs) / 1000)];
  if (!withWallets) lines.push('Cards only: the token of --token has no scope "wallets".');
  if (isEnded) lines.push(`stream_ended: ${streamEnded(known)}`);
  return lines.join("\n");
}

/** The stream's customers are its own tenant's; another tenant knows none of them. */
function refuseOtherTenant(tenantId: string, token: string | null): void {
  const claimed = token === null ? undefined : tenantOf(token);
  if (claimed === undefined || claimed === tenantId) return;
  throw new OperatorError(
    "other_tenant",
    `The token of --token is for tenant "${claimed}", and the stream is the world of tenant "${tenantId}". ` +
      `Go on with that tenant's own world by --tenant ${claimed}, or get a token by deno task token --tenant ${tenantId} ` +
      '--scope "payments wallets simulate".',
  );
}

/** As the token says; whether that is true, the server judges. Undefined for what is no JWT. */
function tenantOf(token: string): string | undefined {
  try {
    const { tenant } = JSON.parse(
      new TextDecoder().decode(Uint8Array.fromBase64(token.split(".")[1], { alphabet: "base64url" })),
    );
    return typeof tenant === "string" ? tenant : undefined;
  } catch {
    return undefined;
  }
}

function notConnected(
  { url, token }: LiveOptions,
  cause: Error & { status?: unknown; code?: unknown },
): OperatorError {
  if (cause.status !== 401 && cause.code !== 401 && cause.name !== "UnauthorizedError") {
    return new OperatorError(
      "server_unreachable",
      `No MCP server answers at ${url}: ${cause.message}. Start one with deno task serve.`,
    );
  }
  return new OperatorError(
    "unauthorized",
    `The server at ${url} ${
      token === null ? "wants a token, and --token gives none" : "does not take the token of --token"
    }. ` +
      'Get one by deno task token --scope "payments wallets simulate", or from its authorization server. ' +
      `It says: ${/"message":"([^"]*)"/.exec(cause.message)?.[1] ?? cause.message}`,
  );
}

type LiveCall =
  | { readonly occurredAtMs: number; readonly card: FutureCall; readonly wallet: null }
  | { readonly occurredAtMs: number; readonly card: null; readonly wallet: WalletCall };

function liveCalls(known: KnownWorld, withWallets: boolean): Iterable<LiveCall> {
  return mergeByTime<LiveCall, LiveCall>(cardCalls(known), withWallets ? ownersCalls(known) : []);
}

function* cardCalls(known: KnownWorld): Iterable<LiveCall> {
  for (const card of futureCalls(known)) {
    yield { occurredAtMs: Date.parse(card.simulated_at), card, wallet: null };
  }
}

function* ownersCalls(known: KnownWorld): Iterable<LiveCall> {
  for (const wallet of walletCalls(known)) yield { occurredAtMs: wallet.occurredAtMs, card: null, wallet };
}

/** Why there is nothing, or nothing more, to send. */
function streamEnded({ world: { config }, reachedMs }: KnownWorld): string {
  const endMs = config.startMs + (config.days + (config.liveDays ?? DEFAULT_LIVE_DAYS)) * DAY_MS;
  return `The world's stream of payments ends at ${toRfc3339(endMs)}, and before this run the tenant's ` +
    `payments had reached ${
      toRfc3339(reachedMs)
    }. A tenant's time never goes back: fill another one with deno task ` +
    "simulate --tenant NAME and go on with that.";
}
