import { CATEGORIES } from "./categories.ts";
import type { Cities } from "./cities.ts";
import { COUNTRIES } from "./countries.ts";
import type { Draw } from "./draw.ts";
import type { Merchants } from "./merchants.ts";

/** Which merchants the people of a city pay, and how likely they are to: those of the city and those of the world. */
export class Shops {
  readonly #byCityAndCategory: Uint32Array[];
  readonly #onlineByCategory: Uint32Array[];

  constructor(merchants: Merchants, cities: Cities) {
    const kinds = CATEGORIES.length;
    const world: number[][] = Array.from({ length: kinds }, () => []);
    const ofCountry: number[][] = Array.from({ length: kinds * COUNTRIES.length }, () => []);
    const ofCity: number[][] = Array.from({ length: kinds * cities.count }, () => []);
    for (let i = 0; i < merchants.count; i++) {
      const category = merchants.category[i];
      if (merchants.global[i]) world[category].push(i);
      else {
        ofCountry[merchants.country[i] * kinds + category].push(i);
        ofCity[merchants.city[i] * kinds + category].push(i);
      }
    }
    this.#byCityAndCategory = Array.from({ length: kinds * cities.count }, (_, at) => {
      const category = at % kinds;
      const city = Math.floor(at / kinds);
      // A city without such a shop drives to another of its country.
      const near = ofCity[at].length > 0 ? ofCity[at] : ofCountry[cities.country[city] * kinds + category];
      return Uint32Array.from([...near, ...near, ...world[category]]);
    });
    this.#onlineByCategory = world.map((list) => Uint32Array.from(list));
  }

  /** A merchant for somebody in the city, by the popularity of its category. */
  draw(city: number, popularity: Float64Array, draw: Draw): number {
    return this.drawOf(draw.cumulative(popularity), city, draw);
  }

  /** A merchant of one category. Squaring leans to the first: some merchants are large, most are small. */
  drawOf(category: number, city: number, draw: Draw): number {
    const candidates = this.#byCityAndCategory[city * CATEGORIES.length + category];
    const u = draw.uniform();
    return candidates[Math.floor(u * u * candidates.length)];
  }

  /** One that sells to everybody, online. */
  drawOnline(category: number, draw: Draw): number {
    const candidates = this.#onlineByCategory[category];
    return candidates[Math.floor(draw.uniform() * candidates.length)];
  }
}
