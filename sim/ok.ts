/**
 * `deno task ok`: what CI runs. Format, lint, types, tests, then a server on a new folder with the default world:
 * its ledger and its served features are checked, the k6 gate runs against it, and both are checked again.
 *
 * Every step runs, whatever failed before it. The last line is `N passed, N failed`: each test counts, and each step.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runGate } from "../load/gate.ts";
import { loadPlanFromEnv, streamShareOf } from "../load/lib/load_plan.ts";
import { installK6 } from "../load/k6_install.ts";
import { formatTextSummary } from "../load/report/text_summary.ts";
import { resolveK6 } from "../load/resolve_k6.ts";
import { temporaryDataDirectory } from "../src/db/testing/temporary_data_directory.ts";
import { readConfig } from "../src/config.ts";
import { joinDatabase } from "../src/db/open_database.ts";
import { openPool } from "../src/db/pool.ts";
import { checkLedger } from "../src/ledger/check_ledger.ts";
import { checkFeatures } from "../src/payments/check_features.ts";
import { countTests, type TestCounts } from "./ok/count_tests.ts";
import { startServer } from "./demo/start_server.ts";
import { exportStream } from "./stream/export_stream.ts";
import { refuseArguments, runCommand } from "../src/core/run_command.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
/** The limits of the full gate at half its rate: CI's machines are shared, and a gate that cries wolf is switched off. */
const GATE_PLAN = { RATE: "100", DURATION: "20s", WARMUP: "5s" };
const STREAM_RESERVE = 500;

class Checks {
  readonly lines: string[] = [];
  passed = 0;
  failed = 0;

  /** Runs one step; an error is its failure and not the run's. */
  async step(name: string, run: () => Promise<boolean>): Promise<boolean> {
    console.error(`\n── ${name} ${"─".repeat(Math.max(2, 70 - name.length))}`);
    const startedMs = performance.now();
    let ok = false;
    try {
      ok = await run();
    } catch (error) {
      console.error(error);
    }
    this.add({ passed: ok ? 1 : 0, failed: ok ? 0 : 1 });
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    this.lines.push(`${ok ? "ok  " : "FAIL"}  ${name.padEnd(34)} ${seconds.padStart(7)} s`);
    return ok;
  }

  add({ passed, failed }: Pick<TestCounts, "passed" | "failed">): void {
    this.passed += passed;
    this.failed += failed;
  }
}

async function ok(signal: AbortSignal): Promise<Checks> {
  const checks = new Checks();
  await using folder = await temporaryDataDirectory();
  await Deno.mkdir(folder.path, { recursive: true });
  let k6Path: string | undefined;

  await checks.step("k6", async () => {
    const dataDir = readConfig((name) => Deno.env.get(name)).dataDirectory;
    const k6 = await resolveK6() ?? await installK6({ dataDir, log: (line) => console.error(line) });
    k6Path = k6.path;
    console.error(`k6 ${k6.version} at ${k6.path}`);
    return true;
  });
  await checks.step("format", () => deno(["fmt", "--check", "--quiet"], signal));
  await checks.step("lint", () => deno(["lint", "--quiet"], signal));
  await checks.step("types", () => deno(["check", "--quiet"], signal));
  await checks.step("tests", async () => {
    const junitPath = join(folder.path, "tests.xml");
    const ended = await deno(
      ["task", "--quiet", "test", `--junit-path=${junitPath}`],
      signal,
      k6Path === undefined ? {} : { K6: k6Path },
    );
    const counts = countTests(await Deno.readTextFile(junitPath));
    checks.add(counts);
    console.error(`${counts.passed} passed, ${counts.failed} failed, ${counts.ignored} ignored`);
    return ended && counts.failed === 0 && counts.passed > 0;
  });
  signal.throwIfAborted();
  if (k6Path !== undefined) await checkServer(checks, join(folder.path, "server"), k6Path, signal);
  else checks.add({ passed: 0, failed: 1 });
  return checks;
}

async function checkServer(
  checks: Checks,
  dataDirectory: string,
  k6Path: string,
  signal: AbortSignal,
): Promise<void> {
  await Deno.mkdir(dataDirectory, { recursive: true });
  let server: Awaited<ReturnType<typeof startServer>> | undefined;
  await checks.step("server on a new folder", async () => {
    server = await startServer(dataDirectory, signal);
    return true;
  });
  if (server === undefined) return;
  const config = { ...readConfig((name) => Deno.env.get(name)), dataDirectory, databaseUrl: null };
  const database = await joinDatabase(config, (line) => console.error(line));
  const sql = openPool({ url: database.ownerUrl, max: 1, applicationName: "mcp-payments-lab ok" });
  const ledgerHolds = async () => {
    const results = await checkLedger(sql);
    for (const { name, violations } of results) {
      console.error(`${String(violations).padStart(6)} violations  ${name}`);
    }
    return results.every(({ violations }) => violations === 0);
  };
  try {
    await checks.step("ledger:check", ledgerHolds);
    await checks.step("k6 gate", async () => {
      const plan = loadPlanFromEnv({ ...GATE_PLAN, BASE_URL: server!.baseUrl });
      const streamPath = join(dataDirectory, "load", "stream.json");
      await exportStream({ url: database.ownerUrl }, {
        tenantId: "default",
        count: streamShareOf(plan).paymentsNeeded + STREAM_RESERVE,
        path: streamPath,
      });
      const gate = await runGate({ plan, streamPath, outDir: join(dataDirectory, "load"), k6Path, signal });
      console.error(formatTextSummary(gate));
      return gate.pass;
    });
    await checks.step("ledger:check after the gate", ledgerHolds);
    await checks.step("features:check after the gate", async () => {
      const check = await checkFeatures(sql);
      console.error(
        `${check.vectors} stored vectors and ${check.states} states rebuilt from ${check.payments} payments: ` +
          `${check.differingVectors} and ${check.differingStates} differ`,
      );
      for (const example of check.examples) console.error(`  ${example}`);
      return check.vectors > 0 && check.otherVectors === 0 && check.differingVectors === 0 &&
        check.differingStates === 0;
    });
  } finally {
    await sql.end();
    await database.stop();
    await checks.step("server stops", async () => {
      await server!.stop();
      return true;
    });
  }
}

/** Runs this deno in the project's root, its output shown; true for exit code 0. */
async function deno(
  args: string[],
  signal: AbortSignal,
  environment: Record<string, string> = {},
): Promise<boolean> {
  signal.throwIfAborted();
  const child = new Deno.Command(Deno.execPath(), { args, cwd: PROJECT, env: environment }).spawn();
  const stop = () => child.kill("SIGTERM");
  signal.addEventListener("abort", stop);
  const { success } = await child.status;
  signal.removeEventListener("abort", stop);
  return success;
}

if (import.meta.main) {
  const abort = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, () => abort.abort(new Error(name)));
  }
  await runCommand("ok", async (args) => {
    refuseArguments(args);
    try {
      const checks = await ok(abort.signal);
      console.log(`\n${checks.lines.join("\n")}\n`);
      console.log(`${checks.passed} passed, ${checks.failed} failed`);
      return checks.failed === 0;
    } catch (error) {
      if (!abort.signal.aborted) throw error;
      console.error("Interrupted; what was started has been stopped.");
      return 130;
    }
  });
}
