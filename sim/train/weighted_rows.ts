import type { PaymentRows } from "./payment_rows.ts";

/** Payments to train on or to judge by: a sample, each with how many it stands for. */
export interface WeightedRows {
  readonly length: number;
  vector(row: number): Float64Array | Float32Array;
  /** 1 where fraud had been reported when the model was made. */
  readonly label: Uint8Array;
  readonly weight: Float32Array;
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

  get frauds(): number {
    return this.label.reduce((sum, label) => sum + label, 0);
  }
}
