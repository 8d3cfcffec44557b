import type { Random } from "../../src/core/random.ts";
import { COUNTRIES, COUNTRY_SHARES } from "./countries.ts";
import { deviceIdOf } from "./habits.ts";

/** What changes in a customer's life: where they are and which phone they carry. */
export interface LifeOnDay {
  readonly travelCountry: string | null;
  readonly phoneId: string;
}

/** Plans are drawn for this many days at a time, so that any day can be asked for without living through all. */
const PLAN_DAYS = 60;
const TRIP_CHANCE = 0.3;
const NEW_PHONE_CHANCE = 0.08;

interface Plan {
  readonly block: number;
  readonly phonesBefore: number;
  /** Day within the block; Infinity for none. */
  readonly newPhoneDay: number;
  readonly tripFrom: number;
  readonly tripUntil: number;
  readonly tripCountry: string;
}

/** The trips and new phones of everybody, a function of customer and day alone. */
export class Lives {
  readonly #random: Random;
  readonly #devices: Random;
  readonly #plans = new Map<number, Plan>();
  readonly #phoneIds = new Map<number, { phones: number; id: string }>();

  /** @param devices the stream that names devices */
  constructor(random: Random, devices: Random) {
    this.#random = random;
    this.#devices = devices;
  }

  on(customer: number, day: number): LifeOnDay {
    const plan = this.#planFor(customer, Math.floor(day / PLAN_DAYS));
    const dayOfPlan = day - plan.block * PLAN_DAYS;
    const phones = plan.phonesBefore + (dayOfPlan >= plan.newPhoneDay ? 1 : 0);
    return {
      travelCountry: dayOfPlan >= plan.tripFrom && dayOfPlan < plan.tripUntil ? plan.tripCountry : null,
      phoneId: this.#phoneId(customer, phones),
    };
  }

  #planFor(customer: number, block: number): Plan {
    let plan = this.#plans.get(customer);
    if (plan && plan.block > block) plan = undefined;
    while (!plan || plan.block < block) {
      plan = this.#draw(
        customer,
        plan ? plan.block + 1 : 0,
        plan ? plan.phonesBefore + (plan.newPhoneDay < Infinity ? 1 : 0) : 0,
      );
    }
    this.#plans.set(customer, plan);
    return plan;
  }

  #draw(customer: number, block: number, phonesBefore: number): Plan {
    const chance = this.#random.fork(`${customer}/${block}`);
    const travels = chance.chance(TRIP_CHANCE);
    const tripFrom = chance.integer(0, PLAN_DAYS - 4);
    return {
      block,
      phonesBefore,
      newPhoneDay: chance.chance(NEW_PHONE_CHANCE) ? chance.integer(0, PLAN_DAYS - 1) : Infinity,
      tripFrom: travels ? tripFrom : Infinity,
      tripUntil: tripFrom + chance.integer(2, 14),
      tripCountry: COUNTRIES[chance.weighted(COUNTRY_SHARES)].code,
    };
  }

  #phoneId(customer: number, phones: number): string {
    const known = this.#phoneIds.get(customer);
    if (known && known.phones === phones) return known.id;
    const id = deviceIdOf(`phone/${customer}/${phones}`, this.#devices);
    this.#phoneIds.set(customer, { phones, id });
    return id;
  }
}
