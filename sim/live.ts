import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { readConfig } from "../src/config.ts";
import { toRfc3339 } from "../src/core/clock.ts";
import { startProgress } from "../src/core/progress.ts";
import { joinDatabase } from "../src/db/open_database.ts";
import { CHALLENGE_ANSWER } from "../src/providers/test_payment_methods.ts";
import { VERSION } from "../src/version.ts";
import { FlagError } from "./parse_flags.ts";
import { DAY_MS } from "../src/fraud/features/windows.ts";
import { type FutureCall, futureCalls } from "./stream/future_calls.ts";
import { type KnownWorld, knownWorld } from "./stream/known_world.ts";
import { DEFAULT_LIVE_DAYS } from "./world/types.ts";

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
  const config = readConfig((name) => Deno.env.get(name));
  const database = await joinDatabase(config, (line) => console.error(line), { mustExist: true });
  const known = await knownWorld({ url: database.ownerUrl }, options.tenantId).finally(() => database.stop());
  console.log(await driveLive(known, options));
}

/**
 * Goes on with a world against a running server, over MCP, at a steady rate whatever the answers take, and tells what the
 * fraud screen made of it: the truth is known here and nowhere else.
 */
export async function driveLive(known: KnownWorld, options: LiveOptions): Promise<string> {
  const client = new Client({ name: "mcp-payments-lab-simulator", version: VERSION });
  const transport = new StreamableHTTPClientTransport(new URL(options.url), {
    requestInit: { headers: options.token === null ? {} : { authorization: `Bearer ${options.token}` } },
  });
  try {
    await client.connect(transport);
  } catch (cause) {
    throw new FlagError(
      `No MCP server answers at ${options.url}: ${(cause as Error).message}. Start one with deno task serve.`,
    );
  }

  const { tools } = await client.listTools();
  if (!tools.some(({ name }) => name === "create_payment")) {
    await client.close();
    throw new FlagError(
      `forbidden: the server at ${options.url} does not offer create_payment to this caller` +
        `${
          tools.length === 0 ? "" : `, only ${tools.map(({ name }) => name).join(", ")}`
        }. The token of --token needs ` +
        'the scope "payments", and "simulate" beside it.',
    );
  }

  const tally = new Tally();
  const calls = futureCalls(known)[Symbol.iterator]();
  const first = calls.next();
  if (first.done) {
    await client.close();
    throw new FlagError(streamEnded(known));
  }
  const total = options.ratePerSecond * options.durationS;
  const progress = startProgress(`live ${options.ratePerSecond}/s`, total, "payments");
  const inFlight = new Set<Promise<void>>();
  const startedMs = performance.now();
  let stopped = false;
  const onInterrupt = () => stopped = true;
  Deno.addSignalListener("SIGINT", onInterrupt);
  let sent = 0;
  let isEnded = false;
  let refused: FlagError | null = null;
  for (let next: IteratorResult<FutureCall> = first;; next = calls.next()) {
    if (next.done) isEnded = true;
    if (next.done || stopped || sent === total) break;
    const dueMs = startedMs + (sent * 1000) / options.ratePerSecond;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    if (inFlight.size >= MAX_IN_FLIGHT) await Promise.race(inFlight);
    const work = pay(client, next.value, tally).finally(() => inFlight.delete(work));
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
    throw new FlagError(
      `no_payment_made: of ${sent} calls none came to a payment. The first ended as "${tally.firstFailure}".`,
    );
  }
  const text = tally.text(sent, (performance.now() - startedMs) / 1000);
  return isEnded ? `${text}\n${streamEnded(known)}` : text;
}

/** Why there is nothing, or nothing more, to send; it begins with a code that scripts can look for. */
function streamEnded({ world: { config }, reachedMs }: KnownWorld): string {
  const endMs = config.startMs + (config.days + (config.liveDays ?? DEFAULT_LIVE_DAYS)) * DAY_MS;
  return `stream_ended: the world's stream of payments ends at ${
    toRfc3339(endMs)
  }, and before this run the tenant's ` +
    `payments had reached ${
      toRfc3339(reachedMs)
    }. A tenant's time never goes back: fill another one with deno task ` +
    "simulate --tenant NAME and go on with that.";
}

async function pay(client: Client, call: FutureCall, tally: Tally): Promise<void> {
  try {
    const pay = (confirmed: Record<string, string>) =>
      client.callTool({
        name: "create_payment",
        arguments: { ...call.arguments, ...confirmed },
        _meta: { "mcp-payments-lab/simulated-at": call.simulated_at },
      });
    let result = await pay({});
    const { status, challenge } = result.structuredContent as {
      status?: string;
      challenge?: { confirm_token: string | null } | null;
    };
    if (status === "requires_action" && !call.replay) {
      tally.count("challenged");
      // Whoever pays with another's card has not the holder's phone.
      const answer = call.truth_fraud ? "no idea" : CHALLENGE_ANSWER;
      result = await pay({ confirm_token: challenge!.confirm_token!, challenge_answer: answer });
    }
    const answer = result.structuredContent as {
      status?: string;
      decline?: { by: string } | null;
      error?: { code: string; message: string; next_move: string };
    };
    if (answer.error?.code === "simulated_time_refused") tally.refuse(answer.error);
    if (result.isError) tally.fail(`error: ${answer.error?.code}`);
    else if (call.replay) tally.count("replayed");
    else tally.payment(answer.status!, answer.decline?.by ?? null, call.truth_fraud);
  } catch (error) {
    tally.fail(`failed: ${(error as Error).message.slice(0, 60)}`);
  }
}

class Tally {
  readonly #counts = new Map<string, number>();
  #frauds = 0;
  #caught = 0;
  #genuine = 0;
  #falseAlarms = 0;

  /** Of calls that came to nothing, how the first one ended. */
  firstFailure: string | null = null;

  /** Set once the server has refused the calls' times, all of which this client has to choose. */
  refused: FlagError | null = null;

  refuse({ code, message, next_move }: { code: string; message: string; next_move: string }): void {
    this.refused = new FlagError(
      `${code}: ${message} The stream's payments have times of their own, so the token of --token needs the scope ` +
        `"simulate" beside "payments", and the server must not run with SIMULATED_TIME=off. It says: ${next_move}`,
    );
  }

  /** Whether each call came to nothing: there is nothing that a summary could be about. */
  get isWithoutAnswer(): boolean {
    return this.firstFailure !== null && this.#frauds + this.#genuine === 0 && !this.#counts.has("replayed");
  }

  fail(what: string): void {
    this.firstFailure ??= what;
    this.count(what);
  }

  count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  payment(status: string, declinedBy: string | null, fraud: boolean): void {
    this.count(declinedBy === null ? status : `${status} by ${declinedBy}`);
    const byRisk = declinedBy === "risk";
    if (fraud) {
      this.#frauds++;
      if (byRisk) this.#caught++;
    } else {
      this.#genuine++;
      if (byRisk) this.#falseAlarms++;
    }
  }

  text(sent: number, seconds: number): string {
    const lines = [`${sent} payments in ${seconds.toFixed(1)} s, ${(sent / seconds).toFixed(1)} a second`];
    for (const [what, count] of [...this.#counts].sort((a, b) => b[1] - a[1])) {
      lines.push(`  ${what.padEnd(24)} ${count}`);
    }
    lines.push(
      `fraud screen against the truth: ${this.#caught} of ${this.#frauds} frauds declined, ` +
        `${this.#falseAlarms} of ${this.#genuine} genuine payments declined`,
    );
    return lines.join("\n");
  }
}
