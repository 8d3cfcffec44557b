/**
 * `deno task load`: runs `load/approval.ts` with k6 against a running server, judges the run and writes the report.
 *
 * Exit code 0: passed. 1: judged and failed. 2: could not be judged, with the reason on stderr.
 */
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { OUTCOMES } from "./lib/classify_answer.ts";
import { gateOptionsFromArgs, runGateCommand } from "./lib/gate_command.ts";
import { GateError } from "./lib/gate_error.ts";
import type { GateOptions } from "./lib/gate_options.ts";
import type { GateFiles, GateResult } from "./lib/gate_result.ts";
import { judgeRecords, judgeThresholds, type K6Summary } from "./lib/judge_rules.ts";
import { latencyBySecond } from "./lib/latency_by_second.ts";
import { envOfLoadPlan, streamShareOf, streamTooShort, WARMUP_GRACE_MS } from "./lib/load_plan.ts";
import { LoadProgress } from "./lib/load_progress.ts";
import { parsePaymentRecords, type PaymentRecord } from "./lib/payment_record.ts";
import { countShare, type IndexedPayment, parsePaymentStream } from "./lib/payment_stream.ts";
import { readMachine } from "./lib/read_machine.ts";
import { runK6 } from "./lib/run_k6.ts";
import { durationsByStage, stageLatencies, timedRecords } from "./lib/stage_latencies.ts";
import { DROPPED_METRIC, thresholdRules } from "./lib/thresholds.ts";
import { formatHtmlReport } from "./report/html_report.ts";
import { formatJunit } from "./report/junit.ts";
import { formatTextSummary } from "./report/text_summary.ts";
import { K6_MISSING, type ResolvedK6, resolveK6 } from "./resolve_k6.ts";

const READY_TIMEOUT_MS = 5000;

/** Runs the load, judges it and writes the report. A failed gate is a result; {@link GateError} means no verdict. */
export async function runGate(options: GateOptions): Promise<GateResult> {
  const { plan } = options;
  const startedAt = new Date().toISOString();

  // 1. All that can be known to be wrong before a payment is sent.
  const k6 = await findK6(options.k6Path);
  const payments = await readStream(options.streamPath);
  const tooShort = streamTooShort(plan, payments.length);
  if (tooShort) throw new GateError("stream_too_short", tooShort);
  await checkReady(plan.baseUrl);

  // 2. The run.
  const files = await makeOutDir(options.outDir);
  const warmupMs = plan.warmupMs > 0 ? plan.warmupMs + WARMUP_GRACE_MS : 0;
  const progress = new LoadProgress(
    options.label ?? `load ${plan.ratePerSecond}/s`,
    warmupMs + plan.durationMs,
  );
  const { thresholdsPassed } = await runK6({
    k6Path: k6.path,
    script: fileURLToPath(new URL("./approval.ts", import.meta.url)),
    env: {
      ...envOfLoadPlan(plan),
      STREAM: resolve(options.streamPath),
      SUMMARY_DIR: join(files.outDir, "k6"),
      RECORDS: "1",
      ...(options.token && { TOKEN: options.token }),
    },
    consolePath: files.payments,
    plannedMs: warmupMs + plan.durationMs,
    onLine: (line) => progress.onLine(line),
    onWarning: (line) => console.error(`k6: ${line}`),
    signal: options.signal,
  }).finally(() => progress.stop());

  // 3. The verdict: k6's thresholds, and what k6 cannot see.
  const { measureOffset, measureIterations } = streamShareOf(plan);
  const share = countShare(payments, measureOffset, measureOffset + measureIterations);
  const summary = JSON.parse(await Deno.readTextFile(files.k6Summary)) as K6Summary;
  const records = parsePaymentRecords(await Deno.readTextFile(files.payments));
  const rules = [
    ...judgeThresholds(thresholdRules(plan, share), summary),
    ...judgeRecords(records, (index) => payments[index].firstIndex, share.replays > 0),
  ];
  const timed = timedRecords(records);
  const stages = durationsByStage(timed);
  const measured = records.filter((record) => record.phase === "measure");
  const result: GateResult = {
    // k6's own exit code counts too: it would show a threshold that the rules above forgot.
    pass: thresholdsPassed && rules.every((rule) => rule.ok),
    startedAt,
    plan,
    machine: readMachine(),
    k6Version: k6.version,
    rules,
    latencies: stageLatencies(stages),
    outcomes: countOutcomes(measured),
    errorsByCode: countErrors(measured),
    achievedRatePerSecond: measured.length / (plan.durationMs / 1000),
    droppedIterations: summary.metrics[DROPPED_METRIC]?.values.count ?? 0,
    files,
  };

  // 4. The report.
  await Deno.writeTextFile(files.summaryText, formatTextSummary(result));
  await Deno.writeTextFile(files.summaryJson, `${JSON.stringify(result, null, 2)}\n`);
  await Deno.writeTextFile(files.junit, formatJunit(result));
  await Deno.writeTextFile(files.report, formatHtmlReport(result, stages, latencyBySecond(timed)));
  return result;
}

async function findK6(path?: string): Promise<ResolvedK6> {
  let k6: ResolvedK6 | undefined;
  try {
    k6 = await resolveK6(path ? new Map([["K6", path]]) : Deno.env);
  } catch (error) {
    throw new GateError("k6_missing", error instanceof Error ? error.message : String(error));
  }
  if (!k6) throw new GateError("k6_missing", K6_MISSING);
  return k6;
}

async function readStream(path: string): Promise<IndexedPayment[]> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new GateError(
      "stream_missing",
      `There is no payment stream at ${path}. Make one with the simulator.`,
    );
  }
  try {
    return parsePaymentStream(text);
  } catch (error) {
    throw new GateError(
      "stream_invalid",
      `${path}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

async function checkReady(baseUrl: string): Promise<void> {
  let status: number;
  try {
    const response = await fetch(`${baseUrl}/readyz`, { signal: AbortSignal.timeout(READY_TIMEOUT_MS) });
    status = response.status;
    await response.body?.cancel();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new GateError(
      "server_unreachable",
      `No server answers at ${baseUrl}/readyz (${reason}). Start one: deno task serve, or name another by BASE_URL.`,
    );
  }
  if (status !== 200) {
    throw new GateError("server_not_ready", `${baseUrl}/readyz answers ${status}: the server is not ready.`);
  }
}

async function makeOutDir(outDir: string): Promise<GateFiles> {
  const root = resolve(outDir);
  const files: GateFiles = {
    outDir: root,
    summaryText: join(root, "summary.txt"),
    summaryJson: join(root, "summary.json"),
    junit: join(root, "junit.xml"),
    report: join(root, "report.html"),
    payments: join(root, "k6", "payments.jsonl"),
    k6Summary: join(root, "k6", "summary.json"),
  };
  await Deno.mkdir(join(root, "k6"), { recursive: true });
  // k6 appends to the one and may not get to write the other: an old file must not pass for this run's.
  for (const path of [files.payments, files.k6Summary]) {
    await Deno.remove(path).catch((error: unknown) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
  return files;
}

function countOutcomes(records: readonly PaymentRecord[]): GateResult["outcomes"] {
  const counts = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<string, number>;
  for (const { outcome } of records) counts[outcome]++;
  return counts as GateResult["outcomes"];
}

function countErrors(records: readonly PaymentRecord[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { errorCode } of records) if (errorCode) counts[errorCode] = (counts[errorCode] ?? 0) + 1;
  return counts;
}

if (import.meta.main) {
  await runGateCommand("load", async (signal) => {
    const result = await runGate({ ...gateOptionsFromArgs(Deno.args), signal });
    console.log(formatTextSummary(result));
    return result.pass;
  });
}
