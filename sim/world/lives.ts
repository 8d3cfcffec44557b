import { COUNTRY_SHARES } from "./countries.ts";
import { type Customers, SECOND_DEVICE } from "./customers.ts";
import { Draw, nameOf, PURPOSE, runningSums } from "./draw.ts";

/** Kinds of device, for {@link nameOf}: honest people's and thieves' names look alike. */
export const DEVICE = { phone: 1, laptop: 2, tablet: 3, library: 4, unseen: 5, gang: 6 } as const;

/** Plans are drawn for this many days at a time, so that any day can be asked for without living through all. */
const PLAN_DAYS = 60;
const TRIP_CHANCE = 0.3;
const NEW_PHONE_CHANCE = 0.08;
const NEVER = 1e6;
const TRIP_COUNTRIES = runningSums(COUNTRY_SHARES);

/** What changes in people's lives, journeys and new phones, as a function of customer and day alone. */
export class Lives {
  readonly #seed: number;
  readonly #people: Customers;
  readonly #draw: Draw;
  #block = -1;
  readonly #newPhoneDay: Int32Array;
  readonly #phonesBefore: Uint8Array;
  readonly #tripFrom: Int32Array;
  readonly #tripUntil: Int32Array;
  readonly #tripCountry: Uint8Array;
  readonly #phone: Float64Array;

  constructor(seed: number, people: Customers) {
    this.#seed = seed;
    this.#people = people;
    this.#draw = new Draw(seed);
    this.#newPhoneDay = new Int32Array(people.count);
    this.#phonesBefore = new Uint8Array(people.count);
    this.#tripFrom = new Int32Array(people.count);
    this.#tripUntil = new Int32Array(people.count);
    this.#tripCountry = new Uint8Array(people.count);
    this.#phone = new Float64Array(people.count * 2);
  }

  /** Makes the plans that hold on `day` those that are asked for. Costs something once every 60 days. */
  prepare(day: number): void {
    const block = Math.floor(day / PLAN_DAYS);
    if (block === this.#block) return;
    if (block < this.#block) this.#block = -1;
    while (this.#block < block) this.#turnTo(this.#block + 1);
    for (let customer = 0; customer < this.#people.count; customer++) {
      const phones = this.#phonesBefore[customer];
      this.#phone[customer * 2] = nameOf(this.#seed, DEVICE.phone, customer, phones);
      this.#phone[customer * 2 + 1] = nameOf(this.#seed, DEVICE.phone, customer, phones + 1);
    }
  }

  /** The country that the customer is in on the prepared day, home or a journey's. */
  countryOn(customer: number, day: number): number {
    return day >= this.#tripFrom[customer] && day < this.#tripUntil[customer]
      ? this.#tripCountry[customer]
      : this.#people.country[customer];
  }

  phoneOn(customer: number, day: number): number {
    return this.#phone[customer * 2 + (day >= this.#newPhoneDay[customer] ? 1 : 0)];
  }

  /** The laptop, the tablet in the living room, the partner's phone or a computer in the library; or the phone. */
  secondDeviceOn(customer: number, day: number): number {
    const { secondDevice, household, city } = this.#people;
    switch (secondDevice[customer]) {
      case SECOND_DEVICE.laptop:
        return nameOf(this.#seed, DEVICE.laptop, customer);
      case SECOND_DEVICE.householdTablet:
        return nameOf(this.#seed, DEVICE.tablet, household[customer]);
      case SECOND_DEVICE.partnersPhone: {
        const partner = customer % 4 === 0 ? customer : customer - 1;
        return partner === customer
          ? nameOf(this.#seed, DEVICE.tablet, customer)
          : this.phoneOn(partner, day);
      }
      case SECOND_DEVICE.library:
        return nameOf(this.#seed, DEVICE.library, city[customer], customer % 3);
      default:
        return this.phoneOn(customer, day);
    }
  }

  #turnTo(block: number): void {
    const fromDay = block * PLAN_DAYS;
    for (let customer = 0; customer < this.#people.count; customer++) {
      const draw = this.#draw.at(PURPOSE.life, customer, block);
      const hadNewPhone = block > 0 && this.#newPhoneDay[customer] < NEVER;
      this.#phonesBefore[customer] = block === 0 ? 0 : this.#phonesBefore[customer] + (hadNewPhone ? 1 : 0);
      const travels = draw.chance(TRIP_CHANCE);
      const from = draw.integer(0, PLAN_DAYS - 4);
      const nights = draw.integer(2, 14);
      this.#tripFrom[customer] = travels ? fromDay + from : NEVER;
      this.#tripUntil[customer] = fromDay + from + nights;
      this.#tripCountry[customer] = draw.cumulative(TRIP_COUNTRIES);
      const getsPhone = draw.chance(NEW_PHONE_CHANCE);
      const onDay = draw.integer(0, PLAN_DAYS - 1);
      this.#newPhoneDay[customer] = getsPhone ? fromDay + onDay : NEVER;
    }
    this.#block = block;
  }
}
