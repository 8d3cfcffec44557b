import { AXIS_STYLE, LEGEND_STYLE } from "../../../load/report/render_chart.ts";

export const GRID = { left: 62, right: 24, top: 62, bottom: 46 };

export const valueAxis = (name: string, more: object = {}) => ({
  type: "value" as const,
  name,
  nameLocation: "middle" as const,
  nameGap: 30,
  ...AXIS_STYLE,
  ...more,
});

const LEGEND_LINE_PX = 26;
/** More than ECharts takes a letter for: it measures with a narrower font than a page may show the chart in. */
const LETTER_PX = 8;
const CHART_WIDTH_PX = 560;

/** A legend whose names do not run into each other, and the room it takes. */
export function legendOf(names: readonly string[]): { legend: object; heightPx: number } {
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
