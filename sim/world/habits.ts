import type { Random } from "../../src/core/random.ts";
import { CATEGORIES } from "./categories.ts";
import type { SimCustomer, SimMerchant } from "./types.ts";

/** How one customer lives: everything about them that the payments show and the customer record does not. */
export interface Habits {
  readonly paymentsPerDay: number;
  /** Spends this many times the usual price. */
  readonly generosity: number;
  /** Local hour around which they pay, and its deviation. */
  readonly peakHour: number;
  readonly hourSpread: number;
  readonly weekendFactor: number;
  readonly payDay: number;
  readonly favourites: readonly number[];
  /** Share of payments to merchants picked afresh. */
  readonly curiosity: number;
  readonly cards: readonly number[];
  /** A laptop, a partner's phone or a computer in a library, and how often they pay from it. */
  readonly secondDevice: string | null;
  readonly secondDeviceShare: number;
  /** Browsers that tell nothing about the device. */
  readonly hiddenDeviceShare: number;
  /** Browsers that forget: private windows and cleared cookies look like a device never seen. */
  readonly forgottenDeviceShare: number;
  /** Share of payments sent through a server in another country. */
  readonly vpnShare: number;
  /** Buys in rows of small payments now and then. */
  readonly gamer: boolean;
  readonly leavesAfterDays: number;
}

const FAVOURITES = 14;
const MEAN_STAY_DAYS = 700;

export function makeHabits(
  customer: number,
  customers: readonly SimCustomer[],
  cards: readonly number[],
  shops: Shops,
  random: Random,
  devices: Random,
): Habits {
  const chance = random.fork(customer);
  const known = customer === 0;
  const { country } = customers[customer];
  const nightly = chance.chance(0.08);
  const kind = chance.uniform();
  const partner = Math.max(0, customer - 1);
  const second = kind < 0.4
    ? deviceIdOf(`laptop/${customer}`, devices)
    : kind < 0.46 && customers[partner].country === country
    ? deviceIdOf(`phone/${partner}/0`, devices)
    : kind < 0.49
    ? deviceIdOf(`library/${country}/${chance.integer(0, Math.floor(customers.length / 1500))}`, devices)
    : null;
  return {
    paymentsPerDay: known ? 1.4 : Math.min(6, Math.max(0.08, chance.logNormal(-0.05, 0.65))),
    generosity: known ? 1 : chance.logNormal(0, 0.45),
    peakHour: nightly ? chance.between(22, 28) : 16.5 + 3 * chance.normal(),
    hourSpread: chance.between(2, 5),
    weekendFactor: chance.between(0.7, 1.6),
    payDay: chance.pick([1, 15, 25, 28]),
    favourites: Array.from({ length: FAVOURITES }, () => shops.draw(country, chance)),
    curiosity: chance.between(0.08, 0.4),
    cards,
    secondDevice: known ? null : second,
    secondDeviceShare: chance.between(0.1, 0.5),
    hiddenDeviceShare: !known && chance.chance(0.05) ? 0.7 : 0.01,
    forgottenDeviceShare: known ? 0 : chance.chance(0.15) ? chance.between(0.1, 0.7) : 0.015,
    vpnShare: !known && chance.chance(0.04) ? 0.25 : 0,
    gamer: !known && chance.chance(0.06),
    leavesAfterDays: known ? Infinity : chance.exponential(MEAN_STAY_DAYS),
  };
}

/** A device's id: the same for honest people and thieves, it tells nothing but equality. */
export function deviceIdOf(label: string, random: Random): string {
  const chance = random.fork(`device/${label}`);
  return `dev_${chance.uint32().toString(16).padStart(8, "0")}${
    chance.uint32().toString(16).padStart(8, "0").slice(0, 4)
  }`;
}

/** A device nobody has seen: a new one, or an old one that forgot itself. */
export function freshDevice(devices: Random, chance: Random): string {
  return deviceIdOf(`unseen/${chance.uint32()}/${chance.uint32()}`, devices);
}

/** Which merchants the people of a country can pay, and how likely they are to. */
export class Shops {
  readonly #byCategory: readonly number[][];
  readonly #local = new Map<string, number[]>();
  readonly merchants: readonly SimMerchant[];

  constructor(merchants: readonly SimMerchant[]) {
    this.merchants = merchants;
    this.#byCategory = CATEGORIES.map(({ name }) =>
      merchants.flatMap((merchant, i) => merchant.category === name ? [i] : [])
    );
  }

  /** A merchant by the popularity of its category. */
  draw(country: string, random: Random): number {
    return this.drawOf(random.weighted(POPULARITY), country, random);
  }

  /** A merchant of one category: usually one of the country, else one that sells to the world. */
  drawOf(category: number, country: string, random: Random): number {
    const key = `${category}/${country}`;
    let candidates = this.#local.get(key);
    if (!candidates) {
      const inCategory = this.#byCategory[category];
      const local = inCategory.filter((i) => this.merchants[i].country === country);
      const global = inCategory.filter((i) => this.merchants[i].global);
      candidates = [...local, ...local, ...global];
      this.#local.set(key, candidates);
    }
    // Squaring leans to the first: some merchants are large, most are small.
    const u = random.uniform();
    return candidates[Math.floor(u * u * candidates.length)];
  }

  /** A merchant of the named category. */
  drawNamed(category: string, country: string, random: Random): number {
    return this.drawOf(CATEGORIES.findIndex(({ name }) => name === category), country, random);
  }
}

const POPULARITY = CATEGORIES.map((category) => category.popularity);
