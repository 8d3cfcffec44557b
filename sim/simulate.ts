/**
 * `deno task simulate`: fills a database with a world's history, all at once, or by parts from several processes
 * (`--partition 3/16`, and once all are there `--complete`); with `--csv FILE` or `--parquet FILE` writes it, or a part of
 * it, to files instead, in folders that are made where they are not there; with `--live` goes on with the same world
 * against a running server. `--preset handbook` makes the Fraud Detection Handbook's world.
 *
 *     into the database: [--days 91] [--customers 300] [--seed 7] [--start 2026-01-05] [--tenant default]
 *                        [--partition 3/16 | --complete]
 *     to files:          --csv FILE and/or --parquet FILE [--days] [--customers] [--seed] [--start] [--partition 3/16]
 *                        [--preset handbook]
 *     live:              --live [--rate 20] [--duration 60] [--url http://127.0.0.1:8000/mcp] [--token TOKEN]
 *                        [--tenant default]
 */
import { systemClock } from "../src/core/clock.ts";
import { readConfig } from "../src/config.ts";
import { joinDatabase } from "../src/db/open_database.ts";
import { openPool, type PoolOptions } from "../src/db/pool.ts";
import { DAY_MS } from "../src/fraud/features/windows.ts";
import { exportFiles, partitionOf } from "./export/export_command.ts";
import { completeWorld } from "./history/complete_world.ts";
import { loadPart } from "./history/load_part.ts";
import { type LoadOptions, loadWorld } from "./history/load_world.ts";
import { midnight, parseFlags, wholeNumber } from "./parse_flags.ts";
import { runLive } from "./live.ts";
import type { Partition } from "./world/partition.ts";
import { generateWorld, type World, type WorldConfig } from "./world/world.ts";
import { FlagError, OperatorError, runCommand } from "../src/core/run_command.ts";

/**
 * What a server without a world gets: small enough to load in seconds, and long enough for what looks back: a usual week
 * is that of twelve before the latest, and what is paid monthly shows itself by the third time.
 */
const DEFAULT_WORLD = { days: 91, customers: 300, seed: 7 };

async function main(args: readonly string[]): Promise<void> {
  const { values, switches } = parseFlags(args, {
    values: [
      "days",
      "customers",
      "seed",
      "start",
      "tenant",
      "rate",
      "duration",
      "url",
      "token",
      "csv",
      "parquet",
      "partition",
      "preset",
    ],
    switches: ["live", "complete"],
  });
  if (switches.has("live")) {
    await runLive({
      url: values.url ?? `http://127.0.0.1:${readConfig((name) => Deno.env.get(name)).port}/mcp`,
      token: values.token ?? null,
      ratePerSecond: wholeNumber("rate", values.rate, 20, 1, 2_000),
      durationS: wholeNumber("duration", values.duration, 60, 1, 86_400),
      tenantId: values.tenant ?? "default",
    });
    return;
  }
  if (values.csv !== undefined || values.parquet !== undefined) {
    await exportFiles(values);
    return;
  }
  if (values.preset !== undefined) {
    throw new FlagError(
      "--preset goes with --csv FILE or --parquet FILE: a database takes the default world.",
    );
  }
  const isComplete = switches.has("complete");
  if (isComplete && values.partition !== undefined) {
    throw new FlagError("--complete is the step after all parts: leave --partition out.");
  }
  if ((isComplete || values.partition !== undefined) && values.start === undefined) {
    throw new FlagError(
      "A load by parts needs --start, so that all parts begin on one day: --start 2026-01-05.",
    );
  }
  const days = wholeNumber("days", values.days, DEFAULT_WORLD.days, 1, 3_650);
  const config: WorldConfig = {
    seed: wholeNumber("seed", values.seed, DEFAULT_WORLD.seed, 0, 4_294_967_295),
    days,
    customers: wholeNumber("customers", values.customers, DEFAULT_WORLD.customers, 1, 1_000_000),
    startMs: values.start === undefined ? historyStartMs(days) : midnight("start", values.start),
  };
  const partition = partitionOf(values.partition);
  if (partition.parts > days) {
    throw new FlagError(`--partition cannot cut ${days} days into ${partition.parts} parts.`);
  }
  const load = isComplete ? complete : values.partition === undefined ? fill : loadDays(partition);
  await withDatabase(values.tenant ?? "default", config, load);
}

/** The history ends with the last midnight, so that the present follows it. */
function historyStartMs(days: number): number {
  return Math.floor(systemClock.nowMs() / DAY_MS) * DAY_MS - days * DAY_MS;
}

async function withDatabase(
  tenantId: string,
  config: WorldConfig,
  load: (world: World, options: LoadOptions) => Promise<string>,
): Promise<void> {
  if (!/^[a-z0-9][a-z0-9_-]{0,62}$/.test(tenantId)) {
    throw new FlagError(`--tenant must be 1 to 63 of a–z 0–9 _ -, not "${tenantId}".`);
  }
  const settings = readConfig((name) => Deno.env.get(name));
  // The server that runs this to fill its own database hands over the connection.
  const handed = Deno.env.get("SIMULATE_DATABASE_URL");
  const database = handed === undefined ? await joinDatabase(settings, (line) => console.error(line)) : {
    ownerUrl: handed,
    stop: () => Promise.resolve(),
  };
  try {
    const { seed, days, customers, startMs } = config;
    console.error(
      `World: seed ${seed}, ${days} days from ${
        new Date(startMs).toISOString().slice(0, 10)
      }, ${customers} customers, tenant ${tenantId}`,
    );
    console.log(
      await load(generateWorld(config), {
        pool: { url: database.ownerUrl },
        tenantId,
        dataDirectory: settings.dataDirectory,
        nowMs: systemClock.nowMs(),
      }),
    );
  } finally {
    await database.stop();
  }
}

async function fill(world: World, options: LoadOptions): Promise<string> {
  await requireEmptyTenant(options.pool, options.tenantId, world);
  const loaded = await loadWorld(world, options);
  const seconds = loaded.durationMs / 1000;
  return `Booked ${loaded.payments} payments of ${loaded.customers} customers and ${loaded.walletEntries} top-ups, ` +
    `payments and transfers of their wallets (${loaded.postings} postings) in ${seconds.toFixed(1)} s, ` +
    `${Math.round(loaded.payments / seconds)} payments a second.`;
}

function loadDays(partition: Partition): (world: World, options: LoadOptions) => Promise<string> {
  return async (world, options) => {
    const { fromDay, toDay, payments, postings, daysThere, durationMs } = await loadPart(
      world,
      partition,
      options,
    );
    const seconds = durationMs / 1000;
    const there = daysThere === 0 ? "" : `, ${daysThere} of these days were there already`;
    return `Part ${partition.part} of ${partition.parts}, days ${fromDay} to ${
      toDay - 1
    }: booked ${payments} payments ` +
      `(${postings} postings) in ${
        seconds.toFixed(1)
      } s${there}. When all parts are there: the same flags with ` +
      `--complete instead of --partition.`;
  };
}

async function complete(world: World, options: LoadOptions): Promise<string> {
  const { payments, durationMs } = await completeWorld(world, options);
  return `The world is whole: ${payments} payments, states, labels and wallets in ${
    (durationMs / 1000).toFixed(1)
  } s.`;
}

async function requireEmptyTenant(
  pool: Pick<PoolOptions, "url" | "role">,
  tenantId: string,
  { config, customers }: World,
): Promise<void> {
  const sql = openPool({ ...pool, max: 1, applicationName: "mcp-payments-lab simulate" });
  try {
    const [known] = await sql<{ seed: string; days: number; customers: number }[]>`
      select seed, days, customers from worlds where tenant_id = ${tenantId}`;
    if (known === undefined) {
      const parts = await sql`
        select 1 from customers where tenant_id = ${tenantId} and customer_id = ${customers[0].customerId}`;
      if (parts.length === 0) return;
      throw new OperatorError(
        "world_in_parts",
        `Tenant "${tenantId}" holds parts of a world. Load the others with --partition and then run --complete, or use ` +
          `another tenant (--tenant) or another folder (DATA_DIR).`,
      );
    }
    const is = `seed ${known.seed}, ${known.days} days, ${known.customers} customers`;
    throw new OperatorError(
      "world_exists",
      `Tenant "${tenantId}" already has a world (${is}), and a ledger is never emptied. To load seed ${config.seed}, ` +
        `${config.days} days, ${config.customers} customers, use another tenant (--tenant) or another folder (DATA_DIR).`,
    );
  } finally {
    await sql.end();
  }
}

if (import.meta.main) await runCommand("simulate", main);
