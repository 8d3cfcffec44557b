import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { type CalendarDay, calendarDay, timeOfDayMs, withinOpeningHours } from "./calendar.ts";
import { COUNTRIES, CURRENCY_OF_COUNTRY } from "./countries.ts";
import { Draw, PURPOSE } from "./draw.ts";
import { priceTagMinor } from "./prices.ts";
import type { Society } from "./society.ts";
import {
  type WalletHabit,
  walletHabitOf,
  type WalletPeriod,
  type WalletSubscription,
} from "./wallet_habits.ts";
import { INDEX_STEP_PER_DAY, type World } from "./world.ts";

/** Something that a customer wants to pay from the own wallet, in its currency. Whether there is money for it, is another question. */
export interface WalletPurchase {
  /** Day × 10^7 + place in the day, as for payments; the stream's own numbers. */
  readonly index: number;
  readonly occurredAtMs: number;
  /** Number of the customer, and of the merchant. */
  readonly customer: number;
  readonly merchant: number;
  readonly amountMinor: number;
  /** Null for what is bought once. */
  readonly period: WalletPeriod | null;
}

/** Prices in the shops that are paid from wallets vary less than elsewhere: it is the same lunch. */
const SPREAD_SHARE = 0.7;

/**
 * What is to be paid from wallets on the days from `fromDay` to before `toDay`, in order. A stream of its own beside the
 * card payments: nobody's card payments are others because of it. Any part equals the same part of the whole.
 */
export function* walletPurchases(
  world: World,
  fromDay = 0,
  toDay = world.config.days,
): Iterable<WalletPurchase> {
  const { society } = world;
  const payers: { customer: number; habit: WalletHabit }[] = [];
  for (let customer = 0; customer < society.people.count; customer++) {
    const habit = walletHabitOf(society, customer);
    if (habit !== null) payers.push({ customer, habit });
  }
  const draw = new Draw(society.seed);
  for (let day = fromDay; day < toDay; day++) {
    const calendar = calendarDay(society.startMs + day * DAY_MS);
    const drawn: Omit<WalletPurchase, "index">[] = [];
    for (const { customer, habit } of payers) {
      if (!society.isActive(customer, day)) continue;
      draw.at(PURPOSE.walletDay, customer, day);
      drawn.push(...shopping(society, customer, habit, day, calendar, draw));
      for (const subscription of habit.subscriptions) {
        if (isDue(subscription, day, calendar)) {
          drawn.push(charged(society, customer, subscription, day, draw));
        }
      }
    }
    drawn.sort((a, b) => a.occurredAtMs - b.occurredAtMs || a.customer - b.customer);
    for (const [place, purchase] of drawn.entries()) {
      yield { index: day * INDEX_STEP_PER_DAY + place, ...purchase };
    }
  }
}

function* shopping(
  { people, merchants, startMs }: Society,
  customer: number,
  { purchasesPerDay, places }: WalletHabit,
  day: number,
  calendar: CalendarDay,
  draw: Draw,
): Iterable<Omit<WalletPurchase, "index">> {
  const country = people.country[customer];
  const mean = purchasesPerDay * calendar.busy[country] * calendar.payDay[people.payDay[customer]] *
    (calendar.weekend ? people.weekendFactor[customer] : 1);
  for (let left = draw.poisson(mean); left > 0; left--) {
    const u = draw.uniform();
    // The first is where one mostly goes.
    const merchant = places[Math.floor(u * u * places.length)];
    const hour = withinOpeningHours(
      people.peakHour[customer] + people.hourSpread[customer] * draw.normal(),
      merchants.opens[merchant],
      merchants.closes[merchant],
      draw.uniform(),
    );
    const priceUsd = merchants.medianUsd[merchant] * people.level[customer] *
      Math.exp(SPREAD_SHARE * merchants.spread[merchant] * draw.normal());
    yield {
      occurredAtMs: startMs + day * DAY_MS + timeOfDayMs(hour, COUNTRIES[country].utcOffsetHours),
      customer,
      merchant,
      amountMinor: priceTagMinor(priceUsd, CURRENCY_OF_COUNTRY[country], draw.uniform()),
      period: null,
    };
  }
}

/** Whether a subscription is charged on a day of the world. */
export function isDue(
  { period, onDay, fromDay }: WalletSubscription,
  day: number,
  { dayOfMonth }: CalendarDay,
): boolean {
  if (day < fromDay) return false;
  switch (period) {
    case "weekly":
      return day % 7 === onDay;
    case "every_two_weeks":
      return day % 14 === onDay;
    case "monthly":
      return dayOfMonth === onDay;
  }
}

/** Subscriptions are charged at night. */
function charged(
  { people, startMs }: Society,
  customer: number,
  { merchant, period, amountMinor }: WalletSubscription,
  day: number,
  draw: Draw,
): Omit<WalletPurchase, "index"> {
  const { utcOffsetHours } = COUNTRIES[people.country[customer]];
  return {
    occurredAtMs: startMs + day * DAY_MS + timeOfDayMs(4 * draw.uniform(), utcOffsetHours),
    customer,
    merchant,
    amountMinor,
    period,
  };
}
