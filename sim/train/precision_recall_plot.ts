import * as echarts from "echarts";
import type { Contender } from "./contender.ts";
import type { LabelledPayments } from "./labelled_payments.ts";
import { ranking } from "../../src/fraud/measures/metrics.ts";
import { MODEL_NAME } from "./contender.ts";

const POINTS_PER_CURVE = 120;

/** Precision over recall on the test days, one curve a contender, as an SVG document. */
export function precisionRecallSvg(
  payments: LabelledPayments,
  test: Uint32Array,
  contenders: readonly Contender[],
): string {
  const fraud = Uint8Array.from(test, (row) => payments.fraud(row));
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: 760, height: 460 });
  chart.setOption({
    animation: false,
    title: { text: "Precision and recall on later payments", left: "center", textStyle: { fontSize: 15 } },
    legend: { bottom: 0 },
    grid: { left: 60, right: 30, top: 50, bottom: 90 },
    xAxis: { type: "value", name: "recall", nameLocation: "middle", nameGap: 28, min: 0, max: 1 },
    yAxis: { type: "value", name: "precision", min: 0, max: 1 },
    series: contenders.map(({ name, test: scores }) => ({
      name,
      type: "line",
      showSymbol: false,
      lineStyle: { width: name === MODEL_NAME ? 3 : 1.3 },
      data: precisionRecallCurve(scores, fraud),
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

/** Points (recall, precision), some 120 of them. */
export function precisionRecallCurve(scores: Float64Array, fraud: Uint8Array): [number, number][] {
  const order = ranking(scores);
  const frauds = fraud.reduce((sum, value) => sum + value, 0);
  const points: [number, number][] = [];
  let [hits, nextRecall] = [0, 0];
  for (let i = 0; i < order.length; i++) {
    hits += fraud[order[i]];
    const stepEnds = i + 1 === order.length || scores[order[i + 1]] !== scores[order[i]];
    if (!stepEnds || hits / frauds < nextRecall) continue;
    points.push([round(hits / frauds), round(hits / (i + 1))]);
    nextRecall = hits / frauds + 1 / POINTS_PER_CURVE;
  }
  return points;
}

const round = (value: number) => Math.round(value * 1000) / 1000;
