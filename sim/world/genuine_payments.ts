import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { FRIENDLY_FRAUD_REPORTING, friendlyFraudChance } from "../fraud/friendly_fraud.ts";
import { STORY_NUMBER } from "../fraud/story_names.ts";
import { type CalendarDay, timeOfDayMs, withinOpeningHours } from "./calendar.ts";
import { cardOn } from "./cards.ts";
import { categoryNumber, POPULARITY_BY_MONTH } from "./categories.ts";
import { drawCity } from "./cities.ts";
import { COUNTRIES, CURRENCY_OF_COUNTRY } from "./countries.ts";
import { FAVOURITES, SUBSCRIPTIONS, TRAIT } from "./customers.ts";
import { Draw, nameOf, PURPOSE } from "./draw.ts";
import { DENIED_SHARE, drawFraudLabel, QUARREL_SHARE, reportDelayMs } from "./labels.ts";
import { DEVICE } from "./lives.ts";
import { NO_REPORT, type PaymentColumns } from "./payment_columns.ts";
import { currencyOfSale, priceTagMinor } from "./prices.ts";
import type { Society } from "./society.ts";
import { CHANNEL } from "./types.ts";

/** Share of payments followed by another within minutes: a forgotten item, a second ticket. */
const AGAIN_CHANCE = 0.12;
const GAMING_NIGHT_CHANCE = 0.1;
/** A sale or a popular event at one merchant: many customers at once, as when cards are tested there. */
const SALE_CHANCE_PER_MERCHANT = 0.004;
/** Of payments on a journey, those in shops of the country visited; the rest is paid online at home. */
const SPENT_ABROAD_SHARE = 0.6;
const APP_SHARE = 0.4;
/** Presents: sent to somebody else, and dearer. First large purchases: a sofa, a bicycle. */
const GIFT_SHARE = 0.03;
const GIFT_LEVEL = 1.7;
const LARGE_PURCHASE_SHARE = 0.0015;
const LARGE_PURCHASE_LEVEL = 6;
/** Known networks of all kinds; `network` is a key of one of them × 4 + its kind. */
export const NETWORK_KIND = { home: 0, mobile: 1, proxy: 2, shop: 3 } as const;
/** Servers abroad that honest people and thieves rent alike. */
export const PROXIES = 4000;

const GAMING = categoryNumber("gaming");
const FRIENDLY = STORY_NUMBER.friendly_fraud + 1;
const UTC_OFFSET = Float64Array.from(COUNTRIES, ({ utcOffsetHours }) => utcOffsetHours);

/**
 * What honest people pay on one day, in no order. Much of it looks like fraud and is meant to: travellers, new
 * phones, shared computers, servers abroad, presents, rows of small payments, sudden crowds at one merchant.
 */
export class GenuinePayments {
  readonly #society: Society;
  readonly #draw: Draw;
  #out!: PaymentColumns;
  #day = 0;
  #dayStartMs = 0;
  #popularity = POPULARITY_BY_MONTH[0];

  constructor(society: Society) {
    this.#society = society;
    this.#draw = new Draw(society.seed);
  }

  ofDay(day: number, calendar: CalendarDay, out: PaymentColumns): void {
    const { people, lives } = this.#society;
    const draw = this.#draw;
    this.#out = out;
    this.#day = day;
    this.#dayStartMs = this.#society.startMs + day * DAY_MS;
    this.#popularity = POPULARITY_BY_MONTH[calendar.month];
    lives.prepare(day);
    for (let customer = 0; customer < people.count; customer++) {
      if (people.sinceDay[customer] >= day + 1 || people.leavesDay[customer] <= day) continue;
      draw.at(PURPOSE.day, customer, day);
      const mean = people.paymentsPerDay[customer] * calendar.busy[people.country[customer]] *
        calendar.payDay[people.payDay[customer]] * (calendar.weekend ? people.weekendFactor[customer] : 1);
      for (let left = draw.poisson(mean); left > 0; left--) this.#shop(customer);
      if ((people.traits[customer] & TRAIT.gamer) !== 0 && draw.chance(GAMING_NIGHT_CHANCE)) {
        this.#gamingNight(customer);
      }
      this.#subscriptions(customer, calendar.dayOfMonth);
    }
    this.#sales(day);
  }

  /** One errand: a payment, and now and then another soon after. */
  #shop(customer: number): void {
    const { people, shops, lives, cities } = this.#society;
    const draw = this.#draw;
    const here = lives.countryOn(customer, this.#day);
    const isAway = here !== people.country[customer];
    const spendsAbroad = isAway && draw.uniform() < SPENT_ABROAD_SHARE;
    const city = spendsAbroad ? drawCity(cities, here, draw) : people.city[customer];
    const u = draw.uniform();
    const merchant = spendsAbroad || draw.uniform() < people.curiosity[customer]
      ? shops.draw(city, this.#popularity, draw)
      : people.favourites[customer * FAVOURITES + Math.floor(u * u * FAVOURITES)];
    let hour = this.#hour(customer);
    this.#pay(customer, merchant, here, spendsAbroad, hour, people.level[customer]);
    while (draw.uniform() < AGAIN_CHANCE) {
      hour += (20 + draw.exponential(240)) / 3600;
      const again = draw.uniform() < 0.6 ? merchant : shops.draw(city, this.#popularity, draw);
      this.#pay(customer, again, here, spendsAbroad, hour, people.level[customer] * 0.7);
    }
  }

  #hour(customer: number): number {
    const { peakHour, hourSpread } = this.#society.people;
    return this.#draw.uniform() < 0.2
      ? 7 + 17 * this.#draw.uniform()
      : peakHour[customer] + hourSpread[customer] * this.#draw.normal();
  }

  #gamingNight(customer: number): void {
    const { people, shops, lives } = this.#society;
    const draw = this.#draw;
    const merchant = shops.drawOf(GAMING, people.city[customer], draw);
    const here = lives.countryOn(customer, this.#day);
    let hour = this.#hour(customer);
    for (let left = draw.integer(3, 9); left > 0; left--) {
      this.#pay(customer, merchant, here, false, hour, 0.6);
      hour += (30 + draw.exponential(360)) / 3600;
    }
  }

  #sales(day: number): void {
    const { people, merchants, lives } = this.#society;
    const draw = this.#draw;
    const crowd = Math.min(60, Math.max(4, Math.round(people.count / 150)));
    for (let merchant = 0; merchant < merchants.count; merchant++) {
      draw.at(PURPOSE.sale, merchant, day);
      if (draw.uniform() >= SALE_CHANCE_PER_MERCHANT) continue;
      const startHour = draw.between(6, 22);
      for (let left = draw.integer(2, crowd); left > 0; left--) {
        const customer = draw.integer(0, people.count - 1);
        const hour = startHour + draw.exponential(1);
        if (!this.#society.isServed(customer, merchant)) continue;
        this.#pay(customer, merchant, lives.countryOn(customer, day), false, hour, 0.6);
      }
    }
  }

  #subscriptions(customer: number, dayOfMonth: number): void {
    const { subscription, subscriptionDay, subscriptionUsd } = this.#society.people;
    for (let s = customer * SUBSCRIPTIONS; s < (customer + 1) * SUBSCRIPTIONS; s++) {
      if (subscription[s] === 0 || subscriptionDay[s] !== dayOfMonth) continue;
      const { people } = this.#society;
      this.#write(customer, subscription[s] - 1, people.country[customer], {
        hour: 4 * this.#draw.uniform(),
        channel: CHANNEL.subscription,
        device: 0,
        address: 0,
        network: ((subscription[s] - 1) * 4 + NETWORK_KIND.shop) >>> 0,
        slot: 0,
        priceUsd: subscriptionUsd[s],
      });
    }
  }

  #pay(
    customer: number,
    merchant: number,
    here: number,
    inPerson: boolean,
    hour: number,
    level: number,
  ): void {
    const { people, merchants, lives } = this.#society;
    const draw = this.#draw;
    const isAway = here !== people.country[customer];
    // Who is away cannot stand in a shop at home.
    const inStore = draw.uniform() < merchants.inStoreShare[merchant] && isAway === inPerson;
    const phone = lives.phoneOn(customer, this.#day);
    let channel: number = CHANNEL.inStore;
    let device = 0;
    let country = here;
    let address = 0;
    let network = 0;
    if (inStore) {
      if (draw.uniform() < people.tapShare[customer]) device = phone;
      network = merchant * 4 + NETWORK_KIND.shop;
      hour = withinOpeningHours(hour, merchants.opens[merchant], merchants.closes[merchant], draw.uniform());
    } else {
      const u = draw.uniform();
      channel = u < APP_SHARE ? CHANNEL.app : CHANNEL.online;
      device = channel === CHANNEL.app ? phone : this.#browser(customer, phone);
      address = people.household[customer] + 1;
      network = isAway || channel === CHANNEL.app
        ? customer * 4 + NETWORK_KIND.mobile
        : people.household[customer] * 4 + NETWORK_KIND.home;
      if (draw.uniform() < people.vpnShare[customer]) {
        country = draw.integer(0, COUNTRIES.length - 1);
        network = draw.integer(0, PROXIES - 1) * 4 + NETWORK_KIND.proxy;
      }
      if (draw.uniform() < GIFT_SHARE) {
        level *= GIFT_LEVEL;
        address = people.household[draw.integer(0, people.count - 1)] + 1;
      } else if (draw.uniform() < people.pickUpShare[customer]) {
        address = people.pickUpPoint[customer];
      }
    }
    const v = draw.uniform();
    if (v < LARGE_PURCHASE_SHARE) level *= LARGE_PURCHASE_LEVEL;
    const slot = draw.uniform();
    this.#write(customer, merchant, country, {
      hour: hour - UTC_OFFSET[here],
      channel,
      device,
      address,
      network: network >>> 0,
      slot: Math.floor(slot * slot * this.#society.cards.slots[customer]),
      priceUsd: merchants.medianUsd[merchant] * level * Math.exp(merchants.spread[merchant] * draw.normal()),
    });
  }

  #browser(customer: number, phone: number): number {
    const { people, lives, seed } = this.#society;
    const draw = this.#draw;
    if (draw.uniform() < people.hiddenShare[customer]) return 0;
    if (draw.uniform() < people.forgetfulShare[customer]) {
      return nameOf(seed, DEVICE.unseen, draw.uint32(), draw.uint32());
    }
    return people.secondDevice[customer] !== 0 && draw.uniform() < people.secondDeviceShare[customer]
      ? lives.secondDeviceOn(customer, this.#day)
      : phone;
  }

  #write(
    customer: number,
    merchant: number,
    country: number,
    { hour, channel, device, address, network, slot, priceUsd }: {
      hour: number;
      channel: number;
      device: number;
      address: number;
      network: number;
      slot: number;
      priceUsd: number;
    },
  ): void {
    const { people, merchants, cards } = this.#society;
    const draw = this.#draw;
    const day = this.#day;
    const intoDayMs = timeOfDayMs(hour, 0);
    if (!this.#society.isActive(customer, day + intoDayMs / DAY_MS)) return;
    const home = CURRENCY_OF_COUNTRY[people.country[customer]];
    const currency = currencyOfSale(merchants.currency[merchant], home, draw.uniform());
    const out = this.#out;
    const row = out.next();
    const atMs = this.#dayStartMs + intoDayMs;
    out.occurredAtMs[row] = atMs;
    out.customer[row] = customer;
    out.card[row] = cardOn(cards, customer, slot, day);
    out.merchant[row] = merchant;
    out.device[row] = device;
    out.address[row] = address;
    out.network[row] = network;
    out.country[row] = country;
    out.currency[row] = currency;
    out.amountMinor[row] = priceTagMinor(priceUsd, currency, draw.uniform());
    out.channel[row] = channel;
    out.tactic[row] = 0;
    out.episode[row] = 0;
    const denies = friendlyFraudChance(people.traits[customer], channel, merchants.category[merchant]);
    const hand = draw.uniform();
    const isFraud = hand < denies;
    out.posterior[row] = denies;
    out.fraud[row] = isFraud ? 1 : 0;
    out.story[row] = isFraud ? FRIENDLY : 0;
    out.labelKnownAtMs[row] = NO_REPORT;
    out.labelFraud[row] = 0;
    if (isFraud) {
      const label = drawFraudLabel(FRIENDLY_FRAUD_REPORTING, atMs, draw);
      out.labelKnownAtMs[row] = label.labelKnownAtMs ?? NO_REPORT;
      out.labelFraud[row] = label.labelFraud ? 1 : 0;
    } else if (hand >= 1 - DENIED_SHARE - QUARREL_SHARE) {
      out.labelKnownAtMs[row] = atMs + reportDelayMs(draw);
      out.labelFraud[row] = hand >= 1 - DENIED_SHARE ? 1 : 0;
    }
  }
}
