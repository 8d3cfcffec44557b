import { type EChartsOption, init } from "echarts";

/** Mid-tones that read on white and on near-black; neighbours differ in lightness too. */
export const CHART_COLORS = [
  "#3b82c4",
  "#e08a2e",
  "#4fa37a",
  "#b65fa3",
  "#8f7a5a",
  "#5e6fd0",
  "#c9504f",
  "#7d8590",
];

/** An ECharts chart as inline SVG, drawn here so that the report needs no script. */
export function renderChart(option: EChartsOption, heightPx = 320): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width: CHART_WIDTH_PX, height: heightPx });
  try {
    chart.setOption({
      animation: false,
      color: CHART_COLORS,
      // The page decides between dark and light; the SVG takes the text colour of where it stands.
      textStyle: { fontFamily: "inherit", fontSize: 12, color: "currentColor" },
      ...option,
    });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

const CHART_WIDTH_PX = 560;

/** Axis parts in the page's text colour; ECharts gives each its own grey otherwise. */
export const AXIS_STYLE = {
  axisLabel: { color: "currentColor" },
  nameTextStyle: { color: "currentColor" },
  axisLine: { lineStyle: { color: "currentColor", opacity: 0.5 } },
  axisTick: { lineStyle: { color: "currentColor", opacity: 0.5 } },
  splitLine: { lineStyle: { color: "currentColor", opacity: 0.15 } },
} as const;

export const LEGEND_STYLE = {
  top: 0,
  left: "center",
  icon: "roundRect",
  itemWidth: 14,
  itemHeight: 8,
  itemGap: 18,
  textStyle: { color: "currentColor" },
} as const;
