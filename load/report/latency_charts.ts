import { END_TO_END, type GateResult } from "../lib/gate_result.ts";
import { percentile } from "../lib/latency_summary.ts";
import type { SecondLatency } from "../lib/latency_by_second.ts";
import { AXIS_STYLE, CHART_COLORS, LEGEND_STYLE, renderChart } from "./render_chart.ts";

const GRID = { left: 56, right: 20, top: 36, bottom: 44 };

/** p50, p95 and p99 of each second, with the p95 limit when it is in sight. */
export function latencyOverTimeChart(seconds: readonly SecondLatency[], result: GateResult): string {
  const limitMs = result.plan.limits.approvalMsP95;
  const highestMs = Math.max(0, ...seconds.map((second) => second.msP99));
  // A limit far above every point would press the curves flat on the axis.
  const limitShown = limitMs < highestMs * 2.5;
  const line = (name: string, value: (second: SecondLatency) => number, color: string) => ({
    name,
    type: "line" as const,
    showSymbol: seconds.length < 3,
    lineStyle: { width: 2 },
    itemStyle: { color },
    data: seconds.map((second) => [second.second, value(second)]),
  });
  const p95 = line("p95", (second) => second.msP95, CHART_COLORS[1]);
  const markLine = {
    silent: true,
    symbol: "none",
    lineStyle: { color: CHART_COLORS[6], type: "dashed" as const },
    label: { formatter: `p95 limit ${limitMs} ms`, color: "currentColor", position: "insideEndTop" as const },
    data: [{ yAxis: limitMs }],
  };
  return renderChart({
    grid: GRID,
    legend: LEGEND_STYLE,
    xAxis: {
      type: "value",
      name: "seconds since measuring began",
      nameLocation: "middle",
      nameGap: 28,
      min: 0,
      max: Math.max(1, seconds.at(-1)?.second ?? 1),
      ...AXIS_STYLE,
      splitLine: { show: false },
    },
    yAxis: {
      type: "value",
      name: "ms",
      min: 0,
      max: limitShown ? (range: { max: number }) => niceMax(Math.max(range.max, limitMs)) : undefined,
      ...AXIS_STYLE,
    },
    series: [
      line("p50", (second) => second.msP50, CHART_COLORS[0]),
      limitShown ? { ...p95, markLine } : p95,
      line("p99", (second) => second.msP99, CHART_COLORS[3]),
    ],
  });
}

function niceMax(value: number): number {
  const step = 10 ** Math.floor(Math.log10(value)) / 2;
  return Math.ceil((value * 1.05) / step) * step;
}

/** Points of a curve; more could not be told apart at this width. */
const CURVE_POINTS = 200;

/** For each stage, the share of payments that took at most so long. */
export function distributionChart(stages: ReadonlyMap<string, readonly number[]>): string {
  const series = [...stages].map(([stage, durationsMs]) => {
    const sorted = Float64Array.from(durationsMs).sort();
    const points = Math.min(CURVE_POINTS, sorted.length);
    const data = Array.from({ length: points }, (_, point) => {
      const share = points === 1 ? 1 : point / (points - 1);
      // A logarithmic axis has no zero; a hundredth of a millisecond is below what is measured.
      return [Math.max(0.01, percentile(sorted, share)), share * 100];
    });
    const width = stage === END_TO_END ? 3 : 1.5;
    return { name: stage, type: "line" as const, showSymbol: false, lineStyle: { width }, data };
  });
  return renderChart({
    grid: { ...GRID, top: 60 },
    legend: LEGEND_STYLE,
    xAxis: {
      type: "log",
      name: "ms (logarithmic)",
      nameLocation: "middle",
      nameGap: 28,
      ...AXIS_STYLE,
    },
    yAxis: { type: "value", name: "% of payments", min: 0, max: 100, ...AXIS_STYLE },
    series,
  });
}

/** Where the time goes: p50 of each stage, and what p95 and p99 add to it. */
export function stageBreakdownChart(result: GateResult): string {
  const latencies = [...result.latencies].reverse();
  const bar = (name: string, data: number[], opacity: number) => ({
    name,
    type: "bar" as const,
    stack: "latency",
    barMaxWidth: 22,
    itemStyle: { color: CHART_COLORS[0], opacity },
    data: data.map((value) => Math.round(value * 100) / 100),
  });
  return renderChart({
    grid: { ...GRID, left: 96 },
    legend: LEGEND_STYLE,
    xAxis: { type: "value", name: "ms", nameLocation: "middle", nameGap: 28, ...AXIS_STYLE },
    yAxis: {
      type: "category",
      data: latencies.map((latency) => latency.stage),
      ...AXIS_STYLE,
      splitLine: { show: false },
    },
    series: [
      bar("p50", latencies.map((latency) => latency.msP50), 1),
      bar("to p95", latencies.map((latency) => latency.msP95 - latency.msP50), 0.55),
      bar("to p99", latencies.map((latency) => latency.msP99 - latency.msP95), 0.25),
    ],
  });
}

/** How the measured calls ended. */
export function outcomesChart(result: GateResult): string {
  const outcomes = Object.entries(result.outcomes).reverse();
  return renderChart({
    grid: { ...GRID, left: 124, right: 64, top: 12 },
    xAxis: { type: "value", name: "calls", nameLocation: "middle", nameGap: 28, ...AXIS_STYLE },
    yAxis: {
      type: "category",
      data: outcomes.map(([outcome]) => OUTCOME_LABELS[outcome] ?? outcome),
      ...AXIS_STYLE,
      splitLine: { show: false },
    },
    series: [{
      type: "bar",
      barMaxWidth: 22,
      label: { show: true, position: "right", color: "currentColor" },
      data: outcomes.map(([outcome, count]) => ({
        value: count,
        itemStyle: { color: OUTCOME_COLORS[outcome] },
      })),
    }],
  });
}

const OUTCOME_LABELS: Readonly<Record<string, string>> = {
  declined_risk: "declined by risk",
  declined_issuer: "declined by issuer",
  challenged: "challenged",
  in_doubt: "in doubt",
};

const OUTCOME_COLORS: Readonly<Record<string, string>> = {
  approved: CHART_COLORS[2],
  declined_risk: CHART_COLORS[1],
  declined_issuer: CHART_COLORS[4],
  challenged: CHART_COLORS[5],
  in_doubt: CHART_COLORS[3],
  replayed: CHART_COLORS[0],
  error: CHART_COLORS[6],
};
