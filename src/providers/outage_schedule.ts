import { hourUtc } from "../core/clock.ts";

/** Announced times in which an acquirer takes no charges (outage) or only some of them (brown-out). */
export interface OutageWindow {
  /** 0 is Sunday; UTC, as the hours. */
  readonly weekday: number;
  readonly fromHour: number;
  readonly toHour: number;
  readonly kind: keyof typeof REFUSED_SHARE;
}

const REFUSED_SHARE = { outage: 1, brownout: 0.4 } as const;

/** The share of charges that are refused at this moment by the schedule. */
export function plannedRefusalShare(windows: readonly OutageWindow[], atMs: number): number {
  if (windows.length === 0) return 0;
  const weekday = new Date(atMs).getUTCDay();
  const hour = hourUtc(atMs);
  const window = windows.find((one) => one.weekday === weekday && hour >= one.fromHour && hour < one.toHour);
  return window === undefined ? 0 : REFUSED_SHARE[window.kind];
}
