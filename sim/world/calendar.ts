import { DAY_MS, HOUR_MS } from "../../src/fraud/features/windows.ts";
import { COUNTRIES } from "./countries.ts";

/** One day as everybody lives it. */
export interface CalendarDay {
  readonly month: number;
  readonly dayOfMonth: number;
  readonly weekend: boolean;
  /** How busy the day is, 1 on average: weekday and season. */
  readonly busyEverywhere: number;
  /** The same in each country, with its days off. */
  readonly busy: Float64Array;
  /** For each of {@link PAY_DAYS}, what people spend who are paid on it: more in the three days from then on. */
  readonly payDay: Float64Array;
  /** How much thieves work, 1 on average, against what honest people pay that month. */
  readonly fraudSeason: number;
}

export const PAY_DAYS: readonly number[] = [1, 15, 25, 28];

const WEEKDAY_FACTOR = [0.92, 0.9, 0.93, 0.97, 1.04, 1.17, 1.12];
const DAY_OFF_FACTOR = 0.8;
const PAY_DAY_FACTOR = 1.35;

/**
 * Fraud has its own year: thieves work when shops are full and checks are lax, and rest in spring. The most and the
 * least differ by 1.9 times, before chance adds to it.
 */
const FRAUD_BY_MONTH = [1.26, 1.02, 0.78, 0.66, 0.68, 0.8, 1.06, 1.14, 0.8, 0.94, 1.22, 1.28];

export function calendarDay(dayStartMs: number): CalendarDay {
  const date = new Date(dayStartMs);
  const month = date.getUTCMonth();
  const dayOfMonth = date.getUTCDate();
  const season = month === 11 && dayOfMonth <= 24 ? 1.35 : month === 10 ? 1.15 : month === 1 ? 0.95 : 1;
  const weekday = date.getUTCDay();
  const everywhere = season * WEEKDAY_FACTOR[weekday] *
    (month === 11 && dayOfMonth === 25 || month === 0 && dayOfMonth === 1 ? 0.55 : 1) *
    (isBlackFriday(month, dayOfMonth, weekday) ? 1.5 : 1);
  return {
    month,
    dayOfMonth,
    weekend: weekday === 0 || weekday === 6,
    busyEverywhere: everywhere,
    busy: Float64Array.from(
      COUNTRIES,
      ({ dayOff: [offMonth, offDay] }) =>
        everywhere * (offMonth === month + 1 && offDay === dayOfMonth ? DAY_OFF_FACTOR : 1),
    ),
    payDay: Float64Array.from(PAY_DAYS, (payDay) => {
      for (let back = 0; back < 3; back++) {
        if (new Date(dayStartMs - back * DAY_MS).getUTCDate() === payDay) return PAY_DAY_FACTOR;
      }
      return 1;
    }),
    fraudSeason: FRAUD_BY_MONTH[month],
  };
}

function isBlackFriday(month: number, dayOfMonth: number, weekday: number): boolean {
  return month === 10 && weekday === 5 && dayOfMonth >= 23 && dayOfMonth <= 29;
}

/** Milliseconds into the UTC day, from a local hour that may lie outside 0 … 24. */
export function timeOfDayMs(localHour: number, utcOffsetHours: number): number {
  const hour = (((localHour - utcOffsetHours) % 24) + 24) % 24;
  return Math.min(DAY_MS - 1000, Math.floor(hour * HOUR_MS));
}

/** The local hour, moved into a shop's opening hours by `spare`, uniform over [0, 1), when it lies outside. */
export function withinOpeningHours(localHour: number, opens: number, closes: number, spare: number): number {
  const hour = ((localHour - opens) % 24 + 24) % 24 + opens;
  return hour < closes ? hour : opens + spare * (closes - opens);
}
