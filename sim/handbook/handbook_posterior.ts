import { type HandbookWorld, rowsBy, SCENARIO } from "./handbook_world.ts";

/** Labels arrive this long after the payment, in the book's own evaluation. */
export const LABEL_DELAY_DAYS = 7;

/**
 * The true probability that each payment is fraud, given what could be known when it was made: all payments before it,
 * the labels older than {@link LABEL_DELAY_DAYS}, the rules of the three scenarios, and each customer's spending
 * profile, which half a year of payments shows well enough.
 *
 * By Bayes' rule over the day on which the terminal, and the customer, began to be compromised. Exact but for three
 * simplifications: a terminal or customer is taken to be compromised once within two windows, not twice (0.6% and 0.8%
 * of the time); a third of the payments are drawn one by one instead of from three customers' pool; and what the labels
 * of one customer say about a terminal is weighed with the probabilities of the time, not revised later.
 */
export function handbookPosterior(world: HandbookWorld): Float64Array {
  const { count, amountCents } = world;
  const multiplied = new Float64Array(count);
  const atTerminal = new Float64Array(count);
  const posterior = new Float64Array(count);
  const terminals = new TerminalBelief(world, multiplied);
  const customers = new CustomerBelief(world, atTerminal);
  for (let row = 0; row < count; row++) {
    multiplied[row] = customers.multipliedNow(row);
    atTerminal[row] = terminals.compromisedNow(row);
    posterior[row] = amountCents[row] > SCENARIO.largeAmount.aboveCents
      ? 1
      : 1 - (1 - multiplied[row]) * (1 - atTerminal[row]);
  }
  return posterior;
}

/** Whether a label of row `past` is known at the time of row `now`. */
function isKnown({ day, second }: HandbookWorld, past: number, now: number): boolean {
  const elapsedDays = day[now] - day[past];
  return elapsedDays > LABEL_DELAY_DAYS || elapsedDays === LABEL_DELAY_DAYS && second[past] <= second[now];
}

class TerminalBelief {
  readonly #world: HandbookWorld;
  readonly #multiplied: Float64Array;
  readonly #rowsOf: (terminal: number) => Uint32Array;
  readonly #seen: Uint32Array;
  readonly #startChance: number;

  /** @param multiplied how likely each earlier row was fraud for the customer's sake */
  constructor(world: HandbookWorld, multiplied: Float64Array) {
    this.#world = world;
    this.#multiplied = multiplied;
    this.#rowsOf = rowsBy(world.terminal, world.config.terminals);
    this.#seen = new Uint32Array(world.config.terminals);
    this.#startChance = SCENARIO.terminal.perDay / world.config.terminals;
  }

  /** Rows are asked for once each, in order. */
  compromisedNow(row: number): number {
    const { day, scenario, amountCents, terminal } = this.#world;
    const rows = this.#rowsOf(terminal[row]);
    const today = day[row];
    const { lastsDays } = SCENARIO.terminal;
    // A genuine payment known of some day says that nothing began within the window before it.
    let earliestStart = Math.max(0, today - 2 * lastsDays);
    const weightByDay = new Float64Array(today - earliestStart + 1).fill(1);
    for (let i = this.#seen[terminal[row]]++ - 1; i >= 0; i--) {
      const past = rows[i];
      if (day[past] < earliestStart) break;
      if (!isKnown(this.#world, past, row)) continue;
      if (scenario[past] === 0) {
        earliestStart = day[past] + 1;
        break;
      }
      // A large amount is fraud anywhere; any other fraud has this terminal to blame, or else the customer.
      if (amountCents[past] > SCENARIO.largeAmount.aboveCents) continue;
      const otherwise = Math.max(LEAST, this.#multiplied[past]);
      const offset = today - weightByDay.length + 1;
      for (let start = Math.max(offset, day[past] - lastsDays + 1); start <= day[past]; start++) {
        weightByDay[start - offset] /= otherwise;
      }
    }
    let [on, off] = [0, 0];
    for (let start = earliestStart; start <= today; start++) {
      const weight = this.#startChance * weightByDay[start - today + weightByDay.length - 1];
      if (start > today - lastsDays) on += weight;
      else off += weight;
    }
    return on / (1 + on + off);
  }
}

class CustomerBelief {
  readonly #world: HandbookWorld;
  readonly #atTerminal: Float64Array;
  readonly #rowsOf: (customer: number) => Uint32Array;
  readonly #seen: Uint32Array;
  readonly #startChance: number;

  /** @param atTerminal how likely each earlier row's terminal was compromised */
  constructor(world: HandbookWorld, atTerminal: Float64Array) {
    this.#world = world;
    this.#atTerminal = atTerminal;
    this.#rowsOf = rowsBy(world.customer, world.config.customers);
    this.#seen = new Uint32Array(world.config.customers);
    this.#startChance = SCENARIO.customer.perDay / world.config.customers;
  }

  /** Rows are asked for once each, in order. */
  multipliedNow(row: number): number {
    const { day, customer, amountCents, meanAmount } = this.#world;
    const { lastsDays, share } = SCENARIO.customer;
    const today = day[row];
    const rows = this.#rowsOf(customer[row]);
    const firstDay = Math.max(0, today - 2 * lastsDays + 2);
    // How much likelier each day's payments are when the customer was compromised on it.
    const ratioByDay = new Float64Array(today - firstDay + 1).fill(1);
    for (let i = this.#seen[customer[row]]++ - 1; i >= 0 && day[rows[i]] >= firstDay; i--) {
      ratioByDay[day[rows[i]] - firstDay] *= this.#ratio(rows[i], row);
    }
    let [on, off] = [0, 0];
    for (let start = firstDay; start <= today; start++) {
      let weight = this.#startChance;
      for (let d = start; d <= Math.min(today, start + lastsDays - 1); d++) {
        weight *= ratioByDay[d - firstDay];
      }
      if (start > today - lastsDays) on += weight;
      else off += weight;
    }
    const amount = amountCents[row] / 100;
    const mean = meanAmount[customer[row]];
    const usual = amountDensity(amount, mean);
    const fivefold = fivefoldDensity(amount, mean);
    const likely = on * share * fivefold;
    return likely / ((1 + off) * usual + on * (1 - share) * usual + likely);
  }

  #ratio(past: number, now: number): number {
    const { customer, amountCents, meanAmount, scenario } = this.#world;
    const { share } = SCENARIO.customer;
    const amount = amountCents[past] / 100;
    const mean = meanAmount[customer[past]];
    const tells = amountCents[past] <= SCENARIO.largeAmount.aboveCents && isKnown(this.#world, past, now);
    if (tells && scenario[past] === 0) return 1 - share;
    const likelier = Math.min(1 / LEAST, fivefoldDensity(amount, mean) / amountDensity(amount, mean));
    // A known fraud was multiplied, or else it happened at a compromised terminal.
    return 1 - share + share * likelier / (tells ? Math.max(LEAST, this.#atTerminal[past]) : 1);
  }
}

/** No single payment counts for more than a million to one, so that no product of dozens leaves the range of numbers. */
const LEAST = 1e-6;

/** Density of a customer's amounts: normal, and what would be negative drawn anew between 0 and twice the mean. */
function amountDensity(amount: number, mean: number): number {
  const deviation = mean / 2;
  const z = (amount - mean) / deviation;
  const redrawn = amount <= 2 * mean ? BELOW_ZERO / (2 * mean) : 0;
  // Far out, where nobody's own amounts lie, any number that is small enough will do.
  return Math.max(1e-100, Math.exp(-z * z / 2) / (deviation * Math.sqrt(2 * Math.PI)) + redrawn);
}

/** Of a standard normal below −2. */
const BELOW_ZERO = 0.02275;

function fivefoldDensity(amount: number, mean: number): number {
  const { factor } = SCENARIO.customer;
  return amountDensity(amount / factor, mean) / factor;
}
