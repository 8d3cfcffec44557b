import type { Random } from "../../src/core/random.ts";
import { COUNTRIES } from "../world/countries.ts";
import { deviceIdOf } from "../world/habits.ts";
import type { Society } from "../world/society.ts";

/** Gangs work on at the same time; each keeps a few machines for a month and then changes them. */
const GANGS = 6;
const MACHINES_PER_GANG = 5;
const MACHINE_LIFE_DAYS = 30;

/** A customer who has a card to be stolen at that time, or null when a few draws find none. */
export function drawVictim(society: Society, atMs: number, chance: Random): number | null {
  for (let attempt = 0; attempt < 20; attempt++) {
    const customer = chance.integer(0, society.customers.length - 1);
    if (society.isActive(customer, atMs)) return customer;
  }
  return null;
}

/** One of a gang's machines, used for many victims. */
export function gangDevice(society: Society, day: number, chance: Random): string {
  const month = Math.floor(day / MACHINE_LIFE_DAYS);
  const machine = `${chance.integer(1, GANGS)}/${chance.integer(1, MACHINES_PER_GANG)}`;
  return deviceIdOf(`gang/${machine}/${month}`, society.devices);
}

/** Where the payment seems to come from: thieves who can afford it buy a connection in the victim's country. */
export function apparentCountry(
  society: Society,
  victim: number,
  hiddenShare: number,
  chance: Random,
): string {
  return chance.chance(hiddenShare) ? society.customers[victim].country : chance.pick(COUNTRIES).code;
}
