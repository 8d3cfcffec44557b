import { Draw } from "../world/draw.ts";

/*
 * The world of the Fraud Detection Handbook (Le Borgne, Siblini, Lebichot, Bontempi), written anew from its published
 * rules so that figures can be compared with the book's: no code or data of theirs is here, and the streams of chance
 * are ours, so the payments are others and their shares the same.
 */

export interface HandbookConfig {
  readonly seed: number;
  readonly days: number;
  readonly customers: number;
  readonly terminals: number;
  /** A customer pays at terminals no further away, on a square of 100 by 100. */
  readonly radius: number;
  readonly startMs: number;
}

export const DEFAULT_HANDBOOK: HandbookConfig = {
  seed: 0,
  days: 183,
  customers: 5_000,
  terminals: 10_000,
  radius: 5,
  startMs: Date.UTC(2018, 3, 1),
};

/** The book's three scenarios, as rules. */
export const SCENARIO = {
  largeAmount: { number: 1, aboveCents: 22_000 },
  terminal: { number: 2, perDay: 2, lastsDays: 28 },
  customer: { number: 3, perDay: 3, lastsDays: 14, share: 1 / 3, factor: 5 },
} as const;

/** Payments by time, a column a property; and what nobody but the generator knows of the customers. */
export interface HandbookWorld {
  readonly config: HandbookConfig;
  readonly count: number;
  readonly day: Uint16Array;
  /** Into the day. */
  readonly second: Uint32Array;
  readonly customer: Uint32Array;
  readonly terminal: Uint32Array;
  readonly amountCents: Uint32Array;
  /** 0 for genuine payments. */
  readonly scenario: Uint8Array;
  /** Mean of each customer's amounts; the deviation is half of it. */
  readonly meanAmount: Float64Array;
}

// Streams of this preset; they share nothing with the default world's.
const PURPOSE = { customer: 100, terminal: 101, day: 102, badTerminals: 103, badCustomers: 104 } as const;
const GRID = 100;

export function handbookWorld(config: HandbookConfig): HandbookWorld {
  const { customers, terminals, days, radius } = config;
  const draw = new Draw(config.seed);
  const terminalX = new Float64Array(terminals);
  const terminalY = new Float64Array(terminals);
  for (let t = 0; t < terminals; t++) {
    draw.at(PURPOSE.terminal, t);
    terminalX[t] = draw.between(0, GRID);
    terminalY[t] = draw.between(0, GRID);
  }
  const meanAmount = new Float64Array(customers);
  const rows: number[][] = Array.from({ length: days }, () => []);
  const drafts = new Drafts();
  for (let c = 0; c < customers; c++) {
    draw.at(PURPOSE.customer, c);
    const x = draw.between(0, GRID);
    const y = draw.between(0, GRID);
    const mean = draw.between(5, 100);
    const paymentsPerDay = draw.between(0, 4);
    meanAmount[c] = mean;
    const near: number[] = [];
    for (let t = 0; t < terminals; t++) {
      if (Math.hypot(terminalX[t] - x, terminalY[t] - y) < radius) near.push(t);
    }
    if (near.length === 0) continue;
    for (let day = 0; day < days; day++) {
      draw.at(PURPOSE.day, c, day);
      for (let left = draw.poisson(paymentsPerDay); left > 0; left--) {
        const second = Math.trunc(43_200 + 20_000 * draw.normal());
        // What would fall outside the day is not paid at all.
        if (second <= 0 || second >= 86_400) continue;
        let amount = mean + mean / 2 * draw.normal();
        if (amount < 0) amount = draw.between(0, 2 * mean);
        rows[day].push(
          drafts.add(second, c, near[draw.integer(0, near.length - 1)], Math.round(amount * 100)),
        );
      }
    }
  }
  const world = inOrder(config, rows, drafts, meanAmount);
  markFraud(world, draw);
  return world;
}

class Drafts {
  readonly second: number[] = [];
  readonly customer: number[] = [];
  readonly terminal: number[] = [];
  readonly amountCents: number[] = [];

  add(second: number, customer: number, terminal: number, amountCents: number): number {
    this.second.push(second);
    this.customer.push(customer);
    this.terminal.push(terminal);
    return this.amountCents.push(amountCents) - 1;
  }
}

function inOrder(
  config: HandbookConfig,
  rows: readonly number[][],
  drafts: Drafts,
  meanAmount: Float64Array,
): HandbookWorld {
  const count = drafts.second.length;
  const world = {
    config,
    count,
    day: new Uint16Array(count),
    second: new Uint32Array(count),
    customer: new Uint32Array(count),
    terminal: new Uint32Array(count),
    amountCents: new Uint32Array(count),
    scenario: new Uint8Array(count),
    meanAmount,
  };
  let place = 0;
  rows.forEach((ofDay, day) => {
    ofDay.sort((a, b) => drafts.second[a] - drafts.second[b] || a - b);
    for (const row of ofDay) {
      world.day[place] = day;
      world.second[place] = drafts.second[row];
      world.customer[place] = drafts.customer[row];
      world.terminal[place] = drafts.terminal[row];
      world.amountCents[place++] = drafts.amountCents[row];
    }
  });
  return world;
}

/** Later scenarios overrule earlier ones, as in the book. */
function markFraud(world: HandbookWorld, draw: Draw): void {
  const { config, count, day, amountCents, scenario } = world;
  const { largeAmount, terminal, customer } = SCENARIO;
  for (let i = 0; i < count; i++) {
    if (amountCents[i] > largeAmount.aboveCents) scenario[i] = largeAmount.number;
  }
  const byTerminal = rowsBy(world.terminal, config.terminals);
  const byCustomer = rowsBy(world.customer, config.customers);
  for (let from = 0; from < config.days; from++) {
    draw.at(PURPOSE.badTerminals, from);
    for (const bad of drawDifferent(terminal.perDay, config.terminals, draw)) {
      for (const row of byTerminal(bad)) {
        if (day[row] >= from && day[row] < from + terminal.lastsDays) scenario[row] = terminal.number;
      }
    }
  }
  for (let from = 0; from < config.days; from++) {
    draw.at(PURPOSE.badCustomers, from);
    const pool: number[] = [];
    for (const bad of drawDifferent(customer.perDay, config.customers, draw)) {
      for (const row of byCustomer(bad)) {
        if (day[row] >= from && day[row] < from + customer.lastsDays) pool.push(row);
      }
    }
    // A third of what the three pay together, not of what each pays.
    for (let left = Math.floor(pool.length * customer.share); left > 0; left--) {
      const at = draw.integer(0, pool.length - 1);
      const row = pool[at];
      pool[at] = pool[pool.length - 1];
      pool.pop();
      amountCents[row] *= customer.factor;
      scenario[row] = customer.number;
    }
  }
}

function drawDifferent(howMany: number, from: number, draw: Draw): number[] {
  const drawn = new Set<number>();
  while (drawn.size < Math.min(howMany, from)) drawn.add(draw.integer(0, from - 1));
  return [...drawn];
}

/** The rows of each entity, in order of time. */
export function rowsBy(entity: Uint32Array, entities: number): (of: number) => Uint32Array {
  const first = new Uint32Array(entities + 1);
  for (let i = 0; i < entity.length; i++) first[entity[i] + 1]++;
  for (let e = 0; e < entities; e++) first[e + 1] += first[e];
  const next = first.slice();
  const rows = new Uint32Array(entity.length);
  for (let i = 0; i < entity.length; i++) rows[next[entity[i]]++] = i;
  return (of) => rows.subarray(first[of], first[of + 1]);
}
