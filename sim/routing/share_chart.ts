import { ACQUIRER_PROFILES } from "../../src/providers/acquirer_profiles.ts";
import { AXIS_STYLE, LEGEND_STYLE, renderChart } from "../../load/report/render_chart.ts";
import type { Month } from "./month.ts";

const SLOTS_PER_DAY = 4;

/** Each provider's share of the traffic, every six hours; outages are shaded. */
export function shareChart(month: Month, choices: readonly string[]): string {
  const slots = Array.from({ length: month.days * SLOTS_PER_DAY }, () => new Map<string, number>());
  month.payments.forEach(({ day }, i) => {
    const slot = slots[Math.min(slots.length - 1, Math.floor(day * SLOTS_PER_DAY))];
    slot.set(choices[i], (slot.get(choices[i]) ?? 0) + 1);
  });
  const total = slots.map((slot) => [...slot.values()].reduce((sum, count) => sum + count, 0));
  return renderChart({
    grid: { left: 48, right: 16, top: 40, bottom: 40 },
    legend: LEGEND_STYLE,
    xAxis: {
      type: "value",
      name: "day",
      nameLocation: "middle",
      nameGap: 24,
      max: month.days,
      ...AXIS_STYLE,
    },
    yAxis: { type: "value", name: "share of traffic", max: 1, ...AXIS_STYLE },
    series: ACQUIRER_PROFILES.map(({ name }, index) => ({
      type: "line" as const,
      name,
      showSymbol: false,
      data: slots.map((
        slot,
        i,
      ) => [(i + 0.5) / SLOTS_PER_DAY, total[i] === 0 ? 0 : (slot.get(name) ?? 0) / total[i]]),
      markArea: {
        silent: true,
        label: { color: "currentColor", formatter: "{b}" },
        itemStyle: { opacity: 0.15 },
        data: index > 0 ? [] : month.outages.map(({ provider, fromDay, toDay }) =>
          [
            { name: `${provider} out`, xAxis: fromDay },
            { xAxis: toDay },
          ] as [{ name: string; xAxis: number }, { xAxis: number }]
        ),
      },
    })),
  }, 360);
}
