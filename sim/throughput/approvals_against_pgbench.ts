/**
 * `deno task bench:approvals [--pairs 5] [--seconds 10] [--clients 16,64]`: create_payment against pgbench (TPC-B-like,
 * scale 50) on the same PostgreSQL with the same durable settings, taken in turn, as ratios pair by pair.
 *
 * The payments are whole: screened, routed, charged (the simulated providers answer at once), booked, audited,
 * each with an idempotency key of its own. They are made in this process, as the server makes them behind its
 * protocol.
 */
import { join } from "node:path";
import { readConfig } from "../../src/config.ts";
import { systemClock } from "../../src/core/clock.ts";
import { RandomIds } from "../../src/core/ids.ts";
import { openDatabase } from "../../src/db/open_database.ts";
import { openPool } from "../../src/db/pool.ts";
import { checkLedger } from "../../src/ledger/check_ledger.ts";
import { loadFraudModel } from "../../src/load_fraud_model.ts";
import { openPaymentStack } from "../../src/payment_stack.ts";
import type { PaymentEvents } from "../../src/payments/payment_service.ts";
import { createPayment } from "../../src/payments/create_payment.ts";
import { parseAmount } from "../../src/core/money.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { loadWorld } from "../history/load_world.ts";
import { parseFlags, wholeNumber } from "../parse_flags.ts";
import { type FutureCall, futureCalls } from "../stream/future_calls.ts";
import { knownWorld } from "../stream/known_world.ts";
import { preparePgbench, requireProgram, runPgbench } from "./pgbench.ts";
import { generateWorld } from "../world/world.ts";
import { runCommand } from "../../src/core/run_command.ts";

const TENANT = "default";
const WORLD = { seed: 7, days: 20, customers: 20_000 };
const WARMUP_S = 3;
const CALLS_PER_SECOND_MAX = 5_000;

async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseFlags(args, { values: ["pairs", "seconds", "clients", "pgbench"], switches: [] });
  const pairs = wholeNumber("pairs", values.pairs, 5, 1, 50);
  const seconds = wholeNumber("seconds", values.seconds, 10, 1, 600);
  const clients = (values.clients ?? "16,64").split(",").map((text) =>
    wholeNumber("clients", text, 16, 1, 500)
  );
  const pgbench = values.pgbench ?? "pgbench";
  const base = readConfig((name) => Deno.env.get(name));
  const config = {
    ...base,
    dataDirectory: join(base.dataDirectory, "bench"),
    databaseUrl: null,
    providerLatencyScale: 0,
  };

  const database = await openDatabase(config, (line) => console.error(line));
  try {
    await requireProgram(pgbench);
    const sql = openPool({ url: database.ownerUrl, max: 1, applicationName: "bench" });
    const [known] = await sql`select 1 from worlds where tenant_id = ${TENANT}`;
    if (known === undefined) {
      const startMs = Math.floor(systemClock.nowMs() / DAY_MS) * DAY_MS - WORLD.days * DAY_MS;
      await loadWorld(generateWorld({ ...WORLD, startMs }), {
        pool: { url: database.ownerUrl },
        tenantId: TENANT,
        dataDirectory: config.dataDirectory,
        nowMs: systemClock.nowMs(),
      });
      // As pgbench does for its own tables; else the first minutes would measure autovacuum.
      const owner = openPool({ url: database.ownerUrl, max: 1, applicationName: "bench" });
      await owner`vacuum (analyze)`;
      await owner.end();
    }
    const pgbenchUrl = await preparePgbench(pgbench, database.ownerUrl);
    const spent = new TimeSpent();
    const stack = await openPaymentStack({
      config,
      database,
      clock: systemClock,
      ids: new RandomIds(() => systemClock.nowMs()),
      model: await loadFraudModel(config),
      events: spent,
    });
    await stack.warm;
    // Made beforehand: the generator is not what is measured.
    const needed = (WARMUP_S + pairs * seconds) * clients.length * CALLS_PER_SECOND_MAX;
    console.error(`making ${needed} calls`);
    const calls = firstCalls(futureCalls(await knownWorld({ url: database.ownerUrl }, TENANT)), needed)
      .values();
    const run = `${systemClock.nowMs()}`;
    const approvals = (count: number, durationS: number) =>
      runApprovals(stack.payments, calls, run, count, durationS);
    try {
      for (const count of clients) await approvals(count, WARMUP_S);
      console.log("clients  pair  pgbench tps  approvals/s  ratio   p50 ms   p99 ms");
      for (const count of clients) {
        const ratios: number[] = [];
        spent.reset();
        for (let pair = 1; pair <= pairs; pair++) {
          const tps = await runPgbench(pgbench, pgbenchUrl, count, seconds);
          const result = await approvals(count, seconds);
          ratios.push(result.perSecond / tps);
          console.log(
            `${String(count).padStart(7)}  ${String(pair).padStart(4)}  ${tps.toFixed(0).padStart(11)}  ` +
              `${result.perSecond.toFixed(0).padStart(11)}  ${
                (result.perSecond / tps).toFixed(2).padStart(5)
              }  ` +
              `${result.latencyMsP50.toFixed(1).padStart(7)}  ${result.latencyMsP99.toFixed(1).padStart(7)}`,
          );
        }
        ratios.sort((a, b) => a - b);
        console.log(
          `${String(count).padStart(7)}  median ratio ${ratios[Math.floor(ratios.length / 2)].toFixed(2)} (${
            ratios[0].toFixed(2)
          }–${ratios.at(-1)!.toFixed(2)})`,
        );
        console.log(`         ${spent}`);
      }
      const violations = (await checkLedger(sql)).reduce((sum, result) => sum + result.violations, 0);
      console.log(`ledger violations after the runs: ${violations}`);
    } finally {
      await stack.end();
      await sql.end();
    }
  } finally {
    await database.stop();
  }
}

/** Means over payments and over batches: where a payment's time goes. */
class TimeSpent implements PaymentEvents {
  #sums = new Map<string, { count: number; ms: number; size: number }>();

  reset(): void {
    this.#sums.clear();
  }

  stage(stage: string, durationMs: number): void {
    this.#add(stage, durationMs, 1);
  }

  batch(phase: string, size: number, durationMs: number): void {
    this.#add(`${phase} batch`, durationMs, size);
  }

  outcome(): void {}

  explored(): void {}

  #add(name: string, ms: number, size: number): void {
    const sum = this.#sums.get(name) ?? { count: 0, ms: 0, size: 0 };
    this.#sums.set(name, { count: sum.count + 1, ms: sum.ms + ms, size: sum.size + size });
  }

  toString(): string {
    return [...this.#sums].map(([name, { count, ms, size }]) =>
      `${name} ${(ms / count).toFixed(1)} ms` +
      (name.endsWith("batch") ? ` of ${(size / count).toFixed(1)}` : "")
    ).join(", ");
  }
}

async function runApprovals(
  payments: Parameters<typeof createPayment>[0],
  calls: Iterator<FutureCall>,
  run: string,
  clients: number,
  durationS: number,
): Promise<{ perSecond: number; latencyMsP50: number; latencyMsP99: number }> {
  const latencies: number[] = [];
  const startedMs = performance.now();
  const untilMs = startedMs + durationS * 1000;
  const client = async () => {
    while (performance.now() < untilMs) {
      const next = calls.next();
      if (next.done) throw new Error("The world's future has ended");
      const call = next.value.arguments;
      const callMs = performance.now();
      const { answer } = await createPayment(payments, {
        tenantId: TENANT,
        principal: "bench",
        amountMinor: parseAmount(call.amount, call.currency),
        currency: call.currency,
        method: "card",
        customerId: call.customer_id,
        merchantId: call.merchant_id,
        paymentMethodId: call.payment_method_id,
        description: null,
        deviceId: call.device_id ?? null,
        ipAddress: call.ip_address,
        country: call.country,
        addressId: call.address_id ?? null,
        metadata: null,
        confirmation: null,
        idempotencyKey: `${call.idempotency_key}-${run}`,
        simulatedAtMs: Date.parse(next.value.simulated_at),
      });
      if (!["succeeded", "declined", "requires_action"].includes(answer.status)) {
        throw new Error(`A payment is ${answer.status}`);
      }
      latencies.push(performance.now() - callMs);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const seconds = (performance.now() - startedMs) / 1000;
  latencies.sort((a, b) => a - b);
  return {
    perSecond: latencies.length / seconds,
    latencyMsP50: latencies[Math.floor(latencies.length * 0.5)],
    latencyMsP99: latencies[Math.floor(latencies.length * 0.99)],
  };
}

function firstCalls(calls: Iterable<FutureCall>, count: number): FutureCall[] {
  const taken: FutureCall[] = [];
  for (const call of calls) {
    if (!call.replay) taken.push(call);
    if (taken.length === count) break;
  }
  return taken;
}

if (import.meta.main) await runCommand("bench:approvals", bench);
