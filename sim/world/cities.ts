import { COUNTRIES } from "./countries.ts";
import { Draw, PURPOSE, runningSums } from "./draw.ts";

/** Where people live and shops stand. Each country has at least one city; larger worlds have more. */
export interface Cities {
  readonly count: number;
  readonly country: Uint8Array;
  readonly latitude: Float64Array;
  readonly longitude: Float64Array;
  /** Cities of a country, from `first[country]` to before `first[country + 1]`. */
  readonly first: Uint32Array;
  /** Running sums of their sizes, by country: the second city is half as large as the first, and so on. */
  readonly sizes: readonly Float64Array[];
}

const CUSTOMERS_PER_CITY = 600;
const MOST_CITIES_PER_COUNTRY = 40;

export function makeCities(seed: number, customers: number): Cities {
  const totalShare = COUNTRIES.reduce((sum, { share }) => sum + share, 0);
  const counts = COUNTRIES.map(({ share }) =>
    Math.min(MOST_CITIES_PER_COUNTRY, 1 + Math.floor(customers * share / totalShare / CUSTOMERS_PER_CITY))
  );
  const first = Uint32Array.of(0, ...runningSums(counts));
  const count = first[COUNTRIES.length];
  const cities = {
    count,
    country: new Uint8Array(count),
    latitude: new Float64Array(count),
    longitude: new Float64Array(count),
    first,
    sizes: counts.map((n) => runningSums(Array.from({ length: n }, (_, i) => 1 / (i + 1)))),
  };
  const draw = new Draw(seed);
  COUNTRIES.forEach(({ latitude, longitude, spreadDegrees }, country) => {
    for (let city = first[country]; city < first[country + 1]; city++) {
      draw.at(PURPOSE.city, country, city - first[country]);
      cities.country[city] = country;
      cities.latitude[city] = latitude + draw.between(-spreadDegrees, spreadDegrees);
      cities.longitude[city] = longitude + draw.between(-spreadDegrees, spreadDegrees);
    }
  });
  return cities;
}

/** A city of the country, by size. */
export function drawCity(cities: Cities, country: number, draw: Draw): number {
  return cities.first[country] + draw.cumulative(cities.sizes[country]);
}
