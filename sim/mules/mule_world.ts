import { Random } from "../../src/core/random.ts";

/**
 * Months of transfers between people, with mule networks planted among them. Only what a bank would see: who, whom,
 * how much, when; and, for the scoreboard, which transfers belong to a network.
 *
 * Honest people make it hard on purpose: flatmates pay one person their rents, a collector gathers for a gift from
 * colleagues who never paid before, parents pass an allowance on, somebody moves and pays five new people in a day,
 * and some sell things to strangers.
 */
export interface MuleTransfer {
  readonly fromId: string;
  readonly toId: string;
  readonly amountUsd: number;
  readonly atMs: number;
  /** The network it belongs to; null for honest ones. */
  readonly network: number | null;
  /** What an honest transfer was for. */
  readonly story: string;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

export interface MuleWorldOptions {
  readonly seed: number;
  readonly people: number;
  readonly days: number;
  readonly networks: number;
}

export function generateMuleWorld(options: MuleWorldOptions): MuleTransfer[] {
  const random = new Random(options.seed);
  const transfers = [
    ...honestTransfers(random.fork("honest"), options),
    ...Array.from(
      { length: options.networks },
      (_, i) => muleNetwork(random.fork(`network/${i}`), i, options),
    ).flat(),
  ];
  return transfers.sort((a, b) => a.atMs - b.atMs);
}

const person = (index: number) => `wallet:p${index}:USD`;

/** A time of day people are awake at. */
function wakingMs(random: Random, day: number): number {
  return day * DAY_MS + Math.round(random.between(7, 23) * HOUR_MS);
}

function honestTransfers(random: Random, { people, days }: MuleWorldOptions): MuleTransfer[] {
  const made: MuleTransfer[] = [];
  const pay = (story: string, from: number, to: number, amountUsd: number, atMs: number) => {
    if (from === to || atMs >= days * DAY_MS) return;
    made.push({
      fromId: person(from),
      toId: person(to),
      amountUsd: Math.round(amountUsd * 100) / 100,
      atMs,
      network: null,
      story,
    });
  };
  const anyone = () => random.integer(0, people - 1);
  for (let who = 0; who < people; who++) {
    const friends = Array.from({ length: random.integer(2, 8) }, anyone);
    const rate = random.between(0.02, 0.3);
    for (let day = 0; day < days; day++) {
      for (let i = random.poisson(rate); i > 0; i--) {
        // One in twelve goes to somebody new: a purchase, a favour.
        const to = random.chance(1 / 12) ? anyone() : random.pick(friends);
        pay("everyday", who, to, random.logNormal(3.4, 0.9), wakingMs(random, day));
      }
    }
    // Rent: three to five flatmates to one of them, monthly.
    if (random.chance(0.06)) {
      const flat = Array.from({ length: random.integer(3, 5) }, anyone);
      const rent = random.between(350, 900);
      for (let day = random.integer(0, 27); day < days; day += 30) {
        for (const mate of flat) pay("rent", mate, who, rent, wakingMs(random, day + random.integer(0, 2)));
      }
    }
    // A gift collected from colleagues.
    if (random.chance(0.05)) {
      const day = random.integer(0, days - 3);
      for (let i = random.integer(5, 15); i > 0; i--) {
        pay("gift", anyone(), who, random.between(10, 60), wakingMs(random, day));
      }
    }
    // An allowance that comes from one parent and is passed on, in part or whole, to the children.
    if (random.chance(0.05)) {
      const [parent, child] = [anyone(), anyone()];
      const amount = random.between(200, 900);
      for (let day = random.integer(0, 27); day < days; day += random.pick([14, 30])) {
        const atMs = wakingMs(random, day);
        pay("allowance", parent, who, amount, atMs);
        pay(
          "allowance",
          who,
          child,
          amount * random.between(0.3, 1),
          atMs + random.between(0.2, 30) * HOUR_MS,
        );
      }
    }
    // Moving house: deposit, movers, furniture, all new people on a day or two.
    if (random.chance(0.03)) {
      const day = random.integer(0, days - 3);
      for (let i = random.integer(2, 5); i > 0; i--) {
        pay("moving", who, anyone(), random.between(80, 900), wakingMs(random, day + random.integer(0, 1)));
      }
    }
  }
  return made;
}

/**
 * Victims pay a collector within hours, the collector passes it on through one or two layers of mules, each keeping a
 * share; or a mule is paid once and cuts the sum up below a limit.
 */
function muleNetwork(random: Random, network: number, { people, days }: MuleWorldOptions): MuleTransfer[] {
  const made: MuleTransfer[] = [];
  const pay = (fromId: string, toId: string, amountUsd: number, atMs: number) =>
    made.push({
      fromId,
      toId,
      amountUsd: Math.round(amountUsd * 100) / 100,
      atMs: Math.round(atMs),
      network,
      story: "mules",
    });
  const mule = (name: string) => `wallet:m${network}-${name}:USD`;
  const startMs = wakingMs(random, random.integer(30, days - 5));
  const kept = () => random.between(0.82, 0.97);

  if (random.chance(0.3)) {
    // One large theft, cut up below a limit.
    const sum = random.between(3_500, 9_000);
    const cutter = mule("cutter");
    pay(person(random.integer(0, people - 1)), cutter, sum, startMs);
    let left = sum * kept();
    let atMs = startMs;
    for (let i = 0; left > 950 && i < 9; i++) {
      const part = random.between(905, 995);
      atMs += random.between(0.3, 5) * HOUR_MS;
      pay(cutter, mule(`out${i % 3}`), part, atMs);
      left -= part;
    }
    return made;
  }
  const collector = mule("collector");
  const victims = random.integer(4, 14);
  let collected = 0;
  let atMs = startMs;
  for (let i = 0; i < victims; i++) {
    atMs += random.exponential(1.2) * HOUR_MS;
    const amount = Math.min(2_500, random.logNormal(5.9, 0.5));
    pay(person(random.integer(0, people - 1)), collector, amount, atMs);
    collected += amount;
  }
  const layers = random.integer(1, 2);
  let holders: [string, number][] = [[collector, collected]];
  for (let layer = 0; layer < layers; layer++) {
    const next: [string, number][] = [];
    for (const [holder, held] of holders) {
      const parts = random.integer(1, 4);
      const passed = held * kept();
      atMs += random.between(0.1, 4) * HOUR_MS;
      for (let i = 0; i < parts; i++) {
        const to = mule(`l${layer}-${next.length}`);
        pay(holder, to, passed / parts, atMs + i * random.between(0.02, 0.6) * HOUR_MS);
        next.push([to, passed / parts]);
      }
    }
    holders = next;
  }
  return made;
}
