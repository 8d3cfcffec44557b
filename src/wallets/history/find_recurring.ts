import { median } from "../forecast/quantiles.ts";
import { DAY_MS } from "../risk/past.ts";
import { type Direction, directionOf, type WalletEntry } from "./entry.ts";

export type Period = "weekly" | "every_two_weeks" | "every_four_weeks" | "monthly" | "quarterly";

export interface Recurring {
  readonly counterparty: string;
  readonly direction: Direction;
  readonly period: Period;
  /** The median of the amounts, and the smallest and largest. */
  readonly amountMinor: bigint;
  readonly amountMinMinor: bigint;
  readonly amountMaxMinor: bigint;
  readonly occurrences: number;
  /** Periods between the first and the last in which it did not come. */
  readonly missed: number;
  readonly lastAtMs: number;
  readonly nextAtMs: number;
}

interface PeriodFacts {
  readonly days: number;
  /** How far an entry may be from its day: weekends and holidays move payments. */
  readonly toleranceDays: number;
  /** Fewer, and chance explains them: more are needed where days are close together. */
  readonly occurrencesMin: number;
}

const PERIODS = {
  weekly: { days: 7, toleranceDays: 1.2, occurrencesMin: 5 },
  every_two_weeks: { days: 14, toleranceDays: 2, occurrencesMin: 4 },
  every_four_weeks: { days: 28, toleranceDays: 1.2, occurrencesMin: 4 },
  monthly: { days: 30.44, toleranceDays: 3.6, occurrencesMin: 3 },
  quarterly: { days: 91.31, toleranceDays: 5, occurrencesMin: 3 },
} as const satisfies Record<Period, PeriodFacts>;

/** Amounts this close to their median belong to one subscription or bill. */
const AMOUNT_BAND = 0.15;
/** Of the gaps between entries, this share must be one period; the rest at most {@link MISSED_MAX} periods. */
const REGULAR_SHARE_MIN = 0.7;
const MISSED_MAX = 2;
/** One that is overdue by more than this many periods has ended. */
const OVERDUE_PERIODS_MAX = 1.5;

/**
 * Payments that come again: entries with one counterparty in one direction, of like amounts, at even distances.
 *
 * Per counterparty the amounts are cut into groups of like size; in each group the distances between entries are held
 * against the periods people pay by, a missed one allowed, and the period whose distances fit closest wins. What fits
 * none is not reported: a shop somebody likes is no subscription.
 */
export function findRecurring(entries: readonly WalletEntry[], asOfMs: number): Recurring[] {
  const groups = Map.groupBy(entries, (entry) => `${directionOf(entry)}/${entry.counterparty}`);
  const found: Recurring[] = [];
  for (const group of groups.values()) {
    for (const alike of likeAmounts(group)) {
      const recurring = recurrenceOf(alike, asOfMs);
      if (recurring !== null) found.push(recurring);
    }
  }
  return found.sort((a, b) => a.nextAtMs - b.nextAtMs || (a.counterparty < b.counterparty ? -1 : 1));
}

/** Cuts a counterparty's entries where the next larger amount is out of reach of the group's median. */
function likeAmounts(entries: readonly WalletEntry[]): WalletEntry[][] {
  const size = (entry: WalletEntry) => Math.abs(Number(entry.amountMinor));
  const sorted = entries.toSorted((a, b) => size(a) - size(b));
  const groups: WalletEntry[][] = [];
  let group: WalletEntry[] = [];
  for (const entry of sorted) {
    const middle = group.length === 0 ? size(entry) : size(group[Math.floor(group.length / 2)]);
    if (size(entry) > middle * (1 + AMOUNT_BAND)) {
      groups.push(group);
      group = [];
    }
    group.push(entry);
  }
  return [...groups, group];
}

function recurrenceOf(entries: readonly WalletEntry[], asOfMs: number): Recurring | null {
  const times = entries.map(({ atMs }) => atMs).sort((a, b) => a - b);
  let best: { period: Period; missed: number; error: number } | null = null;
  for (const period of Object.keys(PERIODS) as Period[]) {
    const fit = fitOf(times, PERIODS[period]);
    if (fit !== null && (best === null || fit.error < best.error)) best = { period, ...fit };
  }
  if (best === null) return null;
  const lastAtMs = times.at(-1)!;
  const nextAtMs = nextOf(times, best.period);
  if (asOfMs - nextAtMs > OVERDUE_PERIODS_MAX * PERIODS[best.period].days * DAY_MS) return null;
  const amounts = entries.map(({ amountMinor }) => amountMinor < 0n ? -amountMinor : amountMinor)
    .sort((a, b) => a < b ? -1 : 1);
  return {
    counterparty: entries[0].counterparty,
    direction: directionOf(entries[0]),
    period: best.period,
    amountMinor: amounts[Math.floor(amounts.length / 2)],
    amountMinMinor: amounts[0],
    amountMaxMinor: amounts.at(-1)!,
    occurrences: entries.length,
    missed: best.missed,
    lastAtMs,
    nextAtMs,
  };
}

/** How far the gaps are from a period, relative to it; null where it does not fit. */
function fitOf(times: readonly number[], facts: PeriodFacts): { missed: number; error: number } | null {
  if (times.length < facts.occurrencesMin) return null;
  let regular = 0;
  let missed = 0;
  const errors: number[] = [];
  for (let i = 1; i < times.length; i++) {
    const days = (times[i] - times[i - 1]) / DAY_MS;
    const periods = Math.max(1, Math.round(days / facts.days));
    const error = Math.abs(days - periods * facts.days);
    if (periods - 1 > MISSED_MAX || error > facts.toleranceDays) return null;
    if (periods === 1) regular++;
    missed += periods - 1;
    errors.push(error / facts.days);
  }
  if (regular < REGULAR_SHARE_MIN * (times.length - 1)) return null;
  return { missed, error: errors.reduce((sum, error) => sum + error, 0) / errors.length };
}

/** A period after the last; months count by the calendar, on the day of the month it mostly comes. */
function nextOf(times: readonly number[], period: Period): number {
  const last = new Date(times.at(-1)!);
  if (period !== "monthly" && period !== "quarterly") return times.at(-1)! + PERIODS[period].days * DAY_MS;
  // Days near a month's end and beginning are one place: 31 and 1 are neighbours, so distances are taken from the last.
  const anchor = last.getUTCDate();
  const days = times.map((atMs) => {
    const day = new Date(atMs).getUTCDate();
    return day - anchor > 15 ? day - 30 : anchor - day > 15 ? day + 30 : day;
  });
  const usual = Math.round(median(days));
  const months = period === "monthly" ? 1 : 3;
  const first = Date.UTC(last.getUTCFullYear(), last.getUTCMonth() + months, 1);
  const length = new Date(Date.UTC(last.getUTCFullYear(), last.getUTCMonth() + months + 1, 0)).getUTCDate();
  return first + (Math.min(usual, length) - 1) * DAY_MS + (times.at(-1)! % DAY_MS);
}
