import { CATEGORIES } from "./categories.ts";
import { type Cities, drawCity } from "./cities.ts";
import { COUNTRY_SHARES, CURRENCY_OF_COUNTRY } from "./countries.ts";
import { Draw, PURPOSE, runningSums } from "./draw.ts";

/** All merchants, a column a property. */
export interface Merchants {
  readonly count: number;
  readonly category: Uint8Array;
  readonly city: Uint32Array;
  readonly country: Uint8Array;
  readonly currency: Uint8Array;
  readonly latitude: Float64Array;
  readonly longitude: Float64Array;
  /** 1 when it sells to every country, online only. */
  readonly global: Uint8Array;
  readonly inStoreShare: Float32Array;
  readonly opens: Float32Array;
  readonly closes: Float32Array;
  /** Middle of its prices, and the deviation of their logarithm. */
  readonly medianUsd: Float32Array;
  readonly spread: Float32Array;
  /** Names the merchant; for what is worked out only when asked. */
  readonly nameSeed: Uint32Array;
}

const CUSTOMERS_PER_MERCHANT = 16;
const FEWEST_MERCHANTS = 60;

/** The merchants of a world of `customers` people. */
export function makeMerchants(seed: number, customers: number, cities: Cities): Merchants {
  const count = Math.max(FEWEST_MERCHANTS, Math.round(customers / CUSTOMERS_PER_MERCHANT));
  const merchants: Merchants = {
    count,
    category: new Uint8Array(count),
    city: new Uint32Array(count),
    country: new Uint8Array(count),
    currency: new Uint8Array(count),
    latitude: new Float64Array(count),
    longitude: new Float64Array(count),
    global: new Uint8Array(count),
    inStoreShare: new Float32Array(count),
    opens: new Float32Array(count),
    closes: new Float32Array(count),
    medianUsd: new Float32Array(count),
    spread: new Float32Array(count),
    nameSeed: new Uint32Array(count),
  };
  const draw = new Draw(seed);
  for (let i = 0; i < count; i++) {
    draw.at(PURPOSE.merchant, i);
    // The first few cover each category once, so that every category has a merchant in the smallest world.
    const founding = i < CATEGORIES.length;
    const category = founding ? i : draw.cumulative(SHOPS_BY_CATEGORY);
    const country = founding ? 0 : draw.cumulative(SHOPS_BY_COUNTRY);
    const city = drawCity(cities, country, draw);
    const kind = CATEGORIES[category];
    const isGlobal = founding || draw.chance(kind.globalShare);
    merchants.category[i] = category;
    merchants.city[i] = city;
    merchants.country[i] = country;
    merchants.currency[i] = CURRENCY_OF_COUNTRY[country];
    merchants.latitude[i] = cities.latitude[city] + 0.1 * draw.normal();
    merchants.longitude[i] = cities.longitude[city] + 0.1 * draw.normal();
    merchants.global[i] = isGlobal ? 1 : 0;
    merchants.inStoreShare[i] = isGlobal ? 0 : Math.min(1, kind.inStoreShare * draw.between(0.6, 1.3));
    const shift = draw.integer(-1, 1);
    const allDay = kind.closes - kind.opens >= 24;
    merchants.opens[i] = allDay ? 0 : kind.opens + shift;
    merchants.closes[i] = allDay ? 24 : kind.closes + shift;
    merchants.medianUsd[i] = kind.medianUsd * draw.logNormal(0, 0.4);
    merchants.spread[i] = kind.spread * draw.between(0.7, 1.2);
    merchants.nameSeed[i] = draw.uint32();
  }
  return merchants;
}

// Many small shops share a popular category's payments, so shops grow more slowly than payments.
const SHOPS_BY_CATEGORY = runningSums(CATEGORIES.map(({ popularity }) => Math.sqrt(popularity)));
const SHOPS_BY_COUNTRY = runningSums(COUNTRY_SHARES);
