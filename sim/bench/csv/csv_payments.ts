import { hash32 } from "../../../src/core/random.ts";
import { Names } from "../../train/labelled_payments.ts";

/** One row of a file. Null and NaN where the file says nothing. */
export interface CsvPayment {
  readonly txId: string;
  readonly atMs: number;
  readonly amount: number;
  readonly customerId: string;
  readonly terminalId: string;
  readonly fraud: boolean;
  readonly cardId: string | null;
  readonly deviceId: string | null;
  readonly addressId: string | null;
  readonly country: string | null;
  readonly category: string | null;
  readonly merchantCountry: string | null;
  readonly customerCountry: string | null;
  readonly cardCountry: string | null;
  readonly story: string | null;
  readonly customerSinceMs: number;
  readonly posterior: number;
  /** Null when the file has no such column. */
  readonly labelFraud: boolean | null;
  readonly labelKnownAtMs: number | null;
}

const TEXTS = [
  "customerId",
  "terminalId",
  "cardId",
  "deviceId",
  "addressId",
  "country",
  "category",
  "merchantCountry",
  "customerCountry",
  "cardCountry",
  "story",
] as const;
const NUMBERS = ["atMs", "amount", "customerSinceMs", "posterior", "labelKnownAtMs"] as const;
const NONE = 0xffff_ffff;

/** The rows of a file as columns: 120 bytes a payment and each name once, so that millions fit beside their features. */
export class CsvPayments {
  length = 0;
  frauds = 0;
  /** The smallest amount that is one; Infinity where all are nothing. */
  leastAmount = Infinity;
  /** Whether the file says when labels became known. */
  hasLabelTimes = false;
  /** Whether it says what was reported, apart from what was true. */
  hasReports = false;
  #capacity = 1 << 16;
  readonly #txIds: string[] = [];
  readonly #names = Object.fromEntries(TEXTS.map((name) => [name, new Names()])) as Record<Text, Names>;
  readonly #texts = Object.fromEntries(
    TEXTS.map((name) => [name, new Uint32Array(this.#capacity)]),
  ) as Record<Text, Uint32Array>;
  readonly #numbers = Object.fromEntries(
    NUMBERS.map((name) => [name, new Float64Array(this.#capacity)]),
  ) as Record<NumberColumn, Float64Array>;
  #flags = new Uint8Array(this.#capacity);

  add(payment: CsvPayment): void {
    if (this.length === this.#capacity) this.#grow();
    const row = this.length++;
    if (payment.fraud) this.frauds++;
    if (payment.amount > 0 && payment.amount < this.leastAmount) this.leastAmount = payment.amount;
    this.#txIds.push(payment.txId);
    for (const name of TEXTS) {
      const text = payment[name];
      this.#texts[name][row] = text === null ? NONE : this.#names[name].placeOf(text);
    }
    for (const name of NUMBERS) this.#numbers[name][row] = payment[name] ?? NaN;
    this.#flags[row] = (payment.fraud ? 1 : 0) + (payment.labelFraud ? 2 : 0);
    this.hasLabelTimes ||= payment.labelKnownAtMs !== null;
    this.hasReports ||= payment.labelFraud !== null;
  }

  at(row: number): CsvPayment {
    const text = (name: Text) => {
      const place = this.#texts[name][row];
      return place === NONE ? null : this.#names[name].names[place];
    };
    const flags = this.#flags[row];
    return {
      txId: this.#txIds[row],
      atMs: this.#numbers.atMs[row],
      amount: this.#numbers.amount[row],
      customerId: text("customerId")!,
      terminalId: text("terminalId")!,
      fraud: (flags & 1) === 1,
      cardId: text("cardId"),
      deviceId: text("deviceId"),
      addressId: text("addressId"),
      country: text("country"),
      category: text("category"),
      merchantCountry: text("merchantCountry"),
      customerCountry: text("customerCountry"),
      cardCountry: text("cardCountry"),
      story: text("story"),
      customerSinceMs: this.#numbers.customerSinceMs[row],
      posterior: this.#numbers.posterior[row],
      labelFraud: this.hasReports ? (flags & 2) === 2 : null,
      labelKnownAtMs: this.hasLabelTimes ? this.#numbers.labelKnownAtMs[row] : null,
    };
  }

  /** By value of a column of texts, how many payments have it and how many of them are fraud; null for an empty cell. */
  countsBy(
    column: Text,
  ): { readonly value: string | null; readonly payments: number; readonly frauds: number }[] {
    const { names } = this.#names[column];
    const [payments, frauds] = [new Uint32Array(names.length + 1), new Uint32Array(names.length + 1)];
    for (let row = 0; row < this.length; row++) {
      const place = this.#texts[column][row];
      const at = place === NONE ? names.length : place;
      payments[at]++;
      frauds[at] += this.#flags[row] & 1;
    }
    return Array.from(payments, (count, at) => ({
      value: names[at] ?? null,
      payments: count,
      frauds: frauds[at],
    })).filter((its) => its.payments > 0);
  }

  /**
   * Rows by time; rows of one instant by chance, a hash of their id. Who put a file together from its genuine and its
   * fraudulent payments leaves the one before the other within each hour or day, and counts would tell which is which.
   */
  byTime(): Uint32Array {
    const { atMs } = this.#numbers;
    const order = new Uint32Array(this.length);
    const chance = new Uint32Array(this.length);
    let isSorted = true;
    for (let row = 0; row < this.length; row++) {
      order[row] = row;
      chance[row] = hash32(this.#txIds[row]);
      if (row > 0 && atMs[row] <= atMs[row - 1]) isSorted = false;
    }
    return isSorted ? order : order.sort((a, b) => atMs[a] - atMs[b] || chance[a] - chance[b] || a - b);
  }

  #grow(): void {
    this.#capacity *= 2;
    for (const name of TEXTS) {
      const larger = new Uint32Array(this.#capacity);
      larger.set(this.#texts[name]);
      this.#texts[name] = larger;
    }
    for (const name of NUMBERS) {
      const larger = new Float64Array(this.#capacity);
      larger.set(this.#numbers[name]);
      this.#numbers[name] = larger;
    }
    const flags = new Uint8Array(this.#capacity);
    flags.set(this.#flags);
    this.#flags = flags;
  }
}

export type Text = typeof TEXTS[number];
type NumberColumn = typeof NUMBERS[number];
