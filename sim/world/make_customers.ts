import { de, en, es, Faker, fr, type LocaleDefinition, pt_BR, sv } from "@faker-js/faker";
import type { Random } from "../../src/core/random.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { COUNTRIES, COUNTRY_SHARES } from "./countries.ts";
import type { SimCard, SimCustomer, WorldConfig } from "./types.ts";

/** The customer that examples and a first call by hand use; in every world. */
export const KNOWN_CUSTOMER_ID = "cust_123";

/** Share of customers who sign up during the world's history and not before. */
const GROWTH_SHARE = 0.2;
const OLDEST_ACCOUNT_DAYS = 1000;

const LANGUAGES: Readonly<Record<string, LocaleDefinition>> = { en, de, fr, es, pt_BR, sv };

const NETWORKS = ["visa", "mastercard", "amex", "discover"] as const;
const NETWORK_SHARES = [50, 36, 9, 5];
const ISSUERS = ["Harbour Bank", "Northgate Credit", "Meridian", "First Linden", "Cobalt Card"];

/** Customers and their cards, `cards` in the customers' order. Customer 0 is {@link KNOWN_CUSTOMER_ID}. */
export function makeCustomers(
  config: WorldConfig,
  random: Random,
): { customers: SimCustomer[]; cards: SimCard[] } {
  const fakers = new Map(
    Object.entries(LANGUAGES).map(([name, locale]) => [name, new Faker({ locale: [locale, en] })]),
  );
  const customers: SimCustomer[] = [];
  const cards: SimCard[] = [];
  for (let i = 0; i < config.customers; i++) {
    const chance = random.fork(i);
    const known = i === 0;
    const number = known ? "123" : String(i).padStart(6, "0");
    const country = COUNTRIES[known ? 0 : chance.weighted(COUNTRY_SHARES)];
    const faker = fakers.get(country.language)!;
    // Seeded for each customer: one more customer changes nobody else's name.
    faker.seed(chance.uint32());
    const firstName = faker.person.firstName();
    const lastName = faker.person.lastName();
    const customerId = `cust_${number}`;
    customers.push({
      customerId,
      name: `${firstName} ${lastName}`,
      email: `${asciiWord(firstName)}.${asciiWord(lastName)}.${number}@example.com`,
      country: country.code,
      currency: country.currency,
      sinceMs: config.startMs + Math.floor(known ? -400 * DAY_MS : sinceDay(config, chance) * DAY_MS),
    });
    const cardCount = 1 + chance.weighted([60, 30, 10]);
    for (let c = 1; c <= cardCount; c++) {
      cards.push({
        paymentMethodId: `pm_${number}_${c}`,
        customerId,
        network: NETWORKS[chance.weighted(NETWORK_SHARES)],
        issuer: chance.pick(ISSUERS),
        // Expatriates keep a card from home.
        issuerCountry: !known && chance.chance(0.04)
          ? COUNTRIES[chance.weighted(COUNTRY_SHARES)].code
          : country.code,
        last4: String(chance.integer(0, 9999)).padStart(4, "0"),
      });
    }
  }
  return { customers, cards };
}

function sinceDay(config: WorldConfig, chance: Random): number {
  return chance.chance(GROWTH_SHARE)
    ? config.days * chance.uniform()
    : -OLDEST_ACCOUNT_DAYS * chance.uniform();
}

function asciiWord(name: string): string {
  return name.normalize("NFKD").toLowerCase().replace(/[^a-z]/g, "") || "someone";
}
