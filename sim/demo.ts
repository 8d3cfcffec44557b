/**
 * `deno task demo`: the whole product once. Database, world, fraud model, server, k6 benchmark, verdict, report.
 *
 * Works in DATA_DIR/demo, so it never meets the payments of `deno task serve`. A second run finds the world and the
 * model there and uses them again. Whatever is started is stopped, also on Ctrl-C.
 *
 *     [--days 60] [--customers 5000] [--seed 7] [--rate 200] [--duration 30s] [--warmup 10s]
 */
import { join } from "node:path";
import { GateError } from "../load/lib/gate_error.ts";
import { loadPlanFromEnv, streamShareOf } from "../load/lib/load_plan.ts";
import { runGate } from "../load/gate.ts";
import { resolveK6 } from "../load/resolve_k6.ts";
import { installK6 } from "../load/k6_install.ts";
import { formatTextSummary } from "../load/report/text_summary.ts";
import { readConfig } from "../src/config.ts";
import { systemClock } from "../src/core/clock.ts";
import { joinDatabase, openDatabase } from "../src/db/open_database.ts";
import { openPool } from "../src/db/pool.ts";
import { FEATURE_HASH } from "../src/fraud/features/catalogue.ts";
import { DAY_MS } from "../src/fraud/features/windows.ts";
import { checkLedger } from "../src/ledger/check_ledger.ts";
import { formatDemoReport } from "./demo/demo_report.ts";
import { judgeStream } from "./demo/judge_stream.ts";
import { startServer } from "./demo/start_server.ts";
import { loadWorld } from "./history/load_world.ts";
import { parseFlags, wholeNumber } from "./parse_flags.ts";
import { exportStream } from "./stream/export_stream.ts";
import { trainModel } from "./train/train_model.ts";
import { generateWorld, type WorldConfig } from "./world/world.ts";
import { OperatorError, runCommand } from "../src/core/run_command.ts";

const TENANT = "default";
const STREAM_RESERVE = 500;
const CLEAN_UP_MAX_MS = 5_000;

async function demo(args: readonly string[], signals: Signals): Promise<boolean> {
  const { signal } = signals;
  const { values } = parseFlags(args, {
    values: ["days", "customers", "seed", "rate", "duration", "warmup"],
    switches: [],
  });
  const startedMs = performance.now();
  const base = readConfig((name) => Deno.env.get(name));
  const config = { ...base, dataDirectory: join(base.dataDirectory, "demo"), databaseUrl: null };
  const days = wholeNumber("days", values.days, 60, 20, 365);
  const wanted: WorldConfig = {
    seed: wholeNumber("seed", values.seed, 7, 0, 4_294_967_295),
    days,
    customers: wholeNumber("customers", values.customers, 5_000, 100, 1_000_000),
    startMs: Math.floor(systemClock.nowMs() / DAY_MS) * DAY_MS - days * DAY_MS,
  };
  const plan = loadPlanFromEnv({
    RATE: values.rate ?? "200",
    DURATION: values.duration ?? "30s",
    WARMUP: values.warmup ?? "10s",
  });

  heading(1, "k6");
  const k6Path = await findK6(base.dataDirectory);
  say(`k6 at ${k6Path}`);

  heading(2, "PostgreSQL and a simulated world");
  const world = await unlessAborted(signal, ensureWorld(config, wanted, signal));

  heading(3, "Fraud model");
  const modelDirectory = join(config.dataDirectory, "model");
  // Nothing runs now that would be left behind, and training leaves no time to listen: Ctrl-C just ends the process.
  const scoreboard = await signals.atDefault(() => ensureModel(world, modelDirectory));
  console.log(scoreboard);

  heading(4, "Server");
  const server = await startServer(config.dataDirectory, signal);
  say(`listening on ${server.baseUrl}/mcp, log in ${server.logPath}`);
  try {
    heading(5, `k6: ${plan.ratePerSecond} payments a second over MCP`);
    const database = await joinDatabase(config, say);
    const streamPath = join(config.dataDirectory, "load", "stream.json");
    await exportStream({ url: database.ownerUrl }, {
      tenantId: TENANT,
      count: streamShareOf(plan).paymentsNeeded + STREAM_RESERVE,
      path: streamPath,
    });
    const gate = await runGate({
      plan: { ...plan, baseUrl: server.baseUrl },
      streamPath,
      outDir: join(config.dataDirectory, "load"),
      k6Path,
      label: "approval benchmark",
      signal,
    });
    const latency = formatTextSummary(gate);
    console.log(latency);

    heading(6, "What the fraud screen did to the stream, and what the ledger says");
    const sql = openPool({ url: database.ownerUrl, max: 1, applicationName: "mcp-payments-lab demo" });
    const stream = await judgeStream(sql, TENANT, streamPath, gate.plan.runId);
    console.log(stream.text);
    const ledger = await checkLedger(sql);
    await sql.end();
    const violations = ledger.reduce((sum, result) => sum + result.violations, 0);
    console.log(`Ledger: ${ledger.length} invariants, ${violations} violations.`);

    const reportPath = join(config.dataDirectory, "report.html");
    const pass = gate.pass && violations === 0;
    await Deno.writeTextFile(
      reportPath,
      formatDemoReport({
        pass,
        world,
        scoreboard,
        precisionRecallSvg: await Deno.readTextFile(join(modelDirectory, "precision_recall.svg")),
        stream: stream.text,
        ledger,
        loadReport: await Deno.readTextFile(gate.files.report),
      }),
    );
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
    console.log(`\n${pass ? "PASSED" : "FAILED"} in ${seconds} s. Report: ${reportPath}`);
    return pass;
  } finally {
    await server.stop();
    say("stopped the server and its PostgreSQL");
  }
}

/** The work's result, or the interruption when there is one: then the work has a moment to clean up after itself. */
async function unlessAborted<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
  const ended = work.then(() => {}, () => {});
  const aborted = new Promise<never>((_, reject) =>
    signal.addEventListener("abort", () => {
      const late = setTimeout(() => reject(signal.reason), CLEAN_UP_MAX_MS);
      ended.then(() => (clearTimeout(late), reject(signal.reason)));
    }, { once: true })
  );
  const result = await Promise.race([work, aborted]).catch((error) => {
    throw signal.aborted ? signal.reason : error;
  });
  signal.throwIfAborted();
  return result;
}

/** The world already in the demo's database, or the wanted one, loaded now: in one transaction, so whole or not. */
async function ensureWorld(
  config: Parameters<typeof openDatabase>[0],
  wanted: WorldConfig,
  signal: AbortSignal,
): Promise<WorldConfig> {
  const database = await openDatabase(config, say);
  signal.addEventListener("abort", () => void database.stop(), { once: true });
  try {
    const sql = openPool({ url: database.ownerUrl, max: 1, applicationName: "mcp-payments-lab demo" });
    const [known] = await sql<{ seed: number; days: number; customers: number; startMs: number }[]>`
      select seed::float8 as seed, days, customers, start_ms::float8 as "startMs" from worlds where tenant_id = ${TENANT}`;
    await sql.end();
    if (known !== undefined) {
      if (known.seed !== wanted.seed || known.days !== wanted.days || known.customers !== wanted.customers) {
        throw new OperatorError(
          "world_differs",
          `The demo's database holds another world (seed ${known.seed}, ${known.days} days, ${known.customers} ` +
            `customers). Use those figures, or another folder: DATA_DIR=.data/other deno task demo …`,
        );
      }
      say("the world of an earlier run is there");
      return { ...known };
    }
    const loaded = await loadWorld(generateWorld(wanted), {
      pool: { url: database.ownerUrl },
      tenantId: TENANT,
      dataDirectory: config.dataDirectory,
      nowMs: systemClock.nowMs(),
    });
    say(
      `${loaded.payments} payments booked in ${
        (loaded.durationMs / 1000).toFixed(1)
      } s, ${loaded.postings} postings`,
    );
    return wanted;
  } finally {
    await database.stop();
  }
}

/** The model already trained on this world, or a new one; the scoreboard as text. */
async function ensureModel(world: WorldConfig, directory: string): Promise<string> {
  const key = JSON.stringify({ ...world, featureHash: FEATURE_HASH });
  const keyPath = join(directory, "trained_on.json");
  if (await readIfThere(keyPath) === key) {
    say("the model of an earlier run is there");
    return await Deno.readTextFile(join(directory, "scoreboard.txt"));
  }
  const { text } = await trainModel({ world, outDirectory: directory });
  await Deno.writeTextFile(keyPath, key);
  return text;
}

async function findK6(dataDirectory: string): Promise<string> {
  const environment = new Map([["K6", Deno.env.get("K6") ?? ""], ["PATH", Deno.env.get("PATH") ?? ""], [
    "DATA_DIR",
    dataDirectory,
  ]].filter(([, value]) => value !== "") as [string, string][]);
  const known = await resolveK6(environment);
  if (known !== undefined) return known.path;
  say("k6 is not here yet; it is installed once (minutes when it has to be built)");
  return (await installK6({ dataDir: dataDirectory, log: say })).path;
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function heading(step: number, title: string): void {
  console.error(`\n── ${step}/6 ${title} ${"─".repeat(Math.max(2, 70 - title.length))}`);
}

function say(line: string): void {
  console.error(line);
}

class Interrupted extends Error {
  override name = "Interrupted";
}

/** Ctrl-C and SIGTERM as an abort signal, except where their default is right. */
class Signals {
  readonly #controller = new AbortController();
  readonly #interrupt = () => this.#controller.abort(new Interrupted("interrupted"));

  constructor() {
    this.#listen();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  async atDefault<Result>(work: () => Promise<Result>): Promise<Result> {
    for (const name of SIGNALS) Deno.removeSignalListener(name, this.#interrupt);
    try {
      return await work();
    } finally {
      this.#listen();
    }
  }

  #listen(): void {
    for (const name of SIGNALS) Deno.addSignalListener(name, this.#interrupt);
  }
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

if (import.meta.main) {
  const signals = new Signals();
  await runCommand("demo", async (args) => {
    try {
      return await demo(args, signals);
    } catch (error) {
      if (signals.signal.aborted) {
        console.error("Interrupted; everything that was started has been stopped.");
        return 130;
      }
      if (!(error instanceof GateError)) throw error;
      console.error(`${error.code}: ${error.message}`);
      return 2;
    }
  }, 2);
}
