import { categoryNumber } from "./categories.ts";
import { CURRENCY_OF_COUNTRY } from "./countries.ts";
import { Draw, PURPOSE } from "./draw.ts";
import { priceTagMinor } from "./prices.ts";
import type { Society } from "./society.ts";

/** How often a subscription is paid: by the day of the month, or every so many days. */
export type WalletPeriod = "weekly" | "every_two_weeks" | "monthly";

/** Something that is paid from the wallet again and again, the same amount each time. */
export interface WalletSubscription {
  /** Number of the merchant: one of its own, where nothing else is paid from this wallet. */
  readonly merchant: number;
  readonly period: WalletPeriod;
  /** Of the month where the period is a month, otherwise of the period, from 0. */
  readonly onDay: number;
  /** The world's day from which on it is paid. */
  readonly fromDay: number;
  readonly amountMinor: number;
}

/** How somebody lives who pays from the wallet. */
export interface WalletHabit {
  readonly purchasesPerDay: number;
  /** Numbers of the few merchants that are paid from the wallet, nearby and cheap. */
  readonly places: readonly number[];
  readonly subscriptions: readonly WalletSubscription[];
  /** What a week costs on average, US dollars: people keep as much in the wallet as they spend. */
  readonly weekUsd: number;
}

/** Share of the customers who pay from their wallets; the others only send and receive. */
export const WALLET_PAYERS_SHARE = 0.35;
const PLACES = 5;
const POCKET_CATEGORIES = (["grocery", "restaurants", "transport", "health"] as const).map(categoryNumber);
/** None of the pocket categories: a subscription's merchant is paid nothing else. */
const SUBSCRIPTION_CATEGORIES = (["digital", "gaming", "donations"] as const).map(categoryNumber);
const SUBSCRIPTION_USD = [2.99, 4.99, 7.99, 9.99, 12.99, 14.99];
const PERIOD_DAYS = { weekly: 7, every_two_weeks: 14, monthly: 30.44 } as const;
/** The customer of examples has one of each kind that people mostly have. */
const KNOWN_PERIODS: readonly WalletPeriod[] = ["monthly", "weekly", "monthly"];
const PERIODS: readonly WalletPeriod[] = ["monthly", "monthly", "monthly", "weekly", "every_two_weeks"];
/** Of subscriptions, those that begin while the world goes on, and within how many days. */
const BEGINS_LATER_SHARE = 0.2;
const BEGINS_WITHIN_DAYS = 60;
const MERCHANT_TRIES = 20;

/** How a customer uses the wallet to pay; null for who does not. */
export function walletHabitOf(society: Society, customer: number): WalletHabit | null {
  const { people, merchants, shops, seed } = society;
  const draw = new Draw(seed).at(PURPOSE.walletHabit, customer);
  const known = customer === 0;
  const isPayer = draw.chance(WALLET_PAYERS_SHARE);
  if (!isPayer && !known) return null;
  const rate = draw.between(0.1, 0.35);
  const purchasesPerDay = known ? 0.4 : rate;
  const places = Array.from(
    { length: PLACES },
    () => shops.drawOf(draw.pick(POCKET_CATEGORIES), people.city[customer], draw),
  );
  const subscriptions = drawSubscriptions(society, customer, draw);
  const meanUsd = places.reduce((sum, place) => sum + merchants.medianUsd[place], 0) / places.length;
  const subscribedUsd = subscriptions.reduce(
    (sum, { period, priceUsd }) => sum + priceUsd * 7 / PERIOD_DAYS[period],
    0,
  );
  return {
    purchasesPerDay,
    places,
    subscriptions,
    weekUsd: 7 * purchasesPerDay * meanUsd * people.level[customer] + subscribedUsd,
  };
}

function drawSubscriptions({ people, shops }: Society, customer: number, draw: Draw) {
  const known = customer === 0;
  const currency = CURRENCY_OF_COUNTRY[people.country[customer]];
  const taken = new Set<number>();
  const drawn: (WalletSubscription & { priceUsd: number })[] = [];
  /** A small world has few such merchants. */
  const anotherMerchant = (): number | null => {
    for (let tries = 0; tries < MERCHANT_TRIES; tries++) {
      const merchant = shops.drawOnline(draw.pick(SUBSCRIPTION_CATEGORIES), draw);
      if (!taken.has(merchant)) return merchant;
    }
    return null;
  };
  const count = known ? KNOWN_PERIODS.length : draw.integer(0, 3);
  for (let i = 0; i < count; i++) {
    const merchant = anotherMerchant();
    const period = known ? KNOWN_PERIODS[i] : draw.pick(PERIODS);
    const onDay = period === "monthly" ? draw.integer(1, 28) : draw.integer(0, PERIOD_DAYS[period] - 1);
    const beginsLater = draw.chance(BEGINS_LATER_SHARE) && !known;
    const fromDay = draw.integer(1, BEGINS_WITHIN_DAYS);
    const priceUsd = draw.pick(SUBSCRIPTION_USD);
    if (merchant === null) continue;
    taken.add(merchant);
    drawn.push({
      merchant,
      period,
      onDay,
      fromDay: beginsLater ? fromDay : 0,
      amountMinor: priceTagMinor(priceUsd, currency, 0),
      priceUsd,
    });
  }
  return drawn;
}
