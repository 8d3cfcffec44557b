import type { Random } from "../../src/core/random.ts";
import { DAY_MS, HOUR_MS } from "../../src/fraud/features/windows.ts";
import { COUNTRY_BY_CODE } from "../world/countries.ts";
import { timeOfDayMs } from "../world/calendar.ts";
import { freshDevice } from "../world/habits.ts";
import { currencyOfSale, drawPriceUsd, priceTagMinor } from "../world/prices.ts";
import type { Society } from "../world/society.ts";
import type { DraftPayment } from "../world/types.ts";
import type { Story } from "./story.ts";
import { apparentCountry, drawVictim, gangDevice } from "./thief.ts";

/**
 * Stolen card spree.
 *
 * Who: a thief with the details of one working card, alone or in a gang that shares machines.
 * Why: goods that sell on: gift cards, electronics, jewellery.
 * How it shows: one to seven purchases within two days, dearer than the cardholder's usual, at merchants and in
 * categories new to them, from a device new to them, sometimes from another country or at an odd hour. Patient
 * thieves pay ordinary prices at ordinary shops from a connection near the victim; some sit on the victim's own
 * computer, and then only the amounts and the pace are left to see.
 * Looks alike: the cardholder with a new phone before a birthday, or on a journey.
 * Should be caught by: customer_usd_surge, amount_vs_customer and resale_category together with device_age_days,
 * card_new_devices_24h, new_merchant_for_customer, card_new_merchants_24h; country_not_cards when the thief does
 * not hide it (sim/train/story_features_test.ts holds this to be so).
 */
export const stolenCardSpree: Story = {
  name: "stolen_card_spree",
  longestDays: 3,
  campaigns: (society, day, random) => {
    const drafts: DraftPayment[] = [];
    const sprees = random.poisson(society.customers.length * SPREES_PER_CUSTOMER_DAY);
    for (let i = 0; i < sprees; i++) {
      const chance = random.fork(i);
      const startMs = society.startMs + day * DAY_MS + chance.integer(0, DAY_MS - HOUR_MS);
      const victim = drawVictim(society, startMs, chance);
      if (victim === null) continue;
      const card = chance.pick(society.habits[victim].cards);
      drafts.push(...planSpree(society, victim, card, startMs, chance));
    }
    return drafts;
  },
};

export const SPREE_LONGEST_DAYS = 3;

const SPREES_PER_CUSTOMER_DAY = 2.2 / 5000;
const RESALE = ["gift_cards", "electronics", "electronics", "jewellery"];

/** The purchases of one thief with one card, from `startMs` on. */
export function planSpree(
  society: Society,
  victim: number,
  card: number,
  startMs: number,
  chance: Random,
): DraftPayment[] {
  const { country: home, currency: customerCurrency } = society.customers[victim];
  const habits = society.habits[victim];
  const day = Math.floor((startMs - society.startMs) / DAY_MS);
  const patient = chance.chance(0.5);
  const deviceId = spreeDevice(society, victim, day, chance);
  const country = apparentCountry(society, victim, patient ? 0.95 : 0.6, chance);
  const resaleShare = patient ? 0.3 : 0.65;
  const greed = patient ? chance.between(0.8, 1.4) : chance.between(0.9, 2.4);
  const untilMs = startMs + (SPREE_LONGEST_DAYS - 1) * DAY_MS;
  const drafts: DraftPayment[] = [];
  // Patient thieves keep to the hours in which the victim pays.
  let atMs = patient ? atUsualHour(society, victim, startMs, chance) : startMs;
  for (let left = 1 + Math.min(6, chance.poisson(patient ? 1.5 : 2.8)); left > 0 && atMs < untilMs; left--) {
    const merchant = chance.chance(resaleShare)
      ? society.shops.drawNamed(chance.pick(RESALE), home, chance)
      : chance.chance(0.3)
      ? chance.pick(habits.favourites)
      : society.shops.draw(home, chance);
    const currency = currencyOfSale(society.merchants[merchant], customerCurrency, chance);
    const priceUsd = drawPriceUsd(society.merchants[merchant], greed * Math.sqrt(habits.generosity), chance);
    drafts.push({
      occurredAtMs: atMs,
      customer: victim,
      card,
      merchant,
      deviceId,
      country,
      currency,
      amountMinor: priceTagMinor(priceUsd, currency, chance),
      story: stolenCardSpree.name,
    });
    atMs += 60_000 + Math.floor(chance.exponential((patient ? 14 : 1.5) * HOUR_MS));
  }
  return drafts;
}

function spreeDevice(society: Society, victim: number, day: number, chance: Random): string | null {
  const kind = chance.uniform();
  if (kind < 0.15) return society.lives.on(victim, day).phoneId;
  if (kind < 0.25) return null;
  return kind < 0.45 ? gangDevice(society, day, chance) : freshDevice(society.devices, chance);
}

function atUsualHour(society: Society, victim: number, startMs: number, chance: Random): number {
  const habits = society.habits[victim];
  const { utcOffsetHours } = COUNTRY_BY_CODE.get(society.customers[victim].country)!;
  const dayStartMs = startMs - (startMs - society.startMs) % DAY_MS;
  return dayStartMs + timeOfDayMs(habits.peakHour + habits.hourSpread * chance.normal(), utcOffsetHours);
}
