import { assert } from "../../src/core/assert.ts";
import { FEATURES } from "../../src/fraud/features/catalogue.ts";
import type { LabelledPayment } from "./labelled_payment.ts";

/** Rows of a block: 65,536 vectors of some 70 features are 20 MB. */
const BLOCK_ROWS = 1 << 16;

/**
 * Feature vectors of a whole data set with what is reported and true about each, in order of time. Held as 32-bit
 * floats in blocks, so that growing copies nothing: 1.75 million payments take 600 MB.
 */
export class LabelledPayments {
  length = 0;
  readonly #blocks: Block[] = [];
  readonly customers = new Names();
  readonly cards = new Names();
  readonly merchants = new Names();
  readonly stories = new Names();
  readonly countries = new Names();
  readonly categories = new Names();
  /** Payments that came without their attainable probability. */
  withoutPosterior = 0;
  /** By customer, the row of the latest payment so far. */
  readonly #latest: number[] = [];

  add(vector: Float64Array, { event, ...known }: LabelledPayment): void {
    const at = this.length % BLOCK_ROWS;
    if (at === 0) this.#blocks.push(new Block());
    const block = this.#blocks[this.#blocks.length - 1];
    block.vectors.set(vector, at * FEATURES.length);
    block.atMs[at] = event.occurredAtMs;
    block.amountUsd[at] = event.amountUsd;
    const customer = this.customers.placeOf(event.customerId);
    block.customer[at] = customer;
    block.previous[at] = this.#latest[customer] ?? NO_ROW;
    this.#latest[customer] = this.length;
    block.card[at] = this.cards.placeOf(event.cardId ?? event.customerId);
    block.merchant[at] = this.merchants.placeOf(event.merchantId);
    block.country[at] = this.countries.placeOf(event.customerCountry ?? UNKNOWN);
    block.category[at] = this.categories.placeOf(event.merchantCategory ?? UNKNOWN);
    block.fraud[at] = known.fraud ? 1 : 0;
    block.labelFraud[at] = known.label?.fraud ? 1 : 0;
    block.labelKnownAtMs[at] = known.label?.knownAtMs ?? Infinity;
    block.posterior[at] = known.posterior ?? NaN;
    block.story[at] = known.story === null ? NO_STORY : this.stories.placeOf(known.story);
    if (known.posterior === null) this.withoutPosterior++;
    this.length++;
  }

  /** Whether every payment came with its attainable probability. */
  get hasPosterior(): boolean {
    return this.withoutPosterior === 0;
  }

  /** A view of one payment's features, not a copy. */
  vector(row: number): Float32Array {
    const at = (row % BLOCK_ROWS) * FEATURES.length;
    return this.#block(row).vectors.subarray(at, at + FEATURES.length);
  }

  feature(row: number, feature: number): number {
    return this.#block(row).vectors[(row % BLOCK_ROWS) * FEATURES.length + feature];
  }

  atMs(row: number): number {
    return this.#block(row).atMs[row % BLOCK_ROWS];
  }

  amountUsd(row: number): number {
    return this.#block(row).amountUsd[row % BLOCK_ROWS];
  }

  /** A number for each customer, for drawing customers again. */
  customer(row: number): number {
    return this.#block(row).customer[row % BLOCK_ROWS];
  }

  /** The row of the same customer's payment before this one; null for the first. */
  previousOfCustomer(row: number): number | null {
    const previous = this.#block(row).previous[row % BLOCK_ROWS];
    return previous === NO_ROW ? null : previous;
  }

  /** A number for each card; a payment without one goes by its customer. */
  card(row: number): number {
    return this.#block(row).card[row % BLOCK_ROWS];
  }

  merchant(row: number): number {
    return this.#block(row).merchant[row % BLOCK_ROWS];
  }

  country(row: number): number {
    return this.#block(row).country[row % BLOCK_ROWS];
  }

  category(row: number): number {
    return this.#block(row).category[row % BLOCK_ROWS];
  }

  /** 1 where the payment was fraud, reported or not. */
  fraud(row: number): number {
    return this.#block(row).fraud[row % BLOCK_ROWS];
  }

  /** 1 where fraud had been reported by `atMs`. What nobody has reported counts as genuine. */
  labelAt(row: number, atMs: number): number {
    const block = this.#block(row);
    const at = row % BLOCK_ROWS;
    return block.labelFraud[at] === 1 && block.labelKnownAtMs[at] <= atMs ? 1 : 0;
  }

  /** NaN where the source does not know it. */
  posterior(row: number): number {
    return this.#block(row).posterior[row % BLOCK_ROWS];
  }

  story(row: number): string | null {
    const story = this.#block(row).story[row % BLOCK_ROWS];
    return story === NO_STORY ? null : this.stories.names[story];
  }

  /** The first row at or after an instant: rows from one instant to another lie between two of these. */
  rowAt(atMs: number): number {
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.atMs(middle) < atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #block(row: number): Block {
    assert(row < this.length, `Row ${row} of ${this.length} payments was asked for.`);
    return this.#blocks[Math.floor(row / BLOCK_ROWS)];
  }
}

const NO_STORY = 0xffff_ffff;
const NO_ROW = 0xffff_ffff;
const UNKNOWN = "unknown";

class Block {
  readonly vectors = new Float32Array(BLOCK_ROWS * FEATURES.length);
  readonly atMs = new Float64Array(BLOCK_ROWS);
  readonly amountUsd = new Float64Array(BLOCK_ROWS);
  readonly customer = new Uint32Array(BLOCK_ROWS);
  readonly previous = new Uint32Array(BLOCK_ROWS);
  readonly card = new Uint32Array(BLOCK_ROWS);
  readonly merchant = new Uint32Array(BLOCK_ROWS);
  // As many as there are payments: what a file calls a category may be anything.
  readonly country = new Uint32Array(BLOCK_ROWS);
  readonly category = new Uint32Array(BLOCK_ROWS);
  readonly fraud = new Uint8Array(BLOCK_ROWS);
  readonly labelFraud = new Uint8Array(BLOCK_ROWS);
  readonly labelKnownAtMs = new Float64Array(BLOCK_ROWS);
  readonly posterior = new Float64Array(BLOCK_ROWS);
  readonly story = new Uint32Array(BLOCK_ROWS);
}

/** Each name once, by the order in which it came. */
export class Names {
  readonly #places = new Map<string, number>();
  readonly names: string[] = [];

  placeOf(name: string): number {
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    this.#places.set(name, this.names.length);
    return this.names.push(name) - 1;
  }

  get size(): number {
    return this.names.length;
  }
}
