import { AVERAGE_MONTH, categoryNumber, POPULARITY_BY_MONTH } from "./categories.ts";
import { PAY_DAYS } from "./calendar.ts";
import { type Cities, drawCity } from "./cities.ts";
import { COUNTRY_SHARES } from "./countries.ts";
import { Draw, PURPOSE, runningSums } from "./draw.ts";
import { drawPickUpPoint } from "./pick_up_points.ts";
import type { Shops } from "./shops.ts";
import type { WorldConfig } from "./types.ts";

/** Everybody: what their record shows and, beyond it, how they live. A column a property. */
export interface Customers {
  readonly count: number;
  readonly city: Uint32Array;
  readonly country: Uint8Array;
  readonly latitude: Float64Array;
  readonly longitude: Float64Array;
  /** People of a household share an address, a tablet and what money there is. */
  readonly household: Uint32Array;
  /** Days from the world's start, fractions included; before it for most. */
  readonly sinceDay: Float64Array;
  readonly leavesDay: Float64Array;
  /** Income a year in US dollars; how often and how dearly they buy follows from it, loosely. */
  readonly incomeUsd: Float32Array;
  readonly paymentsPerDay: Float32Array;
  /** Spends this many times the usual price. */
  readonly level: Float32Array;
  readonly peakHour: Float32Array;
  readonly hourSpread: Float32Array;
  readonly weekendFactor: Float32Array;
  /** Place in {@link PAY_DAYS}. */
  readonly payDay: Uint8Array;
  /** {@link FAVOURITES} merchants each, the dearest first. */
  readonly favourites: Uint32Array;
  /** Share of payments to merchants picked afresh. */
  readonly curiosity: Float32Array;
  /** Share of payments in shops that are made with the phone instead of the card. */
  readonly tapShare: Float32Array;
  /** Browsers that tell nothing of the device, and browsers that forget they were here. */
  readonly hiddenShare: Float32Array;
  readonly forgetfulShare: Float32Array;
  /** Where parcels go when nobody is at home, and the share of them that does. */
  readonly pickUpPoint: Uint32Array;
  readonly pickUpShare: Float32Array;
  /** {@link SECOND_DEVICE}, and how often they pay from it. */
  readonly secondDevice: Uint8Array;
  readonly secondDeviceShare: Float32Array;
  /** Share of online payments sent through a server in another country. */
  readonly vpnShare: Float32Array;
  /** Bits of {@link TRAIT}. */
  readonly traits: Uint8Array;
  /** Two subscriptions at most: merchant + 1 (0 for none), day of the month, price. */
  readonly subscription: Uint32Array;
  readonly subscriptionDay: Uint8Array;
  readonly subscriptionUsd: Float32Array;
}

export const FAVOURITES = 12;
export const SUBSCRIPTIONS = 2;

export const SECOND_DEVICE = {
  none: 0,
  laptop: 1,
  householdTablet: 2,
  partnersPhone: 3,
  library: 4,
} as const;

export const TRAIT = {
  /** Buys in rows of small payments now and then. */
  gamer: 1,
  /** Denies purchases that were made; see the story friendly_fraud. */
  denier: 2,
  /** Sends much of it back; see the story refund_abuse. */
  returner: 4,
} as const;

/** Share of customers who sign up during the world's history and not before. */
const GROWTH_SHARE = 0.2;
const OLDEST_ACCOUNT_DAYS = 1000;
const MEAN_STAY_DAYS = 700;
const MEDIAN_INCOME_USD = 38_000;

export function makeCustomers(config: WorldConfig, cities: Cities, shops: Shops): Customers {
  const n = config.customers;
  const people: Customers = {
    count: n,
    city: new Uint32Array(n),
    country: new Uint8Array(n),
    latitude: new Float64Array(n),
    longitude: new Float64Array(n),
    household: new Uint32Array(n),
    sinceDay: new Float64Array(n),
    leavesDay: new Float64Array(n),
    incomeUsd: new Float32Array(n),
    paymentsPerDay: new Float32Array(n),
    level: new Float32Array(n),
    peakHour: new Float32Array(n),
    hourSpread: new Float32Array(n),
    weekendFactor: new Float32Array(n),
    payDay: new Uint8Array(n),
    favourites: new Uint32Array(n * FAVOURITES),
    curiosity: new Float32Array(n),
    tapShare: new Float32Array(n),
    hiddenShare: new Float32Array(n),
    forgetfulShare: new Float32Array(n),
    pickUpPoint: new Uint32Array(n),
    pickUpShare: new Float32Array(n),
    secondDevice: new Uint8Array(n),
    secondDeviceShare: new Float32Array(n),
    vpnShare: new Float32Array(n),
    traits: new Uint8Array(n),
    subscription: new Uint32Array(n * SUBSCRIPTIONS),
    subscriptionDay: new Uint8Array(n * SUBSCRIPTIONS),
    subscriptionUsd: new Float32Array(n * SUBSCRIPTIONS),
  };
  const draw = new Draw(config.seed);
  for (let i = 0; i < n; i++) {
    // A household is up to four neighbours in the order of their numbers; the first of them chooses where to live.
    const head = i - i % 4;
    draw.at(PURPOSE.customer, head, 1);
    const country = head === 0 ? 0 : draw.cumulative(CUSTOMERS_BY_COUNTRY);
    const city = drawCity(cities, country, draw);
    const latitude = cities.latitude[city] + 0.1 * draw.normal();
    const longitude = cities.longitude[city] + 0.1 * draw.normal();
    const livesTogether = i % 4 < draw.integer(1, 4);
    people.country[i] = country;
    people.city[i] = city;
    people.latitude[i] = livesTogether ? latitude : latitude + 0.05;
    people.longitude[i] = longitude;
    people.household[i] = livesTogether ? head : i;
    settle(people, i, config, shops, draw.at(PURPOSE.customer, i));
  }
  return people;
}

const CUSTOMERS_BY_COUNTRY = runningSums(COUNTRY_SHARES);
const AVERAGE = POPULARITY_BY_MONTH[AVERAGE_MONTH];
const DIGITAL = categoryNumber("digital");

function settle(people: Customers, i: number, config: WorldConfig, shops: Shops, draw: Draw): void {
  // The customer of examples and first calls lives an ordinary life in every world.
  const known = i === 0;
  const city = people.city[i];
  const since = draw.chance(GROWTH_SHARE)
    ? config.days * draw.uniform()
    : -OLDEST_ACCOUNT_DAYS * draw.uniform();
  const stay = draw.exponential(MEAN_STAY_DAYS);
  people.sinceDay[i] = known ? -400 : since;
  people.leavesDay[i] = known ? Infinity : Math.max(0, since) + stay;
  const wealth = draw.normal();
  people.incomeUsd[i] = MEDIAN_INCOME_USD * Math.exp(0.55 * wealth);
  people.level[i] = known ? 1 : Math.exp(0.27 * wealth + 0.36 * draw.normal());
  const perDay = Math.exp(-0.05 + 0.2 * wealth + 0.62 * draw.normal());
  people.paymentsPerDay[i] = known ? 1.4 : Math.min(6, Math.max(0.08, perDay));
  const nightly = draw.chance(0.08);
  people.peakHour[i] = nightly ? draw.between(22, 28) : 16.5 + 3 * draw.normal();
  people.hourSpread[i] = draw.between(2, 5);
  people.weekendFactor[i] = draw.between(0.7, 1.6);
  people.payDay[i] = draw.integer(0, PAY_DAYS.length - 1);
  for (let f = 0; f < FAVOURITES; f++) {
    people.favourites[i * FAVOURITES + f] = shops.draw(city, AVERAGE, draw);
  }
  people.curiosity[i] = draw.between(0.08, 0.4);
  people.tapShare[i] = known ? 0.8 : draw.chance(0.6) ? draw.between(0.4, 1) : 0;
  people.hiddenShare[i] = draw.chance(0.05) ? 0.7 : 0.01;
  people.forgetfulShare[i] = draw.chance(0.15) ? draw.between(0.05, 0.5) : 0.012;
  const kind = draw.uniform();
  people.secondDevice[i] = kind < 0.38
    ? SECOND_DEVICE.laptop
    : kind < 0.44
    ? SECOND_DEVICE.partnersPhone
    : kind < 0.52
    ? SECOND_DEVICE.householdTablet
    : kind < 0.54
    ? SECOND_DEVICE.library
    : SECOND_DEVICE.none;
  people.secondDeviceShare[i] = draw.between(0.1, 0.5);
  people.vpnShare[i] = draw.chance(0.07) ? 0.25 : 0;
  people.traits[i] = (draw.chance(0.06) ? TRAIT.gamer : 0) | (draw.chance(0.03) ? TRAIT.denier : 0) |
    (draw.chance(0.04) ? TRAIT.returner : 0);
  people.pickUpPoint[i] = drawPickUpPoint(people.count, draw);
  people.pickUpShare[i] = draw.chance(0.1) ? draw.between(0.1, 0.6) : 0;
  if (known) {
    people.pickUpShare[i] = 0;
    people.hiddenShare[i] = 0;
    people.forgetfulShare[i] = 0;
    people.secondDevice[i] = SECOND_DEVICE.none;
    people.vpnShare[i] = 0;
    people.traits[i] = 0;
  }
  for (let s = i * SUBSCRIPTIONS; s < (i + 1) * SUBSCRIPTIONS; s++) {
    const subscribes = draw.chance(0.3);
    people.subscription[s] = subscribes ? shops.drawOnline(DIGITAL, draw) + 1 : 0;
    people.subscriptionDay[s] = draw.integer(1, 28);
    people.subscriptionUsd[s] = draw.pick([4.99, 7.99, 9.99, 12.99, 14.99, 19.99]);
  }
}
