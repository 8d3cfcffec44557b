import { type Cards, makeCards } from "./cards.ts";
import { type Cities, makeCities } from "./cities.ts";
import { type Customers, makeCustomers } from "./customers.ts";
import { Lives } from "./lives.ts";
import { makeMerchants, type Merchants } from "./merchants.ts";
import { Shops } from "./shops.ts";
import { DEFAULT_LIVE_DAYS, type WorldConfig } from "./types.ts";

/** Everybody and everything that payments are made of; both honest people and fraud stories draw on it. */
export class Society {
  readonly config: WorldConfig;
  readonly seed: number;
  readonly startMs: number;
  /** The first day that nobody may ask for. */
  readonly lastDay: number;
  readonly cities: Cities;
  readonly merchants: Merchants;
  readonly people: Customers;
  readonly cards: Cards;
  readonly shops: Shops;
  readonly lives: Lives;

  constructor(config: WorldConfig) {
    this.config = config;
    this.seed = config.seed;
    this.startMs = config.startMs;
    this.lastDay = config.days + (config.liveDays ?? DEFAULT_LIVE_DAYS);
    this.cities = makeCities(config.seed, config.customers);
    this.merchants = makeMerchants(config.seed, config.customers, this.cities);
    this.shops = new Shops(this.merchants, this.cities);
    this.people = makeCustomers(config, this.cities, this.shops);
    this.cards = makeCards(config, this.lastDay, this.people);
    this.lives = new Lives(config.seed, this.people);
  }

  /** The people of a city. */
  residents(city: number): Uint32Array {
    this.#byCity ??= groupByCity(this.people.city, this.cities.count);
    const { order, first } = this.#byCity;
    return order.subarray(first[city], first[city + 1]);
  }

  #byCity: { order: Uint32Array; first: Uint32Array } | undefined;

  /** Whether the customer has signed up and not left, at a fraction of a day. */
  isActive(customer: number, day: number): boolean {
    return day > this.people.sinceDay[customer] && day < this.people.leavesDay[customer];
  }

  isServed(customer: number, merchant: number): boolean {
    return this.merchants.global[merchant] === 1 ||
      this.merchants.country[merchant] === this.people.country[customer];
  }
}

function groupByCity(city: Uint32Array, cities: number): { order: Uint32Array; first: Uint32Array } {
  const first = new Uint32Array(cities + 1);
  for (let i = 0; i < city.length; i++) first[city[i] + 1]++;
  for (let c = 0; c < cities; c++) first[c + 1] += first[c];
  const next = first.slice();
  const order = new Uint32Array(city.length);
  for (let i = 0; i < city.length; i++) order[next[city[i]]++] = i;
  return { order, first };
}
