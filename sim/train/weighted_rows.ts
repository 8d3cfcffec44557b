import type { PaymentRows } from "./payment_rows.ts";

/** Payments to train on or to judge by: a sample, each with how many it stands for. */
export interface WeightedRows {
  readonly length: number;
  vector(row: number): Float64Array | Float32Array;
  /** 1 where fraud had been reported when the model was made. */
  readonly label: Uint8Array;
  readonly weight: Float32Array;
  /** How many frauds the affair of a fraud has in the mean; 1 when left out. */
  readonly fraudsAnAffair?: number;
}

/** Chosen payments of a data set with the labels of one instant. */
export class SampledRows implements WeightedRows {
  readonly length: number;
  readonly label: Uint8Array;
  readonly weight: Float32Array;

  constructor(
    readonly payments: PaymentRows,
    /** Places in the data set, in order of time. */
    readonly rows: Uint32Array,
    labelsKnownAtMs: number,
    weightOf: (label: number) => number = () => 1,
  ) {
    this.length = rows.length;
    this.label = Uint8Array.from(rows, (row) => payments.labelAt(row, labelsKnownAtMs));
    this.weight = Float32Array.from(this.label, (label) => weightOf(label));
  }

  vector(row: number): Float32Array {
    return this.payments.vector(this.rows[row]);
  }

  /** Of one customer, or at one merchant: whichever binds more of them together. */
  get fraudsAnAffair(): number {
    const frauds = this.rows.filter((_, i) => this.label[i] === 1);
    return Math.max(
      ownGroupSize(frauds, (row) => this.payments.customer(row)),
      ownGroupSize(frauds, (row) => this.payments.merchant(row)),
    );
  }

  get frauds(): number {
    return this.label.reduce((sum, label) => sum + label, 0);
  }
}

/** The mean size of the group that a row is in; 1 without rows. */
function ownGroupSize(rows: Uint32Array, groupOf: (row: number) => number): number {
  const sizes = new Map<number, number>();
  for (const row of rows) sizes.set(groupOf(row), (sizes.get(groupOf(row)) ?? 0) + 1);
  let squares = 0;
  for (const size of sizes.values()) squares += size * size;
  return rows.length === 0 ? 1 : squares / rows.length;
}
