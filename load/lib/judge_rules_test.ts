import { expect } from "expect";
import { judgeRecords, judgeThresholds, type K6Summary } from "./judge_rules.ts";
import { loadPlanFromEnv } from "./load_plan.ts";
import type { PaymentRecord } from "./payment_record.ts";
import { thresholdRules } from "./thresholds.ts";

const plan = loadPlanFromEnv({ RATE: "10", DURATION: "10s" });
const rules = thresholdRules(plan, { firstTime: 90 });

/** A summary in which k6 passes everything, with the values given. */
function summaryOf(values: Record<string, Record<string, number>>): K6Summary {
  const metrics: Record<string, K6Summary["metrics"][string]> = {};
  for (const rule of rules) {
    const name = rule.metric.split("{")[0];
    const type = name.endsWith("_ms") ? "trend" : name.endsWith("_errors") ? "rate" : "counter";
    const thresholds = { ...metrics[rule.metric]?.thresholds, [rule.expression]: { ok: true } };
    metrics[rule.metric] = { type, values: values[name] ?? {}, thresholds };
  }
  return { metrics };
}

Deno.test("judgeThresholds() fails what k6 passes for want of samples", () => {
  const failed = judgeThresholds(rules, summaryOf({})).filter((rule) => !rule.ok);
  expect(failed.map((rule) => [rule.id, rule.actual])).toEqual([
    ["approval_p95", "no samples"],
    ["approval_p99", "no samples"],
    ["errors", "no samples"],
    ["answered", "no samples"],
    ["timed", "no samples"],
  ]);
});

Deno.test("judgeThresholds() fails a rule that k6 never saw", () => {
  expect(judgeThresholds(rules, { metrics: {} }).every((rule) => !rule.ok)).toBe(true);
});

Deno.test("judgeThresholds() shows each figure with its unit", () => {
  const judged = judgeThresholds(
    rules,
    summaryOf({
      payment_approval_ms: { count: 90, "p(95)": 12.34, "p(99)": 20 },
      payment_errors: { passes: 0, fails: 100, rate: 0 },
      dropped_iterations: { count: 0 },
      payments_answered: { count: 100 },
      payments_timed: { count: 90 },
    }),
  );
  expect(judged.map((rule) => rule.actual)).toEqual(["12.3 ms", "20.0 ms", "0%", "0", "100", "90"]);
  expect(judged.every((rule) => rule.ok)).toBe(true);
});

function recordOf(index: number, outcome: PaymentRecord["outcome"], paymentId?: string): PaymentRecord {
  return { phase: "measure", index, startedMs: 0, durationMs: 1, outcome, paymentId, stagesMs: { total: 1 } };
}

Deno.test("judgeRecords() finds keys whose answers contradict each other", () => {
  const firstIndexOf = (index: number) => index === 2 ? 0 : index;
  const cases: [string, PaymentRecord[], boolean][] = [
    [
      "replay",
      [recordOf(0, "approved", "a"), recordOf(1, "approved", "b"), recordOf(2, "replayed", "a")],
      true,
    ],
    ["overtaken", [recordOf(2, "approved", "a"), recordOf(0, "replayed", "a")], true],
    ["first call lost", [recordOf(0, "error"), recordOf(2, "approved", "a")], true],
    ["first answer lost", [recordOf(0, "error"), recordOf(2, "replayed", "a")], true],
    ["other payment", [recordOf(0, "approved", "a"), recordOf(2, "replayed", "b")], false],
    ["paid twice", [recordOf(0, "approved", "a"), recordOf(2, "approved", "b")], false],
    ["not marked", [recordOf(0, "approved", "a"), recordOf(2, "approved", "a")], false],
    ["shared", [recordOf(0, "approved", "a"), recordOf(1, "declined_risk", "a")], false],
  ];
  for (const [name, records, ok] of cases) {
    expect([name, judgeRecords(records, firstIndexOf, false)[0].ok]).toEqual([name, ok]);
  }
});

Deno.test("judgeRecords() fails when nothing was decided, repeated or timed by the server", () => {
  expect(judgeRecords([], (index) => index, true).map(({ ok, actual }) => [ok, actual])).toEqual([
    [false, "no samples"],
    [false, "no samples"],
  ]);
  const bare = { ...recordOf(0, "approved", "a"), stagesMs: {} };
  expect(judgeRecords([bare], (index) => index, false)[1]).toMatchObject({ ok: false, actual: "0 of 1" });
});
