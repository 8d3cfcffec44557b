import { DAY_MS } from "../../src/fraud/features/windows.ts";

/** How busy a day is for everybody, 1 on average: weekdays, and the weeks before the end of the year. */
export function dayFactor(dayStartMs: number): number {
  const date = new Date(dayStartMs);
  const month = date.getUTCMonth();
  const season = month === 11 && date.getUTCDate() <= 24 ? 1.35 : month === 10 ? 1.15 : 1;
  return season * WEEKDAY_FACTOR[date.getUTCDay()];
}

const WEEKDAY_FACTOR = [0.92, 0.9, 0.93, 0.97, 1.04, 1.17, 1.12];

export function isWeekend(dayStartMs: number): boolean {
  const weekday = new Date(dayStartMs).getUTCDay();
  return weekday === 0 || weekday === 6;
}

/** People pay more, and more often, in the three days from their pay-day on. */
export function payDayFactor(dayStartMs: number, payDay: number): number {
  for (let back = 0; back < 3; back++) {
    if (new Date(dayStartMs - back * DAY_MS).getUTCDate() === payDay) return 1.35;
  }
  return 1;
}

/** A moment of the day in milliseconds, from a local hour that may lie outside 0 … 24. */
export function timeOfDayMs(localHour: number, utcOffsetHours: number): number {
  const hour = (((localHour - utcOffsetHours) % 24) + 24) % 24;
  return Math.min(DAY_MS - 1000, Math.floor((hour / 24) * DAY_MS));
}
