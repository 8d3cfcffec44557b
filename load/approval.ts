/**
 * How long until an agent's payment is approved, end to end, at a given open arrival rate?
 *
 * The rate is made by k6's constant-arrival-rate executor: a payment is sent every 1/RATE seconds whether or not
 * the earlier ones were answered, as independent agents would. A server that falls behind is therefore seen as
 * slow, instead of slowing the sender down with it.
 *
 *     STREAM=$PWD/.data/stream.json RATE=200 DURATION=30s k6 run load/approval.ts
 *
 * Usually started by `deno task load`, which adds the report and the rules that k6 cannot express.
 */
import { SharedArray } from "k6/data";
import exec from "k6/execution";
import http from "k6/http";
import { Counter, Rate, Trend } from "k6/metrics";
import type { Options } from "k6/options";
import { classifyAnswer, OUTCOMES, TIMED_OUTCOMES } from "./lib/classify_answer.ts";
import {
  loadPlanFromEnv,
  MEASURE_GRACE_MS,
  REQUEST_TIMEOUT_MS,
  streamShareOf,
  streamTooShort,
  WARMUP_GRACE_MS,
} from "./lib/load_plan.ts";
import type { PaymentRecord } from "./lib/payment_record.ts";
import { countShare, type IndexedPayment, parsePaymentStream } from "./lib/payment_stream.ts";
import { DROPPED_METRIC, k6Thresholds, outcomeMetric, thresholdRules } from "./lib/thresholds.ts";

const plan = loadPlanFromEnv(__ENV);
const { measureOffset, measureIterations } = streamShareOf(plan);
if (!__ENV.STREAM) throw new Error("STREAM is not set: give the path of the payment stream (JSON).");

// One copy for all virtual users. k6 resolves open() against this file, so the runner passes an absolute path.
const payments = new SharedArray<IndexedPayment>("payments", () => parsePaymentStream(open(__ENV.STREAM)));
// Counted once for all users too: reading an item of a SharedArray parses it.
const [share] = new SharedArray(
  "share",
  () => [countShare([...payments], measureOffset, measureOffset + measureIterations)],
);

const approvalMs = new Trend("payment_approval_ms", true);
const stageMs = new Trend("payment_stage_ms", true);
const outcomes = new Counter("payment_outcomes");
const errors = new Rate("payment_errors");
const answered = new Counter("payments_answered");
const timed = new Counter("payments_timed");
const replaysHonoured = new Rate("payment_replays_honoured");

const arrivals = {
  executor: "constant-arrival-rate" as const,
  rate: plan.ratePerSecond,
  timeUnit: "1s",
  // Enough senders for half a second of standstill at once, and for two before a payment is dropped.
  preAllocatedVUs: Math.max(10, Math.ceil(plan.ratePerSecond / 2)),
  maxVUs: Math.max(20, plan.ratePerSecond * 2),
};

export const options: Options = {
  scenarios: {
    ...(plan.warmupMs > 0 && {
      warmup: {
        ...arrivals,
        duration: `${plan.warmupMs}ms`,
        gracefulStop: `${WARMUP_GRACE_MS}ms`,
        tags: { phase: "warmup" },
      },
    }),
    measure: {
      ...arrivals,
      duration: `${plan.durationMs}ms`,
      startTime: plan.warmupMs > 0 ? `${plan.warmupMs + WARMUP_GRACE_MS}ms` : "0s",
      gracefulStop: `${MEASURE_GRACE_MS}ms`,
      tags: { phase: "measure" },
    },
  },
  thresholds: k6Thresholds(thresholdRules(plan, share)),
  summaryTrendStats: ["avg", "min", "med", "p(90)", "p(95)", "p(99)", "max", "count"],
  // Fewer tags per sample: the url and the like are the same for every call. DROPPED_METRIC needs `scenario`.
  systemTags: ["scenario", "status", "error_code"],
};

/** The run id is settled here, once: every virtual user runs the code above for itself and would make its own. */
export function setup(): { runId: string } {
  const problem = streamTooShort(plan, payments.length);
  if (problem) throw new Error(problem);
  // A threshold on a metric without samples passes. A count that starts at 0 has one.
  answered.add(0, { phase: "measure" });
  timed.add(0, { phase: "measure" });
  return { runId: plan.runId };
}

export default function approval(run: { runId: string }): void {
  const phase = exec.scenario.name === "warmup" ? "warmup" : "measure";
  const index = exec.scenario.iterationInTest + (phase === "measure" ? measureOffset : 0);
  if (index >= payments.length) throw new Error(`Stream exhausted at item ${index}.`);
  const payment = payments[index];

  const startedMs = Date.now();
  const response = http.post(`${plan.baseUrl}/mcp`, requestBody(index, payment, run.runId), {
    headers: HEADERS,
    timeout: REQUEST_TIMEOUT_MS,
    responseType: "text",
  });
  const answer = classifyAnswer({
    status: response.status,
    contentType: String(response.headers["Content-Type"] ?? ""),
    body: response.body,
    transportErrorCode: response.error_code,
  });

  // Sending, waiting and receiving; connecting is left out because an agent keeps its connection.
  const durationMs = response.timings.duration;
  answered.add(1);
  outcomes.add(1, { outcome: answer.outcome });
  errors.add(answer.outcome === "error", answer.errorCode ? { code: answer.errorCode } : undefined);
  if (TIMED_OUTCOMES.includes(answer.outcome)) {
    timed.add(1);
    approvalMs.add(durationMs, { outcome: answer.outcome });
    for (const [stage, valueMs] of Object.entries(answer.stagesMs)) stageMs.add(valueMs, { stage });
  }
  // For whoever runs k6 alone; the gate judges keys exactly, from the records.
  if (payment.replay && payment.firstIndex >= measureOffset && answer.outcome !== "error") {
    replaysHonoured.add(answer.outcome === "replayed");
  }
  if (__ENV.RECORDS) {
    const record: PaymentRecord = { phase, index, startedMs, durationMs, ...answer };
    console.log(JSON.stringify(record));
  }
}

const HEADERS = {
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
  ...(__ENV.TOKEN && { authorization: `Bearer ${__ENV.TOKEN}` }),
};

/** A bare `tools/call`, as a 2025-11-25 client sends it to a stateless server: no handshake comes first. */
function requestBody(index: number, payment: IndexedPayment, runId: string): string {
  return JSON.stringify({
    jsonrpc: "2.0",
    id: index + 1,
    method: "tools/call",
    params: {
      name: "create_payment",
      arguments: {
        ...payment.arguments,
        idempotency_key: `${payment.arguments.idempotency_key}-${runId}`,
      },
      _meta: { "mcp-payments-lab/simulated-at": payment.simulated_at },
    },
  });
}

interface SummaryData {
  readonly metrics: Readonly<Record<string, { readonly values: Readonly<Record<string, number>> }>>;
}

/** Everything k6 knows as JSON into SUMMARY_DIR, and the few figures that answer the question to stdout. */
export function handleSummary(data: SummaryData): Record<string, string> {
  const valueOf = (metric: string, value: string) => data.metrics[metric]?.values[value] ?? 0;
  const approval = ["med", "p(90)", "p(95)", "p(99)", "max"]
    .map((stat) => `${stat} ${valueOf("payment_approval_ms{phase:measure}", stat).toFixed(1)} ms`);
  const counts = OUTCOMES.map((outcome) => `${outcome} ${valueOf(outcomeMetric(outcome), "count")}`);
  const lines = [
    `approval at ${plan.ratePerSecond}/s: ${approval.join(", ")}`,
    `outcomes: ${counts.join(", ")}`,
    `not sent: ${valueOf(DROPPED_METRIC, "count")}`,
  ];
  return {
    stdout: `\n${lines.join("\n")}\n`,
    ...(__ENV.SUMMARY_DIR && { [`${__ENV.SUMMARY_DIR}/summary.json`]: JSON.stringify(data) }),
  };
}
