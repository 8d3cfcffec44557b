import { renderChart } from "../../../load/report/render_chart.ts";
import type { LearningCurve } from "../../train/train_ensemble.ts";
import { GRID, legendOf, valueAxis } from "./chart_parts.ts";

export function learningChart(curves: readonly LearningCurve[]): string {
  return renderChart({
    grid: { ...GRID, right: 62 },
    legend: legendOf(["average precision on validation", "loss on training rows"]).legend,
    xAxis: valueAxis("pass through the training rows", { min: 1, minInterval: 1 }),
    yAxis: [
      valueAxis("average precision", {
        nameGap: 42,
        scale: true,
        ...stepsBelowOne(curves.flatMap(({ validationAveragePrecision }) => validationAveragePrecision)),
      }),
      valueAxis("cross-entropy, nats", { nameGap: 46, scale: true, splitLine: { show: false } }),
    ],
    series: curves.flatMap(({ validationAveragePrecision, trainingLoss, bestPass }) => [
      {
        name: "average precision on validation",
        type: "line" as const,
        symbol: "circle",
        symbolSize: (_: unknown, { dataIndex }: { dataIndex: number }) => dataIndex + 1 === bestPass ? 9 : 0,
        color: "#3b82c4",
        lineStyle: { width: 1.4 },
        data: validationAveragePrecision.map((value, i) => [i + 1, value]),
      },
      {
        name: "loss on training rows",
        type: "line" as const,
        yAxisIndex: 1,
        showSymbol: false,
        color: "#e08a2e",
        lineStyle: { width: 1.4, type: "dashed" as const },
        data: trainingLoss.map((value, i) => [i + 1, value]),
      },
    ]),
  });
}

/**
 * An axis of its own choice may end above 1, which no average precision reaches, and one that is only cut off there has
 * two names on each other: so near 1 the steps are counted down from it. Empty elsewhere, where the choice is left to it.
 */
export function stepsBelowOne(values: readonly number[]): { min?: number; max?: number; interval?: number } {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  if (most + Math.max(most - least, LEAST_ROOM) < 1) return {};
  const room = Math.max(1 - least, LEAST_ROOM);
  const interval = STEPS.find((step) => step * MOST_STEPS >= room)!;
  return { min: 1 - interval * Math.ceil(room / interval - 1e-9), max: 1, interval };
}

const LEAST_ROOM = 0.05;
const STEPS = [0.01, 0.02, 0.05, 0.1, 0.2];
const MOST_STEPS = 6;
