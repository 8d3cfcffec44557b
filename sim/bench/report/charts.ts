import type { EChartsOption } from "echarts";
import { AXIS_STYLE, CHART_COLORS, LEGEND_STYLE, renderChart } from "../../../load/report/render_chart.ts";
import { MODEL_NAME } from "../../train/contender.ts";
import type { LearningCurve } from "../../train/train_ensemble.ts";
import type { Curve } from "../findings/curves.ts";
import { type Findings, SCORE_BAND } from "../findings/findings.ts";
import { wilson95 } from "../../../src/fraud/measures/wilson.ts";

const GRID = { left: 62, right: 24, top: 62, bottom: 46 };

const valueAxis = (name: string, more: object = {}) => ({
  type: "value" as const,
  name,
  nameLocation: "middle" as const,
  nameGap: 30,
  ...AXIS_STYLE,
  ...more,
});

const [MODEL_COLOR, ...OTHER_COLORS] = CHART_COLORS;

const LEGEND_LINE_PX = 26;
/** More than ECharts takes a letter for: it measures with a narrower font than a page may show the chart in. */
const LETTER_PX = 8;
const CHART_WIDTH_PX = 560;

/** A legend whose names do not run into each other, and the room it takes. */
function legendOf(names: readonly string[]): { legend: object; heightPx: number } {
  let [lines, usedPx] = [1, 0];
  for (const name of names) {
    const itemPx = LETTER_PX * padded(name).length + LEGEND_STYLE.itemWidth + 5 + LEGEND_STYLE.itemGap;
    if (usedPx > 0 && usedPx + itemPx > CHART_WIDTH_PX) [lines, usedPx] = [lines + 1, 0];
    usedPx += itemPx;
  }
  return {
    legend: { ...LEGEND_STYLE, formatter: padded, data: [...names] },
    heightPx: LEGEND_LINE_PX * lines,
  };
}

/** A sixth longer by spaces that are kept. */
const padded = (name: string) => name + "\u00a0".repeat(1 + Math.ceil(name.length / 6));

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
    band95 === null ? [] : [
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

/** The model first, so that it has the same colour in every chart. */
function inDrawingOrder(curves: readonly Curve[]): readonly Curve[] {
  return [...curves].sort((a, b) => Number(b.name === MODEL_NAME) - Number(a.name === MODEL_NAME));
}

export function precisionRecallChart({ curves }: Findings): string {
  return lineChart(
    curves.precision,
    curves.recalls,
    valueAxis("recall", { min: 0, max: 1 }),
    valueAxis("precision", { min: 0, max: 1, nameGap: 40 }),
    380,
  );
}

export function costChart({ curves }: Findings): string {
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

export function reliabilityChart({ reliability }: Findings): string {
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
      ...bins.map(({ predicted, frauds, rows }) => ({
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

/** Recall with its 95% by name, frauds in brackets. */
export function recallChart(recalls: Findings["recallByStory"]): string {
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
      ...entries.map(([, { frauds, recall }], place) => ({
        type: "line" as const,
        showSymbol: false,
        lineStyle: { color: "#7d8590", width: 2 },
        data: wilson95(recall * frauds, frauds).map((edge) => [edge, place]),
      })),
    ],
  }, Math.max(180, 70 + 30 * entries.length));
}

export function importanceChart({ importances }: Findings): string {
  const first = importances.slice(0, 18).filter(({ loss }) => loss > 0).reverse();
  return renderChart({
    grid: { left: 220, right: 30, top: 12, bottom: 46 },
    xAxis: valueAxis("loss of average precision"),
    yAxis: { type: "category", data: first.map(({ feature }) => feature), ...AXIS_STYLE },
    series: [{ type: "bar", barMaxWidth: 14, data: first.map(({ loss }) => loss) }],
  }, 90 + 20 * first.length);
}

export function learningChart(curves: readonly LearningCurve[]): string {
  return renderChart({
    grid: { ...GRID, right: 62 },
    legend: legendOf(["average precision on validation", "loss on training rows"]).legend,
    xAxis: valueAxis("epoch", { min: 1, minInterval: 1 }),
    yAxis: [
      valueAxis("average precision", { nameGap: 42, scale: true }),
      valueAxis("cross-entropy, nats", { nameGap: 46, scale: true, splitLine: { show: false } }),
    ],
    series: curves.flatMap(({ validationAveragePrecision, trainingLoss, bestEpoch }) => [
      {
        name: "average precision on validation",
        type: "line" as const,
        symbol: "circle",
        symbolSize: (_: unknown, { dataIndex }: { dataIndex: number }) => dataIndex + 1 === bestEpoch ? 9 : 0,
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

/** Ages grow as time goes by, until they reach their cap; that is no news. */
const GROWS_BY_ITSELF = /_age_days$/;

export function driftChart({ drift }: Findings): string {
  const lines = [
    { name: "score", values: drift.score, width: 3 },
    ...drift.features.filter(({ feature }) => !GROWS_BY_ITSELF.test(feature)).slice(0, 6).map((
      { feature, psi },
    ) => ({ name: feature, values: psi, width: 1.4 })),
  ];
  const { legend, heightPx: legendPx } = legendOf(lines.map(({ name }) => name));
  return renderChart({
    grid: { ...GRID, right: 40, top: 16 + legendPx },
    legend,
    xAxis: { type: "category", data: [...drift.months], ...AXIS_STYLE },
    yAxis: valueAxis("population stability index", { nameGap: 42, min: 0 }),
    series: lines.map(({ name, values, width }, i) => ({
      name,
      type: "line" as const,
      lineStyle: { width },
      symbolSize: 6,
      data: [...values],
      ...(i === 0
        ? {
          markLine: {
            silent: true,
            symbol: "none",
            precision: 2,
            lineStyle: { type: "dashed" as const, color: "#7d8590" },
            label: { formatter: "{c}", color: "currentColor" },
            data: [{ yAxis: 0.1 }, { yAxis: 0.25 }],
          },
        }
        : {}),
    })),
  }, 360);
}
