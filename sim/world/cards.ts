import { COUNTRY_SHARES } from "./countries.ts";
import type { Customers } from "./customers.ts";
import { Draw, PURPOSE, runningSums } from "./draw.ts";
import type { WorldConfig } from "./types.ts";

export const NETWORKS = ["visa", "mastercard", "amex", "discover"] as const;
export const ISSUERS = [
  "Harbour Bank",
  "Northgate Credit",
  "Meridian",
  "First Linden",
  "Cobalt Card",
] as const;

/** All cards, in the order of their owners. A card that is lost or runs out is followed by another. */
export interface Cards {
  readonly count: number;
  /** Cards of a customer, from `first[customer]` to before `first[customer + 1]`; their slots come first. */
  readonly first: Uint32Array;
  /** How many cards a customer carries at a time. */
  readonly slots: Uint8Array;
  readonly customer: Uint32Array;
  readonly network: Uint8Array;
  readonly issuer: Uint8Array;
  readonly issuerCountry: Uint8Array;
  readonly last4: Uint16Array;
  /** Days of use, from the world's start. A second card may be new. */
  readonly fromDay: Float32Array;
  readonly untilDay: Float32Array;
  /** The card that follows this one, or 0: nobody's first card follows another. */
  readonly next: Uint32Array;
}

const NETWORK_SHARES = runningSums([50, 36, 9, 5]);
const SLOT_SHARES = runningSums([60, 30, 10]);
const ISSUER_COUNTRY_SHARES = runningSums(COUNTRY_SHARES);
/** Expatriates keep a card from home. */
const FOREIGN_CARD_CHANCE = 0.04;
/** Second cards that are got while the world goes on. */
const NEW_SECOND_CARD_CHANCE = 0.2;
const MEAN_CARD_LIFE_DAYS = 1100;

/** @param horizonDays the world's last day that anybody may ask for */
export function makeCards(config: WorldConfig, horizonDays: number, people: Customers): Cards {
  const first = new Uint32Array(people.count + 1);
  const slots = new Uint8Array(people.count);
  const draw = new Draw(config.seed);
  const replacedDay = new Float64Array(people.count * 3);
  for (let i = 0; i < people.count; i++) {
    draw.at(PURPOSE.card, i);
    slots[i] = 1 + draw.cumulative(SLOT_SHARES);
    let cards = slots[i];
    for (let slot = 0; slot < slots[i]; slot++) {
      const day = draw.exponential(MEAN_CARD_LIFE_DAYS);
      const isReplaced = day < horizonDays;
      replacedDay[i * 3 + slot] = isReplaced ? day : Infinity;
      if (isReplaced) cards++;
    }
    first[i + 1] = first[i] + cards;
  }
  const count = first[people.count];
  const cards: Cards = {
    count,
    first,
    slots,
    customer: new Uint32Array(count),
    network: new Uint8Array(count),
    issuer: new Uint8Array(count),
    issuerCountry: new Uint8Array(count),
    last4: new Uint16Array(count),
    fromDay: new Float32Array(count),
    untilDay: new Float32Array(count),
    next: new Uint32Array(count),
  };
  for (let i = 0; i < people.count; i++) {
    draw.at(PURPOSE.card, i, 1);
    let spare = first[i] + slots[i];
    for (let slot = 0; slot < slots[i]; slot++) {
      const card = first[i] + slot;
      const isNew = slot > 0 && draw.chance(NEW_SECOND_CARD_CHANCE);
      issue(cards, card, i, people, draw);
      cards.fromDay[card] = isNew ? horizonDays * draw.uniform() : -Infinity;
      cards.untilDay[card] = Math.max(replacedDay[i * 3 + slot], cards.fromDay[card]);
      if (replacedDay[i * 3 + slot] === Infinity) continue;
      cards.next[card] = spare;
      issue(cards, spare, i, people, draw);
      cards.network[spare] = cards.network[card];
      cards.issuer[spare] = cards.issuer[card];
      cards.issuerCountry[spare] = cards.issuerCountry[card];
      cards.fromDay[spare] = cards.untilDay[card];
      cards.untilDay[spare++] = Infinity;
    }
  }
  return cards;
}

function issue(cards: Cards, card: number, customer: number, people: Customers, draw: Draw): void {
  const isForeign = draw.chance(FOREIGN_CARD_CHANCE);
  cards.customer[card] = customer;
  cards.network[card] = draw.cumulative(NETWORK_SHARES);
  cards.issuer[card] = draw.integer(0, ISSUERS.length - 1);
  const elsewhere = draw.cumulative(ISSUER_COUNTRY_SHARES);
  cards.issuerCountry[card] = isForeign && customer !== 0 ? elsewhere : people.country[customer];
  cards.last4[card] = draw.integer(0, 9999);
}

/** The card that a customer has in a slot on a day. A slot that is empty yet falls back to the first. */
export function cardOn(cards: Cards, customer: number, slot: number, day: number): number {
  const first = cards.first[customer];
  const card = cards.fromDay[first + slot] <= day ? first + slot : first;
  return cards.untilDay[card] > day || cards.next[card] === 0 ? card : cards.next[card];
}
