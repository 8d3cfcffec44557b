import { LABEL_DELAY_DAYS } from "./handbook_posterior.ts";
import { type HandbookWorld, rowsBy } from "./handbook_world.ts";

/**
 * The fifteen features that the book judges its models by, so that a figure of this preset can be held against the
 * book's: amount, weekend, night; the customer's payments and mean amount in windows of 1, 7 and 30 days; the
 * terminal's payments and share of fraud in the same windows, a week earlier, when labels are known. Windows slide
 * and include the payment itself. They are no part of the product: its own features are in src/fraud/features.
 */
export const BOOK_FEATURES = [
  "amount",
  "weekend",
  "night",
  ...[1, 7, 30].flatMap((days) => [`customer_payments_${days}d`, `customer_mean_amount_${days}d`]),
  ...[1, 7, 30].flatMap((days) => [`terminal_payments_${days}d`, `terminal_risk_${days}d`]),
] as const;

const WINDOWS_DAYS = [1, 7, 30] as const;
const DAY_S = 86_400;
const LAST_HOUR_OF_NIGHT = 6;

/** A row of fifteen for each payment of the world. */
export function bookFeatures(world: HandbookWorld): Float32Array {
  const { count, amountCents, customer, terminal, scenario, config } = world;
  const width = BOOK_FEATURES.length;
  const out = new Float32Array(count * width);
  const atS = Float64Array.from({ length: count }, (_, row) => world.day[row] * DAY_S + world.second[row]);
  for (let row = 0; row < count; row++) {
    const weekday = new Date(config.startMs + world.day[row] * DAY_S * 1000).getUTCDay();
    out[row * width] = amountCents[row] / 100;
    out[row * width + 1] = weekday === 0 || weekday === 6 ? 1 : 0;
    out[row * width + 2] = Math.floor(world.second[row] / 3600) <= LAST_HOUR_OF_NIGHT ? 1 : 0;
  }
  const customers = rowsBy(customer, config.customers);
  for (let c = 0; c < config.customers; c++) {
    const rows = customers(c);
    WINDOWS_DAYS.forEach((days, w) => {
      const window = new SlidingWindow(rows, atS, (row) => amountCents[row] / 100, days * DAY_S);
      for (const row of rows) {
        const { payments, sum } = window.upTo(atS[row]);
        out[row * width + 3 + 2 * w] = payments;
        out[row * width + 4 + 2 * w] = sum / payments;
      }
    });
  }
  const terminals = rowsBy(terminal, config.terminals);
  for (let t = 0; t < config.terminals; t++) {
    const rows = terminals(t);
    WINDOWS_DAYS.forEach((days, w) => {
      const window = new SlidingWindow(rows, atS, (row) => scenario[row] > 0 ? 1 : 0, days * DAY_S);
      for (const row of rows) {
        const { payments, sum } = window.upTo(atS[row] - LABEL_DELAY_DAYS * DAY_S);
        out[row * width + 9 + 2 * w] = payments;
        out[row * width + 10 + 2 * w] = payments === 0 ? 0 : sum / payments;
      }
    });
  }
  return out;
}

/** Counts and sums of one entity's rows in a window that moves on with time. */
class SlidingWindow {
  #next = 0;
  #oldest = 0;
  #sum = 0;

  constructor(
    readonly rows: Uint32Array,
    readonly atS: Float64Array,
    readonly value: (row: number) => number,
    readonly lengthS: number,
  ) {}

  /** The rows from after `untilS` − length to `untilS`, which never goes back. */
  upTo(untilS: number): { payments: number; sum: number } {
    const { rows, atS, value, lengthS } = this;
    while (this.#next < rows.length && atS[rows[this.#next]] <= untilS) {
      this.#sum += value(rows[this.#next++]);
    }
    while (this.#oldest < this.#next && atS[rows[this.#oldest]] <= untilS - lengthS) {
      this.#sum -= value(rows[this.#oldest++]);
    }
    return { payments: this.#next - this.#oldest, sum: this.#sum };
  }
}
