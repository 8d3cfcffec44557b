import { DAY_MS, HOUR_MS } from "../../src/fraud/features/windows.ts";
import { timeOfDayMs, withinOpeningHours } from "../world/calendar.ts";
import { cardOn } from "../world/cards.ts";
import {
  AVERAGE_MONTH,
  type CategoryName,
  categoryNumber,
  POPULARITY_BY_MONTH,
} from "../world/categories.ts";
import { COUNTRIES, CURRENCY_OF_COUNTRY } from "../world/countries.ts";
import { FAVOURITES } from "../world/customers.ts";
import { type Draw, nameOf } from "../world/draw.ts";
import { NETWORK_KIND, PROXIES } from "../world/genuine_payments.ts";
import { DEVICE, type Lives } from "../world/lives.ts";
import { drawPickUpPoint } from "../world/pick_up_points.ts";
import { currencyOfSale, priceTagMinor } from "../world/prices.ts";
import type { Society } from "../world/society.ts";
import { CHANNEL } from "../world/types.ts";

/** A payment of an affair; numbers are places in the world's tables. */
export interface AffairPayment {
  readonly occurredAtMs: number;
  readonly customer: number;
  readonly card: number;
  readonly merchant: number;
  readonly device: number;
  readonly address: number;
  readonly network: number;
  readonly country: number;
  readonly currency: number;
  readonly amountMinor: number;
  readonly channel: number;
}

/** What a purchase is made of, as a story says it. */
export interface Purchase {
  readonly atMs: number;
  readonly customer: number;
  readonly merchant: number;
  readonly device: number;
  /** The payer's spending against the merchant's usual price, or a price of its own. */
  readonly level?: number;
  readonly priceUsd?: number;
  readonly address?: number;
  /** Where the payment seems to come from; the victim's home when left out. */
  readonly country?: number;
  readonly network?: number;
  readonly channel?: number;
  readonly slot?: number;
}

/** Gangs work on at the same time; each keeps a few machines for a month and then changes them. */
const GANGS_PER_CUSTOMER = 1 / 1000;
const MACHINES_PER_GANG = 3;
const MACHINE_LIFE_DAYS = 30;
/** Were it all, the addresses of a few servers would give thieves away. */
const RENTED_SERVER_SHARE = 0.1;
/** Of strange devices those that are somebody else's; were all of them new, a device's own past would give thieves away. */
const TAKEN_DEVICE_SHARE = 0.4;
const AVERAGE = POPULARITY_BY_MONTH[AVERAGE_MONTH];

/** Where an affair takes place: who lives there, from when on, and what chance has in store. */
export class Scene {
  readonly payments: AffairPayment[] = [];

  constructor(
    readonly society: Society,
    /** As they are on the day the affair begins. */
    readonly lives: Lives,
    readonly day: number,
    readonly tactic: string,
    readonly draw: Draw,
  ) {}

  /** A moment of the first day. */
  beginsAtMs(): number {
    return this.society.startMs + this.day * DAY_MS + this.draw.integer(0, DAY_MS - HOUR_MS);
  }

  /** A moment on the day of `atMs`, at an hour of the customer's own. */
  atUsualHour(customer: number, atMs: number): number {
    const { people, startMs } = this.society;
    const hour = people.peakHour[customer] + people.hourSpread[customer] * this.draw.normal();
    const offset = COUNTRIES[people.country[customer]].utcOffsetHours;
    return atMs - (atMs - startMs) % DAY_MS + timeOfDayMs(hour, offset);
  }

  /** Somebody who is a customer when the affair begins; null in the rare case that a few draws find nobody. */
  drawCustomer(): number | null {
    for (let attempt = 0; attempt < 30; attempt++) {
      const customer = this.draw.integer(0, this.society.people.count - 1);
      if (this.society.isActive(customer, this.day + 0.5)) return customer;
    }
    return null;
  }

  /** Up to `most` different people of a list, the whole world or a city, who are customers and fit. */
  drawPeople(
    most: number,
    of: Uint32Array | null,
    fits: (customer: number) => boolean = () => true,
  ): number[] {
    const count = of?.length ?? this.society.people.count;
    const found = new Set<number>();
    for (let attempt = 0; attempt < 60 * most && found.size < most; attempt++) {
      const place = this.draw.integer(0, count - 1);
      const customer = of === null ? place : of[place];
      if (this.society.isActive(customer, this.day + 0.5) && fits(customer)) found.add(customer);
    }
    return [...found];
  }

  /** A shop for the customer: of a category, or any. */
  shopFor(customer: number, categories: readonly CategoryName[] = []): number {
    const { shops, people } = this.society;
    return categories.length === 0
      ? shops.draw(people.city[customer], AVERAGE, this.draw)
      : shops.drawOf(categoryNumber(this.draw.pick(categories)), people.city[customer], this.draw);
  }

  onlineShop(categories: readonly CategoryName[]): number {
    return this.society.shops.drawOnline(categoryNumber(this.draw.pick(categories)), this.draw);
  }

  favouriteOf(customer: number): number {
    const { favourites } = this.society.people;
    return favourites[customer * FAVOURITES + this.draw.integer(0, FAVOURITES - 1)];
  }

  /** A device that is not the customer's: in part somebody else's, lent or taken over, in part one nobody has seen. */
  strangeDevice(): number {
    return this.draw.chance(TAKEN_DEVICE_SHARE)
      ? this.lives.phoneOn(this.#somebodyOnline(), this.day)
      : this.freshDevice();
  }

  /** A device nobody has seen: a new one, or an old one that forgot itself. */
  freshDevice(): number {
    return nameOf(this.society.seed, DEVICE.unseen, this.draw.uint32(), this.draw.uint32());
  }

  /** One of the few machines of a gang, an internet café or a club: used for many people, for a month. */
  sharedMachine(): number {
    const gangs = Math.max(4, Math.round(this.society.people.count * GANGS_PER_CUSTOMER));
    const machine = this.draw.integer(0, gangs - 1) * MACHINES_PER_GANG +
      this.draw.integer(0, MACHINES_PER_GANG - 1);
    return nameOf(this.society.seed, DEVICE.gang, machine, Math.floor(this.day / MACHINE_LIFE_DAYS));
  }

  /** An address that is not the customer's. */
  dropAddress(): number {
    return drawPickUpPoint(this.society.people.count, this.draw);
  }

  /** A connection that is not the customer's: a rented server, or a phone or a home's computer that is lent or taken. */
  proxy(): number {
    const kind = this.draw.uniform();
    const servers = kind < RENTED_SERVER_SHARE;
    const host = servers ? this.draw.integer(0, PROXIES - 1) : this.#somebodyOnline();
    return (host * 4 +
      (servers ? NETWORK_KIND.proxy : kind < 0.5 ? NETWORK_KIND.home : NETWORK_KIND.mobile)) >>> 0;
  }

  /** Whose machine or connection is lent or taken: of two people the one who is online more. */
  #somebodyOnline(): number {
    const { count, paymentsPerDay } = this.society.people;
    const [one, other] = [this.draw.integer(0, count - 1), this.draw.integer(0, count - 1)];
    return paymentsPerDay[one] > paymentsPerDay[other] ? one : other;
  }

  anyCountry(): number {
    return this.draw.integer(0, COUNTRIES.length - 1);
  }

  pay(purchase: Purchase): void {
    const { people, merchants, cards, startMs } = this.society;
    const { customer, merchant, channel = CHANNEL.online } = purchase;
    const { draw } = this;
    const home = people.country[customer];
    const inStore = channel === CHANNEL.inStore;
    const atMs = inStore ? this.#whenOpen(merchant, purchase.atMs) : purchase.atMs;
    const day = (atMs - startMs) / DAY_MS;
    const currency = currencyOfSale(merchants.currency[merchant], CURRENCY_OF_COUNTRY[home], draw.uniform());
    const priceUsd = purchase.priceUsd ??
      merchants.medianUsd[merchant] * (purchase.level ?? 1) *
        Math.exp(merchants.spread[merchant] * draw.normal());
    const amountMinor = priceTagMinor(priceUsd, currency, draw.uniform());
    if (!this.society.isActive(customer, day)) return;
    this.payments.push({
      occurredAtMs: atMs,
      customer,
      card: cardOn(cards, customer, purchase.slot ?? 0, Math.floor(day)),
      merchant,
      device: inStore ? 0 : purchase.device,
      address: inStore ? 0 : purchase.address ?? people.household[customer] + 1,
      network: inStore
        ? (merchant * 4 + NETWORK_KIND.shop) >>> 0
        : purchase.network ?? (customer * 4 + NETWORK_KIND.mobile) >>> 0,
      country: inStore ? merchants.country[merchant] : purchase.country ?? home,
      currency,
      amountMinor,
      channel,
    });
  }

  #whenOpen(merchant: number, atMs: number): number {
    const { merchants, startMs } = this.society;
    const { utcOffsetHours } = COUNTRIES[merchants.country[merchant]];
    const intoDayMs = (atMs - startMs) % DAY_MS;
    const local = intoDayMs / HOUR_MS + utcOffsetHours;
    const open = withinOpeningHours(
      local,
      merchants.opens[merchant],
      merchants.closes[merchant],
      this.draw.uniform(),
    );
    return atMs - intoDayMs + timeOfDayMs(open, utcOffsetHours);
  }
}
