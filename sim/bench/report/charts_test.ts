import { expect } from "expect";
import type { Findings } from "../findings/findings.ts";
import { scoreBandChart } from "./charts.ts";

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
