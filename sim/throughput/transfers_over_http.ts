import type { Config } from "../../src/config.ts";
import { OperatorError } from "../../src/core/run_command.ts";
import { systemClock } from "../../src/core/clock.ts";
import { formatAmount } from "../../src/core/money.ts";
import { startProgress } from "../../src/core/progress.ts";
import { Random } from "../../src/core/random.ts";
import { openDatabase } from "../../src/db/open_database.ts";
import { openPool, type Sql } from "../../src/db/pool.ts";
import { databaseUrl } from "../../src/db/url.ts";
import { issueToken } from "../../src/http/authenticate.ts";
import { checkLedger } from "../../src/ledger/check_ledger.ts";
import { type RunningServer, startServer } from "../demo/start_server.ts";
import { deadlocks, HOT_WALLETS, hotPair, prepareWallets, TENANT, totalClaims } from "./bench_wallets.ts";

const CURRENCY = "USD";
const TOKEN_LIFETIME_S = 3600;

interface Outcomes {
  /** By what the caller was told: a transfer's status, an error's code, or how it was left without either. */
  readonly counts: Map<string, number>;
  /** Ids of the transfers that callers were told are posted. */
  readonly posted: string[];
  readonly latenciesMs: number[];
  serverErrors: number;
  /** Calls after which nobody can say whether they moved money. */
  unknown: number;
}

/**
 * `transfers` calls of transfer_funds among ten hot wallets and one merchant, over as many connections as there are
 * clients, against a server of its own with bearer tokens. What callers were told is then held against the database:
 * each transfer they were told of is there and no other, money is conserved, no deadlock, no 5xx.
 *
 * @returns the exit code: 1 where any of that does not hold
 */
export async function benchOverHttp(
  config: Config,
  { transfers, clients }: { transfers: number; clients: number },
): Promise<number> {
  const database = await openDatabase(config, (line) => console.error(line));
  try {
    const owner = openPool({ url: database.ownerUrl, max: 1, applicationName: "bench" });
    await prepareWallets(owner, database.ownerUrl, systemClock.nowMs());
    await owner.end();
  } finally {
    await database.stop();
  }
  const jwtSecretKey = crypto.getRandomValues(new Uint8Array(32)).toHex();
  const token = await issueToken(
    { ...config, jwtSecretKey },
    { principal: "bench", tenantId: TENANT, scopes: ["wallets"], expiresInS: TOKEN_LIFETIME_S },
    systemClock.nowMs(),
  );
  const server = await startServer(config.dataDirectory, new AbortController().signal, {
    JWT_SECRET_KEY: jwtSecretKey,
    JWT_AUDIENCE: config.jwtAudience,
    LOG_LEVEL: "warn",
  });
  try {
    const sql = openPool({
      url: await databaseUrl(undefined, config.dataDirectory),
      max: 1,
      applicationName: "bench",
    });
    try {
      return await runAndJudge(sql, server, token, transfers, clients);
    } finally {
      await sql.end();
    }
  } finally {
    await server.stop();
  }
}

async function runAndJudge(
  sql: Sql,
  { baseUrl, logPath: serverLog }: RunningServer,
  token: string,
  transfers: number,
  clients: number,
): Promise<number> {
  const endpoint = `${baseUrl}/mcp`;
  const before = {
    claims: await totalClaims(sql),
    deadlocks: await deadlocks(sql),
    posted: await countPosted(sql),
  };
  const startedMs = performance.now();
  const outcomes = await makeTransfers(endpoint, token, transfers, clients);
  const seconds = (performance.now() - startedMs) / 1000;
  if (!await answers(new URL("/healthz", endpoint))) {
    throw new OperatorError(
      "server_ended",
      `The server has ended during the run, ${outcomes.unknown} calls without an answer. Its log: ${serverLog}`,
    );
  }
  const after = {
    claims: await totalClaims(sql),
    deadlocks: await deadlocks(sql),
    posted: await countPosted(sql),
  };

  const stored = after.posted - before.posted;
  const told = outcomes.posted.length;
  const missing = await countMissing(sql, outcomes.posted);
  const conserved = after.claims === before.claims;
  const found = after.deadlocks - before.deadlocks;
  const violations = (await checkLedger(sql)).reduce((sum, { violations }) => sum + violations, 0);
  const { latenciesMs, counts, serverErrors, unknown } = outcomes;
  latenciesMs.sort((a, b) => a - b);
  const quantile = (share: number) => latenciesMs[Math.floor(latenciesMs.length * share)].toFixed(1);
  console.log(
    `${transfers} transfers over HTTP by ${clients} connections, ${HOT_WALLETS} hot wallets and one merchant: ${
      (transfers / seconds).toFixed(0)
    }/s, p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms`,
  );
  console.log(`  outcomes ${[...counts].map(([name, count]) => `${name} ${count}`).join(", ")}`);
  console.log(
    `  not definite ${unknown}; 5xx ${serverErrors}; told posted ${told}, stored posted ${stored}, told and not stored ${missing}; ` +
      `money ${
        conserved ? "conserved" : "NOT CONSERVED"
      }; deadlocks ${found}; ledger violations ${violations}`,
  );
  const isWhole = unknown === 0 && serverErrors === 0 && told === stored && missing === 0 && conserved &&
    found === 0 && violations === 0;
  return isWhole ? 0 : 1;
}

async function answers(url: URL): Promise<boolean> {
  try {
    const response = await fetch(url);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

async function makeTransfers(
  endpoint: string,
  token: string,
  transfers: number,
  clients: number,
): Promise<Outcomes> {
  const outcomes: Outcomes = { counts: new Map(), posted: [], latenciesMs: [], serverErrors: 0, unknown: 0 };
  const random = new Random(systemClock.nowMs());
  const run = crypto.randomUUID();
  const progress = startProgress("transfers over HTTP", transfers, "transfers");
  // HTTP/1.1 carries one call at a time, so as many calls at once are as many connections.
  using http = Deno.createHttpClient({ http2: false, poolMaxIdlePerHost: clients });
  let made = 0;
  const client = async () => {
    while (made < transfers) {
      const number = ++made;
      const { from, to, amountMinor } = hotPair(random);
      const startedMs = performance.now();
      const outcome = await callTransferFunds(http, endpoint, token, {
        from_wallet_id: from,
        to_wallet_id: to,
        amount: formatAmount(amountMinor, CURRENCY),
        currency: CURRENCY,
        idempotency_key: `${run}-${number}`,
      });
      outcomes.latenciesMs.push(performance.now() - startedMs);
      outcomes.counts.set(outcome.name, (outcomes.counts.get(outcome.name) ?? 0) + 1);
      if (outcome.postedId !== undefined) outcomes.posted.push(outcome.postedId);
      if (outcome.isServerError) outcomes.serverErrors++;
      if (!outcome.isDefinite) outcomes.unknown++;
      progress.update(outcomes.latenciesMs.length);
    }
  };
  try {
    await Promise.all(Array.from({ length: clients }, client));
    progress.stop();
  } catch (error) {
    progress.abandon();
    throw error;
  }
  return outcomes;
}

interface Outcome {
  readonly name: string;
  readonly isDefinite: boolean;
  readonly isServerError: boolean;
  readonly postedId?: string;
}

/** Refusals of the protocol move no money; a 5xx, a lost connection and the code `internal` leave it open. */
async function callTransferFunds(
  client: Deno.HttpClient,
  endpoint: string,
  token: string,
  call: Readonly<Record<string, string>>,
): Promise<Outcome> {
  let response: Response;
  // deno-lint-ignore no-explicit-any
  let message: any;
  try {
    response = await fetch(endpoint, {
      client,
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: call.idempotency_key,
        method: "tools/call",
        params: { name: "transfer_funds", arguments: call },
      }),
    });
    message = await response.json();
  } catch (error) {
    return {
      name: `no answer (${(error as Error).message.slice(0, 60)})`,
      isDefinite: false,
      isServerError: false,
    };
  }
  const isServerError = response.status >= 500;
  const { result } = message;
  const code = result?.isError
    ? result.structuredContent?.error?.code
    : message.error?.data?.code ?? message.error?.code;
  const name = String(code ?? result?.structuredContent?.status ?? `HTTP ${response.status}`);
  return {
    name,
    isServerError,
    isDefinite: !isServerError && name !== "internal" && (result !== undefined || response.status < 500),
    postedId: name === "posted" ? result.structuredContent.transfer_id : undefined,
  };
}

async function countPosted(sql: Sql): Promise<number> {
  const [{ count }] = await sql<{ count: number }[]>`
    select count(*)::int as count from wallet_transfers where tenant_id = ${TENANT} and status = 'posted'`;
  return count;
}

async function countMissing(sql: Sql, transferIds: readonly string[]): Promise<number> {
  const [{ count }] = await sql<{ count: number }[]>`
    select count(*)::int as count from unnest(${transferIds as string[]}::text[]) u (transfer_id)
     where not exists (select 1 from wallet_transfers t
                        where t.tenant_id = ${TENANT} and t.transfer_id = u.transfer_id and t.status = 'posted')`;
  return count;
}
