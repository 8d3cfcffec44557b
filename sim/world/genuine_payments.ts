import type { Random } from "../../src/core/random.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { dayFactor, isWeekend, payDayFactor, timeOfDayMs } from "./calendar.ts";
import { COUNTRIES, COUNTRY_BY_CODE } from "./countries.ts";
import { freshDevice, type Habits } from "./habits.ts";
import { currencyOfSale, drawPriceUsd, priceTagMinor } from "./prices.ts";
import type { Society } from "./society.ts";
import type { DraftPayment } from "./types.ts";

/** Share of payments followed by another within minutes: a forgotten item, a second ticket. */
const AGAIN_CHANCE = 0.12;
const GAMING_NIGHT_CHANCE = 0.1;
/** A sale or a popular event at one merchant: many customers at once, as when cards are tested there. */
const SALE_CHANCE_PER_MERCHANT = 0.004;

/**
 * What honest people pay on one day, in no order. Much of it looks like fraud and is meant to: travellers, new
 * phones, shared computers, servers abroad, rows of small payments, sudden crowds at one merchant.
 */
export function genuinePayments(society: Society, day: number, random: Random): DraftPayment[] {
  const drafts: DraftPayment[] = [];
  const dayStartMs = society.startMs + day * DAY_MS;
  const busy = dayFactor(dayStartMs);
  const weekend = isWeekend(dayStartMs);
  for (let customer = 0; customer < society.customers.length; customer++) {
    if (!society.isActive(customer, dayStartMs + DAY_MS - 1)) continue;
    const habits = society.habits[customer];
    const chance = random.fork(customer);
    const mean = habits.paymentsPerDay * busy * payDayFactor(dayStartMs, habits.payDay) *
      (weekend ? habits.weekendFactor : 1);
    const count = chance.poisson(mean);
    for (let i = 0; i < count; i++) addPayment(drafts, society, customer, day, chance);
    if (habits.gamer && chance.chance(GAMING_NIGHT_CHANCE)) {
      addGamingNight(drafts, society, customer, day, chance);
    }
  }
  addSales(drafts, society, day, random.fork("sales"));
  return drafts;
}

function addPayment(
  drafts: DraftPayment[],
  society: Society,
  customer: number,
  day: number,
  chance: Random,
): void {
  const habits = society.habits[customer];
  const home = society.customers[customer].country;
  const merchant = chance.chance(habits.curiosity)
    ? society.shops.draw(home, chance)
    : habits.favourites[Math.floor(chance.uniform() ** 2 * habits.favourites.length)];
  let atMs = society.startMs + day * DAY_MS + paymentTimeMs(society, customer, day, habits, chance);
  const device = paymentDevice(society, customer, day, chance);
  drafts.push(honest(society, customer, merchant, atMs, day, device, habits.generosity, chance));
  while (chance.chance(AGAIN_CHANCE)) {
    atMs += 20_000 + Math.floor(chance.exponential(4 * 60_000));
    const again = chance.chance(0.6) ? merchant : society.shops.draw(home, chance);
    drafts.push(honest(society, customer, again, atMs, day, device, habits.generosity * 0.7, chance));
  }
}

function addGamingNight(
  drafts: DraftPayment[],
  society: Society,
  customer: number,
  day: number,
  chance: Random,
): void {
  const merchant = society.shops.drawNamed("gaming", society.customers[customer].country, chance);
  const device = paymentDevice(society, customer, day, chance);
  let atMs = society.startMs + day * DAY_MS +
    paymentTimeMs(society, customer, day, society.habits[customer], chance);
  for (let i = chance.integer(3, 9); i > 0; i--) {
    drafts.push(honest(society, customer, merchant, atMs, day, device, 0.6, chance));
    atMs += 30_000 + Math.floor(chance.exponential(6 * 60_000));
  }
}

function addSales(drafts: DraftPayment[], society: Society, day: number, chance: Random): void {
  const crowd = Math.max(4, Math.round(society.customers.length / 150));
  for (let merchant = 0; merchant < society.merchants.length; merchant++) {
    if (!chance.chance(SALE_CHANCE_PER_MERCHANT)) continue;
    const startMs = society.startMs + day * DAY_MS + chance.integer(0, 20 * 3_600_000);
    for (let i = chance.integer(2, crowd); i > 0; i--) {
      const customer = chance.integer(0, society.customers.length - 1);
      const atMs = startMs + Math.floor(chance.exponential(3_600_000));
      if (!society.isActive(customer, atMs) || !society.isServed(customer, merchant)) continue;
      const device = paymentDevice(society, customer, day, chance);
      drafts.push(honest(society, customer, merchant, atMs, day, device, 0.6, chance));
    }
  }
}

function honest(
  society: Society,
  customer: number,
  merchantIndex: number,
  atMs: number,
  day: number,
  deviceId: string | null,
  generosity: number,
  chance: Random,
): DraftPayment {
  const { cards, vpnShare } = society.habits[customer];
  const { country, currency: customerCurrency } = society.customers[customer];
  const merchant = society.merchants[merchantIndex];
  const currency = currencyOfSale(merchant, customerCurrency, chance);
  const here = society.lives.on(customer, day).travelCountry ?? country;
  return {
    occurredAtMs: atMs,
    customer,
    card: cards[Math.floor(chance.uniform() ** 2 * cards.length)],
    merchant: merchantIndex,
    deviceId,
    country: chance.chance(vpnShare) ? chance.pick(COUNTRIES).code : here,
    currency,
    amountMinor: priceTagMinor(drawPriceUsd(merchant, generosity, chance), currency, chance),
    story: null,
  };
}

function paymentDevice(society: Society, customer: number, day: number, chance: Random): string | null {
  const { hiddenDeviceShare, forgottenDeviceShare, secondDevice, secondDeviceShare } =
    society.habits[customer];
  if (chance.chance(hiddenDeviceShare)) return null;
  if (chance.chance(forgottenDeviceShare)) return freshDevice(society.devices, chance);
  if (secondDevice !== null && chance.chance(secondDeviceShare)) return secondDevice;
  return society.lives.on(customer, day).phoneId;
}

function paymentTimeMs(
  society: Society,
  customer: number,
  day: number,
  habits: Habits,
  chance: Random,
): number {
  const here = society.lives.on(customer, day).travelCountry ?? society.customers[customer].country;
  const localHour = chance.chance(0.2)
    ? chance.between(7, 24)
    : habits.peakHour + habits.hourSpread * chance.normal();
  return timeOfDayMs(localHour, COUNTRY_BY_CODE.get(here)!.utcOffsetHours);
}
