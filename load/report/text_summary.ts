import type { GateResult, RuleResult } from "../lib/gate_result.ts";

/** The result as a person reads it in a terminal or a CI log. */
export function formatTextSummary(result: GateResult): string {
  const { plan, machine } = result;
  const decimals = (valueMs: number) => valueMs.toFixed(1);
  const latencyRows = result.latencies.map((latency) => [
    latency.stage,
    String(latency.count),
    ...[latency.msP50, latency.msP90, latency.msP95, latency.msP99, latency.maxMs].map(decimals),
  ]);
  const outcomeRows = Object.entries(result.outcomes).map(([outcome, count]) => [outcome, String(count)]);
  const errorRows = Object.entries(result.errorsByCode).map(([code, count]) => [`  ${code}`, String(count)]);
  const ruleRows = result.rules.map((rule) => [ruleMark(rule), rule.title, rule.actual, rule.limit]);
  return [
    `Approval latency at ${plan.ratePerSecond} payments/s: ${result.pass ? "PASS" : "FAIL"}`,
    `${plan.durationMs / 1000}s measured after ${plan.warmupMs / 1000}s of warm-up, ${plan.baseUrl}, ` +
    `${machine.cores} cores (${machine.cpu}), k6 ${result.k6Version}`,
    "",
    table(["stage (ms)", "count", "p50", "p90", "p95", "p99", "max"], latencyRows),
    "",
    table(["outcome", "calls"], [...outcomeRows, ...errorRows]),
    "",
    `rate achieved ${result.achievedRatePerSecond.toFixed(1)}/s of ${plan.ratePerSecond}/s, ` +
    `${result.droppedIterations} not sent`,
    "",
    table(["", "rule", "actual", "limit"], ruleRows, "left"),
    "",
    `report  ${result.files.report}`,
    "",
  ].join("\n");
}

function ruleMark(rule: RuleResult): string {
  return rule.ok ? "ok" : "FAIL";
}

/** First column to the left; the others to the right, or all to the left. */
function table(head: string[], rows: string[][], align: "left" | "right" = "right"): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines.map((line) =>
    line.map((cell, column) =>
      column === 0 || align === "left" ? cell.padEnd(widths[column]) : cell.padStart(widths[column])
    ).join("  ").trimEnd()
  ).join("\n");
}
