import { AXIS_STYLE, CHART_COLORS, renderChart } from "../../../load/report/render_chart.ts";
import type { Findings } from "../findings/findings.ts";
import { GRID, legendOf, valueAxis } from "./chart_parts.ts";

/** Ages grow as time goes by, until they reach their cap; that is no news. */
const GROWS_BY_ITSELF = /_age_days$/;

/** Above the first something moves, above the second much does. */
const MARKS = [0.1, 0.25] as const;
/** On an axis this long the names of both would stand on each other. */
const LONG_AXIS = 1;

const AXIS_NAME = "population stability index";

/** The score and the features that move most: by month as lines, of a single month as bars. */
export function driftChart({ drift }: Findings): string {
  const lines = [
    { name: "score", values: drift.score, width: 3 },
    ...drift.features.filter(({ feature }) => !GROWS_BY_ITSELF.test(feature)).slice(0, 6).map((
      { feature, psi },
    ) => ({ name: feature, values: psi, width: 1.4 })),
  ];
  return drift.months.length === 1 ? barsOfOneMonth(lines) : linesByMonth(lines, drift.months);
}

interface Line {
  readonly name: string;
  readonly values: readonly number[];
  readonly width: number;
}

function linesByMonth(lines: readonly Line[], months: readonly string[]): string {
  const { legend, heightPx: legendPx } = legendOf(lines.map(({ name }) => name));
  return renderChart({
    grid: { ...GRID, right: 72, top: 16 + legendPx },
    legend,
    xAxis: { type: "category", data: [...months], ...AXIS_STYLE },
    yAxis: valueAxis(AXIS_NAME, { nameGap: 42, min: 0 }),
    series: lines.map(({ name, values, width }, i) => ({
      name,
      type: "line" as const,
      lineStyle: { width },
      symbolSize: 6,
      data: [...values],
      ...(i === 0 ? { markLine: markLine("yAxis", greatest(lines)) } : {}),
    })),
  }, 360);
}

function barsOfOneMonth(lines: readonly Line[]): string {
  const upwards = [...lines].reverse();
  return renderChart({
    grid: { left: 220, right: 40, top: 30, bottom: 46 },
    xAxis: valueAxis(AXIS_NAME, { min: 0 }),
    yAxis: { type: "category", data: upwards.map(({ name }) => name), ...AXIS_STYLE },
    series: [{
      type: "bar",
      barMaxWidth: 14,
      color: CHART_COLORS[0],
      data: upwards.map(({ values: [value] }) => value),
      markLine: markLine("xAxis", greatest(lines)),
    }],
  }, 100 + 24 * lines.length);
}

function greatest(lines: readonly Line[]): number {
  return Math.max(...lines.flatMap(({ values }) => values));
}

/** The marks across an axis, each with its name; on a long axis both names at one of them. */
function markLine(axis: "xAxis" | "yAxis", most: number) {
  const isLong = most > LONG_AXIS;
  return {
    silent: true,
    symbol: "none",
    lineStyle: { type: "dashed" as const, color: "#7d8590" },
    data: MARKS.map((mark, i) => ({
      [axis]: mark,
      label: {
        show: !isLong || i === MARKS.length - 1,
        formatter: isLong ? MARKS.join(", ") : String(mark),
        color: "currentColor",
      },
    })),
  };
}
