/**
 * `deno task simulate`: fills a database with a world's history; with `--csv FILE` or `--parquet FILE` writes it to
 * files instead, all of it or with `--partition 3/16` one part; with `--live` goes on with the same world against a
 * running server. `--preset handbook` makes the Fraud Detection Handbook's world.
 */
import { systemClock } from "../src/core/clock.ts";
import { readConfig } from "../src/config.ts";
import { joinDatabase } from "../src/db/open_database.ts";
import { openPool, type PoolOptions } from "../src/db/pool.ts";
import { DAY_MS } from "../src/fraud/features/windows.ts";
import { exportFiles } from "./export/export_command.ts";
import { loadWorld } from "./history/load_world.ts";
import { FlagError, midnight, parseFlags, wholeNumber } from "./parse_flags.ts";
import { runLive } from "./live.ts";
import { generateWorld, type WorldConfig } from "./world/world.ts";
import { runCommand } from "../src/core/run_command.ts";

/** What a server without a world gets: small enough to load in seconds. */
const DEFAULT_WORLD = { days: 30, customers: 800, seed: 7 };

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
    switches: ["default", "live"],
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
  if (values.preset !== undefined || values.partition !== undefined) {
    throw new FlagError(
      "--preset and --partition go with --csv FILE or --parquet FILE: a database takes a whole world.",
    );
  }
  const days = wholeNumber("days", values.days, DEFAULT_WORLD.days, 1, 3_650);
  const config: WorldConfig = {
    seed: wholeNumber("seed", values.seed, DEFAULT_WORLD.seed, 0, 4_294_967_295),
    days,
    customers: wholeNumber("customers", values.customers, DEFAULT_WORLD.customers, 1, 1_000_000),
    startMs: values.start === undefined ? historyStartMs(days) : midnight("start", values.start),
  };
  await fill(config, values.tenant ?? "default");
}

/** The history ends with the last midnight, so that the present follows it. */
function historyStartMs(days: number): number {
  return Math.floor(systemClock.nowMs() / DAY_MS) * DAY_MS - days * DAY_MS;
}

async function fill(config: WorldConfig, tenantId: string): Promise<void> {
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
    await requireEmptyTenant({ url: database.ownerUrl }, tenantId, config);
    const { seed, days, customers, startMs } = config;
    console.error(
      `World: seed ${seed}, ${days} days from ${
        new Date(startMs).toISOString().slice(0, 10)
      }, ${customers} customers, tenant ${tenantId}`,
    );
    const loaded = await loadWorld(generateWorld(config), {
      pool: { url: database.ownerUrl },
      tenantId,
      dataDirectory: settings.dataDirectory,
      nowMs: systemClock.nowMs(),
    });
    const seconds = loaded.durationMs / 1000;
    console.log(
      `Booked ${loaded.payments} payments (${loaded.postings} postings) of ${loaded.customers} customers ` +
        `in ${seconds.toFixed(1)} s, ${Math.round(loaded.payments / seconds)} payments a second.`,
    );
  } finally {
    await database.stop();
  }
}

async function requireEmptyTenant(
  pool: Pick<PoolOptions, "url" | "role">,
  tenantId: string,
  config: WorldConfig,
): Promise<void> {
  const sql = openPool({ ...pool, max: 1, applicationName: "mcp-payments-lab simulate" });
  try {
    const [known] = await sql<{ seed: string; days: number; customers: number }[]>`
      select seed, days, customers from worlds where tenant_id = ${tenantId}`;
    if (known === undefined) return;
    const is = `seed ${known.seed}, ${known.days} days, ${known.customers} customers`;
    throw new FlagError(
      `Tenant "${tenantId}" already has a world (${is}), and a ledger is never emptied. To load seed ${config.seed}, ` +
        `${config.days} days, ${config.customers} customers, use another tenant (--tenant) or another folder (DATA_DIR).`,
    );
  } finally {
    await sql.end();
  }
}

if (import.meta.main) await runCommand("simulate", main);
