/**
 * `deno task bench:transfers [--transfers 100000] [--pairs 3] [--seconds 8] [--clients 64] [--lanes 1]`, in two parts;
 * `deno task bench:transfers --over http` instead makes the first part's calls over the protocol
 * (`transfers_over_http.ts`).
 *
 * First, the given number of transfers among ten hot wallets and one merchant: every outcome definite, money conserved,
 * no deadlock. Then transfer_funds against pgbench on the same PostgreSQL with the same durable settings, in turn, as
 * ratios pair by pair: among fifty thousand wallets against the TPC-B-like script at scale 50, and all from one hot
 * wallet against a script that updates one row.
 *
 * The transfers are whole: keyed, judged by their histories, booked, audited. They are made in this process, as the
 * server makes them behind its protocol.
 */
import { join } from "node:path";
import { readConfig } from "../../src/config.ts";
import { systemClock } from "../../src/core/clock.ts";
import { DomainError } from "../../src/core/errors.ts";
import { RandomIds } from "../../src/core/ids.ts";
import { Random } from "../../src/core/random.ts";
import { openDatabase } from "../../src/db/open_database.ts";
import { openPool } from "../../src/db/pool.ts";
import { checkLedger } from "../../src/ledger/check_ledger.ts";
import { loadFraudModel } from "../../src/load_fraud_model.ts";
import { openPaymentStack } from "../../src/payment_stack.ts";
import { openWalletStack } from "../../src/wallet_stack.ts";
import { transferFunds } from "../../src/wallets/transfer_funds.ts";
import type { WalletService } from "../../src/wallets/wallet_service.ts";
import { parseFlags, wholeNumber } from "../parse_flags.ts";
import {
  deadlocks,
  HOT_WALLETS,
  hotPair,
  type Pair,
  prepareWallets,
  TENANT,
  totalClaims,
  walletOf,
  WALLETS,
} from "./bench_wallets.ts";
import { preparePgbench, requireProgram, runPgbench } from "./pgbench.ts";
import { FlagError, runCommand } from "../../src/core/run_command.ts";
import { benchOverHttp } from "./transfers_over_http.ts";

const WARMUP_S = 2;
const SINGLE_ROW = "update pgbench_accounts set abalance = abalance + 1 where aid = 1;\n";

async function bench(args: readonly string[]): Promise<number> {
  const { values } = parseFlags(args, {
    values: ["over", "transfers", "pairs", "seconds", "clients", "lanes", "pgbench"],
    switches: [],
  });
  const transfers = wholeNumber("transfers", values.transfers, 100_000, 1, 10_000_000);
  const pairs = wholeNumber("pairs", values.pairs, 3, 0, 50);
  const seconds = wholeNumber("seconds", values.seconds, 8, 1, 600);
  const clients = wholeNumber("clients", values.clients, 64, 1, 500);
  const lanes = values.lanes === undefined ? undefined : wholeNumber("lanes", values.lanes, 1, 1, 8);
  const pgbench = values.pgbench ?? "pgbench";
  const base = readConfig((name) => Deno.env.get(name));
  const config = { ...base, dataDirectory: join(base.dataDirectory, "bench"), databaseUrl: null };
  if (values.over === "http") return await benchOverHttp(config, { transfers, clients });
  if (values.over !== undefined) {
    throw new FlagError(
      `--over takes http, not "${values.over}"; without it the calls are made in this process.`,
    );
  }
  if (pairs > 0) await requireProgram(pgbench);

  const database = await openDatabase(config, (line) => console.error(line));
  try {
    const sql = openPool({ url: database.ownerUrl, max: 1, applicationName: "bench" });
    await prepareWallets(sql, database.ownerUrl, systemClock.nowMs());
    const ids = new RandomIds(() => systemClock.nowMs());
    const stack = await openPaymentStack({
      config,
      database,
      clock: systemClock,
      ids,
      model: await loadFraudModel(config),
      events: { stage: () => {}, outcome: () => {}, batch: () => {}, explored: () => {} },
    });
    const batches = new BatchSizes();
    const wallets = await openWalletStack({
      database,
      stack,
      clock: systemClock,
      ids,
      events: batches,
      lanes,
    });
    const random = new Random(systemClock.nowMs());
    let broken = 0;
    try {
      const before = { claims: await totalClaims(sql), deadlocks: await deadlocks(sql) };
      const run = await runTransfers(wallets, () => hotPair(random), clients, { count: transfers });
      const after = { claims: await totalClaims(sql), deadlocks: await deadlocks(sql) };
      const conserved = after.claims === before.claims;
      const found = after.deadlocks - before.deadlocks;
      if (!conserved || found > 0 || run.unknown > 0) broken++;
      console.log(
        `${transfers} transfers over ${clients} clients, ${HOT_WALLETS} hot wallets and one merchant: ${
          run.perSecond.toFixed(0)
        }/s, p50 ${run.latencyMsP50.toFixed(1)} ms, p99 ${run.latencyMsP99.toFixed(1)} ms, ${batches}`,
      );
      console.log(
        `  outcomes ${
          [...run.outcomes].map(([name, count]) => `${name} ${count}`).join(", ")
        }; not definite ${run.unknown}; money ${
          conserved ? "conserved" : "NOT CONSERVED"
        }; deadlocks ${found}`,
      );
      if (pairs > 0) {
        const url = await preparePgbench(pgbench, database.ownerUrl);
        const shapes = [
          { name: "uniform", pair: () => uniformPair(random), script: undefined },
          { name: "one hot account", pair: () => oneHotPair(random), script: SINGLE_ROW },
        ];
        for (const { name, pair, script } of shapes) {
          await runTransfers(wallets, pair, clients, { seconds: WARMUP_S });
          const ratios: number[] = [];
          for (let i = 1; i <= pairs; i++) {
            const tps = await runPgbench(pgbench, url, clients, seconds, script);
            batches.reset();
            const result = await runTransfers(wallets, pair, clients, { seconds });
            if (result.unknown > 0) broken++;
            ratios.push(result.perSecond / tps);
            console.log(
              `${name}, pair ${i}: pgbench ${tps.toFixed(0)}/s, transfers ${
                result.perSecond.toFixed(0)
              }/s, ratio ${ratios.at(-1)!.toFixed(2)}, p50 ${result.latencyMsP50.toFixed(1)} ms, p99 ${
                result.latencyMsP99.toFixed(1)
              } ms, ${batches}`,
            );
          }
          ratios.sort((a, b) => a - b);
          console.log(
            `${name}: median ratio ${ratios[Math.floor(ratios.length / 2)].toFixed(2)} (${
              ratios[0].toFixed(2)
            }–${ratios.at(-1)!.toFixed(2)})`,
          );
        }
      }
      const violations = (await checkLedger(sql)).reduce((sum, result) => sum + result.violations, 0);
      console.log(`ledger violations after the runs: ${violations}`);
      return broken + violations > 0 ? 1 : 0;
    } finally {
      await wallets.end();
      await stack.end();
      await sql.end();
    }
  } finally {
    await database.stop();
  }
}

function uniformPair(random: Random): Pair {
  const from = random.integer(0, WALLETS - 1);
  const to = (from + random.integer(1, WALLETS - 1)) % WALLETS;
  return { from: walletOf(from), to: walletOf(to), amountMinor: BigInt(random.integer(1, 500)) };
}

/** Everything leaves one wallet: the row that each batch must lock. */
function oneHotPair(random: Random): Pair {
  return { from: walletOf(0), to: walletOf(random.integer(1, WALLETS - 1)), amountMinor: 1n };
}

interface Run {
  readonly perSecond: number;
  readonly outcomes: ReadonlyMap<string, number>;
  /** Calls of which nobody can say whether they moved money. */
  readonly unknown: number;
  readonly latencyMsP50: number;
  readonly latencyMsP99: number;
}

async function runTransfers(
  wallets: WalletService,
  pair: () => Pair,
  clients: number,
  until: { count: number } | { seconds: number },
): Promise<Run> {
  const latencies: number[] = [];
  const outcomes = new Map<string, number>();
  let unknown = 0;
  let made = 0;
  const count = "count" in until ? until.count : Number.POSITIVE_INFINITY;
  const run = crypto.randomUUID();
  const startedMs = performance.now();
  const untilMs = "seconds" in until ? startedMs + until.seconds * 1000 : Number.POSITIVE_INFINITY;
  const client = async () => {
    while (made < count && performance.now() < untilMs) {
      const number = ++made;
      const { from, to, amountMinor } = pair();
      const callMs = performance.now();
      let outcome: string;
      try {
        const { answer } = await transferFunds(wallets, {
          tenantId: TENANT,
          principal: "bench",
          fromWalletId: from,
          toWalletId: to,
          amountMinor,
          currency: "USD",
          memo: null,
          idempotencyKey: `${run}-${number}`,
          approvalToken: null,
          approved: true,
          simulatedAtMs: null,
        });
        outcome = answer.status;
      } catch (error) {
        if (!(error instanceof DomainError)) unknown++;
        outcome = error instanceof DomainError ? error.code : String(error);
      }
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      latencies.push(performance.now() - callMs);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const seconds = (performance.now() - startedMs) / 1000;
  latencies.sort((a, b) => a - b);
  return {
    perSecond: latencies.length / seconds,
    outcomes,
    unknown,
    latencyMsP50: latencies[Math.floor(latencies.length * 0.5)],
    latencyMsP99: latencies[Math.floor(latencies.length * 0.99)],
  };
}

/** How many transfers shared a transaction. */
class BatchSizes {
  #batches = 0;
  #transfers = 0;
  #ms = 0;

  reset(): void {
    this.#batches = this.#transfers = this.#ms = 0;
  }

  batch(_phase: string, size: number, durationMs: number): void {
    this.#batches++;
    this.#transfers += size;
    this.#ms += durationMs;
  }

  toString(): string {
    return `batches of ${(this.#transfers / this.#batches).toFixed(1)} in ${
      (this.#ms / this.#batches).toFixed(1)
    } ms`;
  }
}

if (import.meta.main) await runCommand("bench:transfers", bench);
