import { de, en, es, Faker, fr, type LocaleDefinition, pt_BR, sv } from "@faker-js/faker";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { ISSUERS, NETWORKS } from "./cards.ts";
import { CATEGORIES } from "./categories.ts";
import { COUNTRIES } from "./countries.ts";
import { Draw, PURPOSE } from "./draw.ts";
import { cardIdOf, customerIdOf, customerNumber, merchantIdOf } from "./ids.ts";
import type { Society } from "./society.ts";
import type { SimCard, SimCustomer, SimMerchant } from "./types.ts";

/*
 * People, shops and cards as records, for those who book or print them. Names are the dearest part of a world, 40 µs
 * each, so they are made when a name is read.
 */

const LANGUAGES: Readonly<Record<string, LocaleDefinition>> = { en, de, fr, es, pt_BR, sv };
const fakers = new Map<string, Faker>();

function fakerOf(language: string): Faker {
  let faker = fakers.get(language);
  if (!faker) {
    fakers.set(language, faker = new Faker({ locale: language === "en" ? en : [LANGUAGES[language], en] }));
  }
  return faker;
}

export function customerRecord(society: Society, customer: number): SimCustomer {
  const { people, seed, startMs } = society;
  const country = COUNTRIES[people.country[customer]];
  const name = () => {
    const faker = fakerOf(country.language);
    // Seeded for each customer: one more customer changes nobody else's name.
    faker.seed(new Draw(seed).at(PURPOSE.profile, customer).uint32());
    return [faker.person.firstName(), faker.person.lastName()];
  };
  return {
    customerId: customerIdOf(customer),
    get name() {
      return name().join(" ");
    },
    get email() {
      return `${name().map(asciiWord).join(".")}.${customerNumber(customer)}@example.com`;
    },
    country: country.code,
    currency: country.currency,
    sinceMs: startMs + Math.floor(people.sinceDay[customer] * DAY_MS),
    latitude: people.latitude[customer],
    longitude: people.longitude[customer],
    incomeUsd: Math.round(people.incomeUsd[customer]),
  };
}

export function merchantRecord({ merchants }: Society, merchant: number): SimMerchant {
  const country = COUNTRIES[merchants.country[merchant]];
  return {
    merchantId: merchantIdOf(merchant),
    get name() {
      const faker = fakerOf("en");
      faker.seed(merchants.nameSeed[merchant]);
      return faker.company.name();
    },
    category: CATEGORIES[merchants.category[merchant]].name,
    country: country.code,
    currency: country.currency,
    global: merchants.global[merchant] === 1,
    latitude: merchants.latitude[merchant],
    longitude: merchants.longitude[merchant],
    opens: merchants.opens[merchant],
    closes: merchants.closes[merchant],
  };
}

export function cardRecord({ cards }: Society, card: number): SimCard {
  const customer = cards.customer[card];
  return {
    paymentMethodId: cardIdOf(customer, card - cards.first[customer]),
    customerId: customerIdOf(customer),
    network: NETWORKS[cards.network[card]],
    issuer: ISSUERS[cards.issuer[card]],
    issuerCountry: COUNTRIES[cards.issuerCountry[card]].code,
    last4: String(cards.last4[card]).padStart(4, "0"),
  };
}

function asciiWord(name: string): string {
  return name.normalize("NFKD").toLowerCase().replace(/[^a-z]/g, "") || "someone";
}
