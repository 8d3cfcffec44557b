import type { EChartsOption } from "echarts";
import { AXIS_STYLE, CHART_COLORS, renderChart } from "../../../load/report/render_chart.ts";
import { MODEL_NAME } from "../../train/contender.ts";
import type { Curve } from "../findings/curves.ts";
import { type Findings, SCORE_BAND } from "../findings/findings.ts";
import { wilson95 } from "../../../src/fraud/measures/wilson.ts";
import { GRID, legendOf, valueAxis } from "./chart_parts.ts";

const [MODEL_COLOR, ...OTHER_COLORS] = CHART_COLORS;

/** Lines over a common axis; the model's 95% as a band behind its line. */
function lineChart(
  curves: readonly Curve[],
  places: readonly number[],
  xAxis: object,
  yAxis: object,
  heightPx?: number,
): string {
  const points = (values: readonly number[]) => values.map((value, i) => [places[i], value]);
  const bands = curves.flatMap(({ band95 }) =>
    !isVisible(band95) ? [] : [
      {
        name: "low",
        type: "line" as const,
        stack: "band",
        showSymbol: false,
        silent: true,
        lineStyle: { opacity: 0 },
        data: points(band95.map(([low]) => low)),
      },
      {
        name: "95%",
        type: "line" as const,
        stack: "band",
        showSymbol: false,
        silent: true,
        lineStyle: { opacity: 0 },
        areaStyle: { color: MODEL_COLOR, opacity: 0.22 },
        data: points(band95.map(([low, high]) => high - low)),
      },
    ]
  );
  const { legend, heightPx: legendPx } = legendOf(curves.map(({ name }) => name));
  const option: EChartsOption = {
    grid: { ...GRID, top: 16 + legendPx },
    legend,
    xAxis,
    yAxis,
    series: [
      ...bands,
      ...inDrawingOrder(curves).map(({ name, values }, place) => ({
        name,
        type: "line" as const,
        showSymbol: false,
        color: place === 0 ? MODEL_COLOR : OTHER_COLORS[(place - 1) % OTHER_COLORS.length],
        lineStyle: { width: name === MODEL_NAME ? 3 : 1.4 },
        data: points(values),
      })),
    ],
  };
  return renderChart(option, heightPx);
}

/** A band of no width, or of draws that know no fraud, is none. */
function isVisible(band: Curve["band95"]): band is NonNullable<Curve["band95"]> {
  return band !== null && band.flat().every(Number.isFinite) && band.some(([low, high]) => high > low);
}

/** Whether a chart of these lines has the model's 95% behind it. */
export function hasBand(curves: readonly Curve[]): boolean {
  return curves.some(({ band95 }) => isVisible(band95));
}

/** The model first, so that it has the same colour in every chart. */
function inDrawingOrder(curves: readonly Curve[]): readonly Curve[] {
  return [...curves].sort((a, b) => Number(b.name === MODEL_NAME) - Number(a.name === MODEL_NAME));
}

export function precisionRecallChart(curves: Findings["curves"]): string {
  return lineChart(
    curves.precision,
    curves.recalls,
    valueAxis("recall", { min: 0, max: 1 }),
    valueAxis("precision", { min: 0, max: 1, nameGap: 40 }),
    380,
  );
}

export function costChart(curves: Findings["curves"]): string {
  const nothing: Curve = {
    name: "doing nothing",
    values: curves.alarmShares.map(() => curves.costOfDoingNothing),
    band95: null,
  };
  return lineChart(
    [...curves.cost, nothing],
    curves.alarmShares.map((share) => share * 100),
    { ...valueAxis("genuine payments turned away, %"), type: "log", min: 0.01, max: 10 },
    valueAxis("US dollars per 1,000 payments", { nameGap: 46, min: 0 }),
    380,
  );
}

/** @param hasWhiskers whether each share has its 95%, as payments would have that are independent */
export function reliabilityChart({ reliability }: Findings, hasWhiskers: boolean): string {
  const bins = reliability.filter(({ rows, frauds }) => rows > 0 && frauds > 0);
  const least = 1e-5;
  return renderChart({
    grid: GRID,
    legend: legendOf(["observed share of fraud", "perfectly calibrated"]).legend,
    xAxis: { ...valueAxis("predicted probability"), type: "log", min: least, max: 1 },
    yAxis: { ...valueAxis("observed share", { nameGap: 44 }), type: "log", min: least, max: 1 },
    series: [
      {
        name: "observed share of fraud",
        type: "scatter",
        symbolSize: 9,
        data: bins.map(({ predicted, frauds, rows }) => [predicted, frauds / rows]),
      },
      {
        name: "perfectly calibrated",
        type: "line",
        showSymbol: false,
        lineStyle: { type: "dashed", width: 1 },
        data: [[least, least], [1, 1]],
      },
      ...(hasWhiskers ? bins : []).map(({ predicted, frauds, rows }) => ({
        name: "95%",
        type: "line" as const,
        showSymbol: false,
        lineStyle: { color: "#3b82c4", width: 1.5 },
        data: wilson95(frauds, rows).map((edge) => [predicted, Math.max(least, edge)]),
      })),
    ],
  });
}

const DECLINED_FROM = 75;

export function scoreBandChart({ scoreBands }: Findings): string {
  const names = scoreBands.fraud.map((_, band) => String(band * SCORE_BAND));
  return renderChart({
    grid: GRID,
    legend: legendOf(["genuine", "fraud", "declined from here"]).legend,
    xAxis: [
      { type: "category", data: names, show: false },
      // A band's bars stand in its middle; scores, and the line at one, are the edges of bands.
      { ...valueAxis("risk score", { min: 0, max: 100, interval: 25 }), position: "bottom" },
    ],
    // Bars of a logarithmic axis grow from 1 downwards unless they are told where to stand.
    yAxis: {
      ...valueAxis("share of payments", { nameGap: 50 }),
      type: "log",
      min: 1e-5,
      max: 1,
      startValue: 1e-5,
    },
    series: [
      { name: "genuine", type: "bar", data: scoreBands.genuine.map((share) => share || "-") },
      { name: "fraud", type: "bar", data: scoreBands.fraud.map((share) => share || "-") },
      {
        name: "declined from here",
        type: "line",
        xAxisIndex: 1,
        color: "#c9504f",
        data: [],
        markLine: {
          silent: true,
          symbol: "none",
          label: { formatter: "75", color: "currentColor" },
          lineStyle: { color: "#c9504f" },
          data: [{ xAxis: DECLINED_FROM }],
        },
      },
    ],
  });
}

/**
 * Recall by name, frauds in brackets.
 * @param hasWhiskers whether each has its 95%, as payments would have that are independent
 */
export function recallChart(recalls: Findings["recallByStory"], hasWhiskers: boolean): string {
  const entries = Object.entries(recalls).reverse();
  return renderChart({
    grid: { left: 190, right: 40, top: 16, bottom: 46 },
    xAxis: valueAxis("recall at score 75", { min: 0, max: 1 }),
    yAxis: {
      type: "category",
      data: entries.map(([name, { frauds }]) => `${name.replaceAll("_", " ")} (${frauds})`),
      ...AXIS_STYLE,
    },
    series: [
      { type: "bar", barMaxWidth: 16, data: entries.map(([, { recall }]) => recall) },
      ...(hasWhiskers ? entries : []).map(([, { frauds, recall }], place) => ({
        type: "line" as const,
        showSymbol: false,
        lineStyle: { color: "#7d8590", width: 2 },
        data: wilson95(recall * frauds, frauds).map((edge) => [edge, place]),
      })),
    ],
  }, Math.max(180, 70 + 30 * entries.length));
}

/** Null where no single feature is missed. */
export function importanceChart({ importances }: Findings): string | null {
  const first = importances.slice(0, 18).filter(({ loss }) => loss > 0).reverse();
  if (first.length === 0) return null;
  return renderChart({
    grid: { left: 220, right: 30, top: 12, bottom: 46 },
    xAxis: valueAxis("loss of average precision"),
    yAxis: { type: "category", data: first.map(({ feature }) => feature), ...AXIS_STYLE },
    series: [{ type: "bar", barMaxWidth: 14, data: first.map(({ loss }) => loss) }],
  }, 90 + 20 * first.length);
}
