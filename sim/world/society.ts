import { Random } from "../../src/core/random.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { type Habits, makeHabits, Shops } from "./habits.ts";
import { Lives } from "./life.ts";
import { makeCustomers } from "./make_customers.ts";
import { makeMerchants } from "./make_merchants.ts";
import type { SimCard, SimCustomer, SimMerchant, WorldConfig } from "./types.ts";

/** Everybody and everything that payments are made of; both honest people and fraud stories draw on it. */
export class Society {
  readonly startMs: number;
  readonly customers: readonly SimCustomer[];
  readonly cards: readonly SimCard[];
  readonly merchants: readonly SimMerchant[];
  readonly habits: readonly Habits[];
  readonly shops: Shops;
  readonly lives: Lives;
  /** Names devices; thieves' devices come from the same stream. */
  readonly devices: Random;

  constructor(config: WorldConfig) {
    const random = new Random(config.seed);
    this.startMs = config.startMs;
    this.merchants = makeMerchants(config.customers, random.fork("merchants"));
    const { customers, cards } = makeCustomers(config, random.fork("customers"));
    this.customers = customers;
    this.cards = cards;
    this.shops = new Shops(this.merchants);
    this.devices = random.fork("devices");
    this.lives = new Lives(random.fork("lives"), this.devices);
    const cardsOf = new Map<string, number[]>();
    cards.forEach(({ customerId }, i) => {
      const own = cardsOf.get(customerId);
      if (own) own.push(i);
      else cardsOf.set(customerId, [i]);
    });
    const habitsRandom = random.fork("habits");
    this.habits = customers.map((customer, i) =>
      makeHabits(i, customers, cardsOf.get(customer.customerId)!, this.shops, habitsRandom, this.devices)
    );
  }

  /** Whether the customer has signed up by then and not left. */
  isActive(customer: number, atMs: number): boolean {
    const { sinceMs } = this.customers[customer];
    if (atMs <= sinceMs) return false;
    const countedFromMs = Math.max(sinceMs, this.startMs);
    return atMs - countedFromMs < this.habits[customer].leavesAfterDays * DAY_MS;
  }

  isServed(customer: number, merchant: number): boolean {
    const { global, country } = this.merchants[merchant];
    return global || country === this.customers[customer].country;
  }
}
