import { ACQUIRER_PROFILES } from "../../src/providers/acquirer_profiles.ts";
import { AXIS_STYLE, CHART_COLORS, renderChart } from "../../load/report/render_chart.ts";
import type { Month } from "./month.ts";

const SLOTS_PER_DAY = 4;
/** Providers one above the other: in one panel their days and nights would cross at every turn. */
const PANEL_PX = 84;
const GAP_PX = 26;
const HEAD_PX = 40;
const FOOT_PX = 44;

/** Each provider's share of the traffic, every six hours, in a panel of its own; where it was out is shaded. */
export function shareChart(month: Month, choices: readonly string[]): string {
  const shares = sharesBySlot(month, choices);
  const panels = ACQUIRER_PROFILES.map(({ name }, index) => ({
    name,
    color: CHART_COLORS[index],
    top: HEAD_PX + index * (PANEL_PX + GAP_PX),
    isLast: index === ACQUIRER_PROFILES.length - 1,
  }));
  const svg = renderChart({
    title: [
      {
        text: "Share of the traffic by provider, every six hours",
        left: "center",
        top: 4,
        textStyle: TITLE_STYLE,
      },
      ...panels.map(({ name, color, top }) => ({
        text: name,
        left: 44,
        top: top - 20,
        textStyle: { ...TITLE_STYLE, fontSize: 12, color },
      })),
    ],
    grid: panels.map(({ top }) => ({ left: 48, right: 16, top, height: PANEL_PX })),
    xAxis: panels.map(({ isLast }, gridIndex) => ({
      type: "value" as const,
      gridIndex,
      max: month.days,
      ...AXIS_STYLE,
      ...(isLast
        ? { name: "day", nameLocation: "middle" as const, nameGap: 24 }
        : { axisLabel: { show: false } }),
    })),
    yAxis: panels.map((_, gridIndex) => ({
      type: "value" as const,
      gridIndex,
      max: 1,
      interval: 0.5,
      ...AXIS_STYLE,
      axisLabel: { ...AXIS_STYLE.axisLabel, formatter: (share: number) => `${Math.round(100 * share)}%` },
    })),
    series: panels.map(({ name, color }, index) => ({
      type: "line" as const,
      name,
      xAxisIndex: index,
      yAxisIndex: index,
      showSymbol: false,
      lineStyle: { width: 1.5, color },
      areaStyle: { color, opacity: 0.15 },
      data: shares.map((slot, i) => [(i + 0.5) / SLOTS_PER_DAY, slot.get(name) ?? 0]),
      markArea: {
        silent: true,
        label: { color: "currentColor", position: "insideTop" as const },
        itemStyle: { color: "#c9504f", opacity: 0.2 },
        data: month.outages.filter(({ provider }) => provider === name).map(({ fromDay, toDay }) =>
          [{ name: "out", xAxis: fromDay }, { xAxis: toDay }] as [
            { name: string; xAxis: number },
            { xAxis: number },
          ]
        ),
      },
    })),
  }, HEAD_PX + panels.length * (PANEL_PX + GAP_PX) - GAP_PX + FOOT_PX);
  // It stands by itself, in a page of either colour: what it would inherit from a report it has to bring.
  return svg.replace("<svg ", '<svg style="color:#1f2937;background:#ffffff;font-family:sans-serif" ');
}

const TITLE_STYLE = { color: "currentColor", fontSize: 13, fontWeight: "normal" as const };

/** In time: of the payments in each slot, the share that went to each provider. */
function sharesBySlot(month: Month, choices: readonly string[]): Map<string, number>[] {
  const slots = Array.from({ length: month.days * SLOTS_PER_DAY }, () => [] as string[]);
  month.payments.forEach(({ day }, i) =>
    slots[Math.min(slots.length - 1, Math.floor(day * SLOTS_PER_DAY))].push(choices[i])
  );
  return slots.map((chosen) => {
    const share = new Map<string, number>();
    for (const provider of chosen) share.set(provider, (share.get(provider) ?? 0) + 1 / chosen.length);
    return share;
  });
}
