/**
 * Loses replies of providers in a process of their own, with failover on, and counts who was charged twice:
 *
 *     deno task faults:replies --payments 500 --seed 7
 *
 * One reply in five is lost, one charge in twenty refused; the providers are killed once in the middle and started
 * again. A server and providers of their own, in a folder of its own; all of it is gone afterwards. Exit code 1 when a
 * payment was charged at two providers, or anything else is wrong.
 */
import { Random } from "../../src/core/random.ts";
import { openPool, type Sql } from "../../src/db/pool.ts";
import { databaseUrl } from "../../src/db/url.ts";
import { temporaryDataDirectory } from "../../src/db/testing/temporary_data_directory.ts";
import { paymentOfKey } from "../../src/payments/payment.ts";
import type { ChargeRecord } from "../../src/providers/charge_log.ts";
import { startServer } from "../demo/start_server.ts";
import { parseFlags, wholeNumber } from "../parse_flags.ts";
import { auditRun } from "./audit_run.ts";
import { callCreatePayment, type SeenAnswer } from "./paying_clients.ts";
import { startProviders } from "./start_providers.ts";
import { runCommand } from "../../src/core/run_command.ts";

export interface ReplyLossOptions {
  readonly payments: number;
  readonly seed: number;
  readonly log: (line: string) => void;
}

export interface ReplyLossResult {
  readonly answered: Readonly<Record<string, number>>;
  readonly ended: Readonly<Record<string, number>>;
  /** Payments that were sent to a second provider. */
  readonly failedOver: number;
  readonly repliesLost: number;
  readonly captured: number;
  /** Idempotency keys with a captured charge at more than one provider. */
  readonly chargedTwice: readonly string[];
  readonly findings: readonly string[];
}

const CLIENTS = 40;
const FAULTS = { reply_loss: 0.2, error_rate: 0.05 };
const PROVIDER_TIMEOUT_MS = "600";
const SETTLE_MAX_MS = 120_000;
const METHODS = [
  [5, undefined],
  [70, "pm_card_visa"],
  [10, "pm_card_soft_decline_first"],
  [5, "pm_card_do_not_honor"],
  [5, "pm_card_refused_first"],
  [5, "pm_card_expired"],
] as const;

export async function runReplyLoss({ payments, seed, log }: ReplyLossOptions): Promise<ReplyLossResult> {
  await using folder = await temporaryDataDirectory();
  await Deno.mkdir(folder.path, { recursive: true });
  const environment = { PROVIDER_LATENCY_SCALE: "0.5" };
  let providers = await startProviders(folder.path, environment);
  const port = Number(new URL(providers.url).port);
  const server = await startServer(folder.path, new AbortController().signal, {
    LOG_LEVEL: "warn",
    PROVIDERS_URL: providers.url,
    PROVIDER_TIMEOUT_MS,
    // Nobody answers a challenge here: it would stay open for longer than the run.
    STEP_UP_AT: "off",
  });
  try {
    await order(providers.url);
    const seen: SeenAnswer[] = [];
    const calls = callsOf(payments, seed);
    let killed: Promise<void> | undefined;
    let next = 0;
    await Promise.all(Array.from({ length: CLIENTS }, async () => {
      while (next < calls.length) {
        const call = calls[next++];
        if (next === Math.floor(payments / 2)) {
          killed = (async () => {
            await providers.stop("SIGKILL");
            log(`killed the providers after ${seen.length} answers`);
            providers = await startProviders(folder.path, environment, port);
            await order(providers.url);
          })();
        }
        seen.push(await callCreatePayment(`${server.baseUrl}/mcp`, call));
      }
    }));
    await killed;
    log(`${seen.length} payments answered: ${JSON.stringify(countBy(seen.map(({ status }) => status)))}`);
    const sql = openPool({
      url: await databaseUrl(undefined, folder.path),
      max: 1,
      applicationName: "mcp-payments-lab reply loss run",
    });
    try {
      await waitUntilSettled(sql, performance.now() + SETTLE_MAX_MS);
      return await result(sql, await readCharges(providers.url), seen);
    } finally {
      await sql.end();
    }
  } finally {
    await server.stop();
    await providers.stop();
  }
}

async function result(
  sql: Sql,
  charges: ChargeRecord[],
  seen: readonly SeenAnswer[],
): Promise<ReplyLossResult> {
  const mine = await sql<{ paymentId: string; key: string; status: string; chargeNumber: number }[]>`
    select payment_id as "paymentId", idempotency_key as key, status, charge_number as "chargeNumber"
      from payments where idempotency_key is not null`;
  const keyOf = new Map(mine.map(({ paymentId, key }) => [paymentId, key]));
  const providersOf = new Map<string, Set<string>>();
  for (const { provider, key, state } of charges) {
    const own = keyOf.get(paymentOfKey(key)?.paymentId ?? "");
    if (own === undefined || state !== "captured") continue;
    providersOf.set(own, (providersOf.get(own) ?? new Set()).add(provider));
  }
  const [{ lost }] = await sql<{ lost: number }[]>`
    select count(*)::int as lost from payment_attempts
     where code in ('reply_lost_found_by_key', 'no_reply', 'no_reply_to_look_up')`;
  const audit = await auditRun(sql, charges, seen);
  return {
    answered: countBy(seen.map(({ status }) => status)),
    ended: countBy(mine.map(({ status }) => status)),
    failedOver: mine.filter(({ chargeNumber }) => chargeNumber > 1).length,
    repliesLost: lost,
    captured: [...providersOf.values()].reduce((sum, { size }) => sum + size, 0),
    chargedTwice: [...providersOf].filter(([, { size }]) => size > 1).map(([key]) => key),
    findings: audit.findings,
  };
}

function callsOf(payments: number, seed: number): Record<string, unknown>[] {
  const random = new Random(seed);
  return Array.from({ length: payments }, (_, i) => {
    const method = METHODS[random.weighted(METHODS.map(([weight]) => weight))][1];
    return {
      amount: (random.integer(50, 20_000) / 100).toFixed(2),
      currency: "USD",
      method: "card",
      customer_id: "cust_123",
      device_id: `dev_loss_${random.integer(1, 50)}`,
      idempotency_key: `loss-${seed}-${i}`,
      ...(method === undefined ? {} : { payment_method_id: method }),
    };
  });
}

async function order(url: string): Promise<void> {
  const response = await fetch(`${url}/faults`, { method: "POST", body: JSON.stringify(FAULTS) });
  if (!response.ok) throw new Error(`POST /faults answered ${response.status}: ${await response.text()}`);
  await response.body?.cancel();
}

/** The providers' own word, as anybody reads it. */
async function readCharges(url: string): Promise<ChargeRecord[]> {
  const text = await (await fetch(`${url}/charges`)).text();
  return text.trimEnd().split("\n").map((line) => {
    const { provider, key, charge_id, amount_minor, currency, state, code, created_at } = JSON.parse(line);
    return {
      provider,
      key,
      chargeId: charge_id,
      amountMinor: BigInt(amount_minor),
      currency,
      state,
      code,
      createdAtMs: Date.parse(created_at),
    };
  });
}

async function waitUntilSettled(sql: Sql, untilMs: number): Promise<void> {
  for (;;) {
    const [{ open }] = await sql<{ open: number }[]>`
      select count(*)::int as open from payments where status in ('processing', 'requires_action', 'in_doubt')`;
    if (open === 0 || performance.now() >= untilMs) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function report({ seed, payments }: ReplyLossOptions, result: ReplyLossResult): string {
  const line = (what: string, value: string | number) => `${String(value).padStart(9)}  ${what}`;
  return [
    `reply loss run, seed ${seed}: ${payments} payments, 20% of replies lost, 5% of charges refused, failover on`,
    line(`answered: ${JSON.stringify(result.answered)}`, ""),
    line(`ended: ${JSON.stringify(result.ended)}`, ""),
    line("attempts whose reply was lost", result.repliesLost),
    line("payments sent to a second provider", result.failedOver),
    line("captured charges of these payments", result.captured),
    line("keys charged at two providers", result.chargedTwice.length),
    line("findings of the audit", result.findings.length),
    ...result.findings.slice(0, 20).map((finding) => `           ${finding}`),
  ].join("\n");
}

if (import.meta.main) {
  await runCommand("faults:replies", async (args) => {
    const { values } = parseFlags(args, { values: ["payments", "seed"], switches: [] });
    const options: ReplyLossOptions = {
      payments: wholeNumber("payments", values.payments, 500, 10, 5_000),
      seed: wholeNumber("seed", values.seed, 7, 0, 4_294_967_295),
      log: (line) => console.error(line),
    };
    const result = await runReplyLoss(options);
    console.log(report(options, result));
    return result.chargedTwice.length === 0 && result.findings.length === 0;
  });
}
