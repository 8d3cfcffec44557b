import { assert } from "../../src/core/assert.ts";
import { FEATURES } from "../../src/fraud/features/catalogue.ts";

/** Rows of a block: 65,536 vectors of 104 features are 27 MB. */
export const BLOCK_ROWS = 1 << 16;

/**
 * What training and judging read of a data set: feature vectors with what is reported and true about each, in order of
 * time. Held as 32-bit floats in blocks, so that growing copies nothing: 1.75 million payments take 830 MB. The blocks
 * are shared memory, so that threads read the same ones ({@link PaymentRows.shared}).
 */
export class PaymentRows {
  length = 0;
  /** By code, the name of each category that any payment has; only for people to read. */
  readonly categoryNames = new Map<number, string>();
  protected readonly blocks: Block[] = [];
  protected customersSoFar = 0;

  /** What another thread makes the same rows of; they must not grow from then on. */
  shared(): SharedPayments {
    const { length, customersSoFar: customers, blocks, categoryNames } = this;
    return { length, customers, blocks, categoryNames };
  }

  /** The same memory, not a copy. */
  static of({ length, customers, blocks, categoryNames }: SharedPayments): PaymentRows {
    const rows = new PaymentRows();
    rows.length = length;
    rows.customersSoFar = customers;
    rows.blocks.push(...blocks);
    for (const [code, name] of categoryNames) rows.categoryNames.set(code, name);
    return rows;
  }

  /** Customers are numbered from 0 to below this. */
  get customerCount(): number {
    return this.customersSoFar;
  }

  /** A view of one payment's features, not a copy. */
  vector(row: number): Float32Array {
    const at = (row % BLOCK_ROWS) * FEATURES.length;
    return this.block(row).vectors.subarray(at, at + FEATURES.length);
  }

  feature(row: number, feature: number): number {
    return this.block(row).vectors[(row % BLOCK_ROWS) * FEATURES.length + feature];
  }

  atMs(row: number): number {
    return this.block(row).atMs[row % BLOCK_ROWS];
  }

  amountUsd(row: number): number {
    return this.block(row).amountUsd[row % BLOCK_ROWS];
  }

  /** A number for each customer, for drawing customers again. */
  customer(row: number): number {
    return this.block(row).customer[row % BLOCK_ROWS];
  }

  /** The row of the same customer's payment before this one; null for the first. */
  previousOfCustomer(row: number): number | null {
    const previous = this.block(row).previous[row % BLOCK_ROWS];
    return previous === NO_ROW ? null : previous;
  }

  /** A number for each card; a payment without one goes by its customer. */
  card(row: number): number {
    return this.block(row).card[row % BLOCK_ROWS];
  }

  merchant(row: number): number {
    return this.block(row).merchant[row % BLOCK_ROWS];
  }

  country(row: number): number {
    return this.block(row).country[row % BLOCK_ROWS];
  }

  category(row: number): number {
    return this.block(row).category[row % BLOCK_ROWS];
  }

  /** 1 where the payment was fraud, reported or not. */
  fraud(row: number): number {
    return this.block(row).fraud[row % BLOCK_ROWS];
  }

  /** 1 where fraud had been reported by `atMs`. What nobody has reported counts as genuine. */
  labelAt(row: number, atMs: number): number {
    const block = this.block(row);
    const at = row % BLOCK_ROWS;
    return block.labelFraud[at] === 1 && block.labelKnownAtMs[at] <= atMs ? 1 : 0;
  }

  /** NaN where the source does not know it. */
  posterior(row: number): number {
    return this.block(row).posterior[row % BLOCK_ROWS];
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

  protected block(row: number): Block {
    // Asked first, so that no message is put together for each of the rows that are there.
    if (row >= this.length) assert(false, `Row ${row} of ${this.length} payments was asked for.`);
    return this.blocks[Math.floor(row / BLOCK_ROWS)];
  }
}

export const NO_ROW = 0xffff_ffff;

/** A data set as it is handed to another thread: views of one memory. */
export interface SharedPayments {
  readonly length: number;
  readonly customers: number;
  readonly blocks: readonly Block[];
  readonly categoryNames: ReadonlyMap<number, string>;
}

export class Block {
  readonly vectors = inSharedMemory(Float32Array, BLOCK_ROWS * FEATURES.length);
  readonly atMs = inSharedMemory(Float64Array, BLOCK_ROWS);
  readonly amountUsd = inSharedMemory(Float64Array, BLOCK_ROWS);
  readonly customer = inSharedMemory(Uint32Array, BLOCK_ROWS);
  readonly previous = inSharedMemory(Uint32Array, BLOCK_ROWS);
  readonly card = inSharedMemory(Uint32Array, BLOCK_ROWS);
  readonly merchant = inSharedMemory(Uint32Array, BLOCK_ROWS);
  // As many as there are payments: what a file calls a category may be anything.
  readonly country = inSharedMemory(Uint32Array, BLOCK_ROWS);
  readonly category = inSharedMemory(Uint32Array, BLOCK_ROWS);
  readonly fraud = inSharedMemory(Uint8Array, BLOCK_ROWS);
  readonly labelFraud = inSharedMemory(Uint8Array, BLOCK_ROWS);
  readonly labelKnownAtMs = inSharedMemory(Float64Array, BLOCK_ROWS);
  readonly posterior = inSharedMemory(Float64Array, BLOCK_ROWS);
  readonly story = inSharedMemory(Uint32Array, BLOCK_ROWS);
}

function inSharedMemory<Values>(
  kind: { new (memory: SharedArrayBuffer): Values; readonly BYTES_PER_ELEMENT: number },
  length: number,
): Values {
  return new kind(new SharedArrayBuffer(length * kind.BYTES_PER_ELEMENT));
}
