import { assert } from "../../src/core/assert.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";

/** Never reported. */
export const NO_REPORT = 0;

/**
 * Payments as columns: half a million a second are made this way, a tenth of that as objects. A column holds the
 * places of customers, cards, merchants, countries and currencies in the world's tables.
 */
export class PaymentColumns {
  length = 0;
  occurredAtMs: Float64Array;
  customer: Uint32Array;
  card: Uint32Array;
  merchant: Uint32Array;
  /** 48-bit name; 0 for none. */
  device: Float64Array;
  /** Household or drop address + 1; 0 when nothing is sent. */
  address: Uint32Array;
  /** The network that the payment comes through, which names its IP address. */
  network: Uint32Array;
  country: Uint8Array;
  currency: Uint8Array;
  amountMinor: Float64Array;
  channel: Uint8Array;
  /** Story + 1 that the payment looks like; 0 for ordinary ones. */
  story: Uint8Array;
  tactic: Uint8Array;
  episode: Float64Array;
  fraud: Uint8Array;
  posterior: Float64Array;
  /** {@link NO_REPORT} for none. */
  labelKnownAtMs: Float64Array;
  labelFraud: Uint8Array;

  constructor(capacity = 4096) {
    this.occurredAtMs = new Float64Array(capacity);
    this.customer = new Uint32Array(capacity);
    this.card = new Uint32Array(capacity);
    this.merchant = new Uint32Array(capacity);
    this.device = new Float64Array(capacity);
    this.address = new Uint32Array(capacity);
    this.network = new Uint32Array(capacity);
    this.country = new Uint8Array(capacity);
    this.currency = new Uint8Array(capacity);
    this.amountMinor = new Float64Array(capacity);
    this.channel = new Uint8Array(capacity);
    this.story = new Uint8Array(capacity);
    this.tactic = new Uint8Array(capacity);
    this.episode = new Float64Array(capacity);
    this.fraud = new Uint8Array(capacity);
    this.posterior = new Float64Array(capacity);
    this.labelKnownAtMs = new Float64Array(capacity);
    this.labelFraud = new Uint8Array(capacity);
  }

  /** A row to fill: every column of it must be written, what stands there is of an earlier day. */
  next(): number {
    if (this.length === this.occurredAtMs.length) this.#resize(this.length * 2);
    return this.length++;
  }

  clear(): void {
    this.length = 0;
  }

  /**
   * The rows by time, each strictly later than the one before: two payments of one millisecond may touch one
   * merchant, so the later one waits. `sorted` is filled and returned.
   */
  sortByTime(dayStartMs: number, sorted: PaymentColumns): PaymentColumns {
    const n = this.length;
    if (sorted.occurredAtMs.length < n) sorted.#resize(this.occurredAtMs.length);
    sorted.length = n;
    // One number holds time and row, so that the engine's own sort of numbers can be used: 27 bits and 22 bits.
    assert(n < ROWS_PER_DAY, `A day of ${n} payments is too long: the most is ${ROWS_PER_DAY}.`);
    const keys = new Float64Array(n);
    const offsetMs = this.occurredAtMs;
    for (let i = 0; i < n; i++) keys[i] = (offsetMs[i] - dayStartMs) * ROWS_PER_DAY + i;
    keys.sort();
    const order = new Uint32Array(n);
    let last = dayStartMs - 1;
    for (let place = 0; place < n; place++) {
      const atMs = Math.floor(keys[place] / ROWS_PER_DAY);
      order[place] = keys[place] - atMs * ROWS_PER_DAY;
      last = Math.max(dayStartMs + atMs, last + 1);
      sorted.occurredAtMs[place] = last;
    }
    assert(last < dayStartMs + DAY_MS, "The payments of a day do not fit into it, one a millisecond.");
    gather(order, this.customer, sorted.customer);
    gather(order, this.card, sorted.card);
    gather(order, this.merchant, sorted.merchant);
    gatherDoubles(order, this.device, sorted.device);
    gather(order, this.address, sorted.address);
    gather(order, this.network, sorted.network);
    gatherBytes(order, this.country, sorted.country);
    gatherBytes(order, this.currency, sorted.currency);
    gatherDoubles(order, this.amountMinor, sorted.amountMinor);
    gatherBytes(order, this.channel, sorted.channel);
    gatherBytes(order, this.story, sorted.story);
    gatherBytes(order, this.tactic, sorted.tactic);
    gatherDoubles(order, this.episode, sorted.episode);
    gatherBytes(order, this.fraud, sorted.fraud);
    gatherDoubles(order, this.posterior, sorted.posterior);
    gatherDoubles(order, this.labelKnownAtMs, sorted.labelKnownAtMs);
    gatherBytes(order, this.labelFraud, sorted.labelFraud);
    return sorted;
  }

  #resize(capacity: number): void {
    const grown = new PaymentColumns(capacity);
    for (const [name, column] of Object.entries(this)) {
      if (ArrayBuffer.isView(column)) {
        const larger = grown[name as keyof PaymentColumns] as unknown as Float64Array;
        larger.set(column as Float64Array);
        (this as unknown as Record<string, unknown>)[name] = larger;
      }
    }
  }
}

const ROWS_PER_DAY = 4_194_304;

// One function for each kind of array: shared by all kinds, the loop would not be compiled for any.
function gather(order: Uint32Array, from: Uint32Array, to: Uint32Array): void {
  for (let i = 0; i < order.length; i++) to[i] = from[order[i]];
}

function gatherDoubles(order: Uint32Array, from: Float64Array, to: Float64Array): void {
  for (let i = 0; i < order.length; i++) to[i] = from[order[i]];
}

function gatherBytes(order: Uint32Array, from: Uint8Array, to: Uint8Array): void {
  for (let i = 0; i < order.length; i++) to[i] = from[order[i]];
}
