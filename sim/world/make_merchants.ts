import { en, Faker } from "@faker-js/faker";
import type { Random } from "../../src/core/random.ts";
import { CATEGORIES } from "./categories.ts";
import { COUNTRIES, COUNTRY_SHARES } from "./countries.ts";
import type { SimMerchant } from "./types.ts";

const CUSTOMERS_PER_MERCHANT = 16;
const FEWEST_MERCHANTS = 60;

/** The merchants of a world of `customers` people. */
export function makeMerchants(customers: number, random: Random): SimMerchant[] {
  const faker = new Faker({ locale: en });
  const count = Math.max(FEWEST_MERCHANTS, Math.round(customers / CUSTOMERS_PER_MERCHANT));
  const popularity = CATEGORIES.map((category) => Math.sqrt(category.popularity));
  return Array.from({ length: count }, (_, i) => {
    const chance = random.fork(i);
    // The first few cover each category once, so that every category has a merchant in the smallest world.
    const category = CATEGORIES[i < CATEGORIES.length ? i : chance.weighted(popularity)];
    const country = COUNTRIES[i < CATEGORIES.length ? 0 : chance.weighted(COUNTRY_SHARES)];
    faker.seed(chance.uint32());
    return {
      merchantId: `merch_${String(i).padStart(5, "0")}`,
      name: faker.company.name(),
      category: category.name,
      country: country.code,
      currency: country.currency,
      global: i < CATEGORIES.length || chance.chance(category.globalShare),
      medianUsd: category.medianUsd * chance.logNormal(0, 0.4),
      spread: category.spread * chance.between(0.7, 1.2),
    };
  });
}
