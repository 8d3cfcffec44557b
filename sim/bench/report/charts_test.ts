import { expect } from "expect";
import type { Findings } from "../findings/findings.ts";
import { hasBand, importanceChart, precisionRecallChart, recallChart, scoreBandChart } from "./charts.ts";
import { driftChart } from "./drift_chart.ts";
import { learningChart, stepsBelowOne } from "./learning_chart.ts";

/** What a chart writes, from top to bottom of the SVG's own order. */
const textsOf = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text]) => text);

Deno.test("scoreBandChart() draws the line at 75 between the bars of 70 to 75 and those of 75 to 80", () => {
  const shares = Array.from({ length: 20 }, (_, band) => 0.01 + band / 100);
  const svg = scoreBandChart({ scoreBands: { fraud: shares, genuine: shares } } as unknown as Findings);
  /** Where a mark begins from the left, and how wide it is. */
  const mark = (series: number, band: number) => {
    const shape = String.raw`<path d="M([\d.]+) [\d.]+(?:l([\d.]+) |L)[^>]*`;
    const found = new RegExp(`${shape}ecmeta_series_index="${series}" ecmeta_data_index="${band}"`).exec(svg);
    return { left: Number(found![1]), width: Number(found![2] ?? 0) };
  };
  const [genuine, fraud, line] = [0, 1, 2];
  const before = mark(fraud, 14);
  expect(before.width).toBeGreaterThan(0);
  expect(mark(line, 0).left).toBeGreaterThan(before.left + before.width);
  expect(mark(line, 0).left).toBeLessThan(mark(genuine, 15).left);
});

Deno.test("recallChart() has whiskers only where it is told that the run gives intervals", () => {
  const recalls = { "card testing": { frauds: 8, recall: 0.5 } };
  const strokes = (svg: string) => svg.split('stroke="#7d8590"').length - 1;
  expect(strokes(recallChart(recalls, true))).toBe(1);
  expect(strokes(recallChart(recalls, false))).toBe(0);
});

Deno.test("hasBand() knows a band that a reader sees from one without width, of no draws, or none, as the chart does", () => {
  for (
    const [band95, isSeen] of [
      [[[0.2, 0.4], [0.1, 0.1]], true],
      [[[1, 1], [1, 1]], false],
      [[[NaN, NaN], [0, 1]], false],
      [null, false],
    ] as [[number, number][] | null, boolean][]
  ) {
    const precision = [{ name: "the model", values: [1, 1], band95 }];
    expect(hasBand(precision)).toBe(isSeen);
    const svg = precisionRecallChart({ recalls: [0.5, 1], precision } as unknown as Findings["curves"]);
    expect(svg.includes(`fill-opacity="0.22"`)).toBe(isSeen);
  }
});

Deno.test("importanceChart() is none where no feature is missed", () => {
  const of = (losses: readonly number[]) =>
    importanceChart(
      { importances: losses.map((loss, i) => ({ feature: `f${i}`, loss })) } as unknown as Findings,
    );
  expect(of([0, -0.01])).toBeNull();
  expect(textsOf(of([0.1, 0])!)).toContain("f0");
});

Deno.test("stepsBelowOne() ends an axis at 1 in whole steps where it would end above, and leaves others alone", () => {
  for (
    const [values, min, interval] of [
      [[1, 1, 1], 0.95, 0.01],
      [[0.84, 0.99, 1], 0.8, 0.05],
      [[0.3, 0.9], 0.2, 0.2],
      [[0, 1], 0, 0.2],
    ] as const
  ) {
    const axis = stepsBelowOne(values);
    expect(axis).toEqual({ min: expect.closeTo(min, 9), max: 1, interval });
  }
  expect(stepsBelowOne([0.1, 0.3])).toEqual({});
  const perfect = {
    seed: 1,
    trainingLoss: [0.1, 0.1],
    validationAveragePrecision: [1, 1],
    bestPass: 1,
    mostPasses: 2,
  };
  const texts = textsOf(learningChart([perfect]));
  expect(texts).toContain("0.95");
  expect(texts).toContain("pass through the training rows");
  expect(texts).not.toContain("1.02");
});

Deno.test("driftChart() names both marks once each, together where the axis is long, and draws one month as bars", () => {
  const drift = (months: string[], score: number[]) =>
    driftChart({ drift: { months, score, features: [] } } as unknown as Findings);
  const marks = (svg: string) => textsOf(svg).filter((text) => /^0\.(1|25)(, 0\.25)?$/.test(text));
  expect(marks(drift(["2026-03", "2026-04"], [4, 8]))).toEqual(["0.1, 0.25"]);
  // The axis may have a step of the same name.
  expect([...new Set(marks(drift(["2026-03", "2026-04"], [0.31, 0.71])))].sort()).toEqual(["0.1", "0.25"]);
  const bars = drift(["2026-03"], [8]);
  expect(marks(bars)).toEqual(["0.1, 0.25"]);
  expect(textsOf(bars)).toContain("score");
  expect(textsOf(bars)).not.toContain("2026-03");
});
