import { FEATURE_INDEX, type FeatureName } from "../../../src/fraud/features/catalogue.ts";
import { binCount, encodeInputs, inputCount, inputPosition } from "../../../src/fraud/model/encode_inputs.ts";
import type { InputSpec } from "../../../src/fraud/model/manifest.ts";
import { EncodedRows } from "../encoded_rows.ts";
import type { PaymentRows } from "../payment_rows.ts";
import type { GruShape } from "./gru_layers.ts";
import type { SequenceRows } from "./train_gru.ts";

/** The payment itself and the seven that its customer made before it. */
export const STEPS = 8;

/**
 * What a step tells of its payment: mostly what the payment itself is, and little of what the features sum up about its
 * past, which the present payment's own vector has already. All of it was known when that payment was asked for.
 */
export const STEP_FEATURES = [
  "amount_ln",
  "amount_small",
  "amount_vs_usual",
  "amount_vs_merchant",
  "resale_category",
  "merchant_category",
  "hour_sin",
  "hour_cos",
  "customer_idle_hours",
  "new_device_for_customer",
  "new_merchant_for_customer",
  "new_category_for_customer",
  "new_country_for_customer",
  "new_address_for_customer",
  "card_country_changed",
  "device_missing",
  "country_not_customers",
  "merchant_not_customers_country",
  "merchant_risk_7d",
] as const satisfies readonly FeatureName[];

/** Beside the features: that there is a payment, and how long before the present one it was made. */
const STEP_EXTRAS = 2;
export const STEP_WIDTH = STEP_FEATURES.length + STEP_EXTRAS;

/** An age of this many hours counts as 1, and the logarithm falls from there. */
const LONGEST_HOURS = 24 * 90;
const HOUR_MS = 3_600_000;

const COLUMNS = STEP_FEATURES.map((name) => FEATURE_INDEX[name]);

/** The sizes for these inputs. */
export function shapeOf(
  inputs: readonly InputSpec[],
  sizes: Pick<GruShape, "units" | "denseUnits" | "joinUnits">,
): GruShape {
  return { steps: STEPS, stepWidth: STEP_WIDTH, width: inputCount(inputs), ...sizes };
}

/**
 * Chosen payments, each with the last payments of its customer up to itself. A step is read from the vector that the
 * engine gave that earlier payment at its own time, so nothing later is in it, and no label that was not known by then.
 */
export class PaymentSequences implements SequenceRows {
  readonly length: number;
  readonly #encoded: EncodedRows | null;
  readonly #history = new Int32Array(STEPS);
  #historyOf = -1;

  constructor(
    readonly payments: PaymentRows,
    /** Places in the data set. */
    readonly rows: Uint32Array,
    readonly inputs: readonly InputSpec[],
    readonly label: Uint8Array,
    readonly weight: Float32Array,
    /** Whether the rows are gone through again and again. */
    isForTraining = false,
  ) {
    this.length = rows.length;
    const vectors = { length: rows.length, vector: (row: number) => payments.vector(rows[row]) };
    this.#encoded = isForTraining ? new EncodedRows(vectors, inputs) : null;
  }

  writeInputs(row: number, out: Float32Array, offset: number): void {
    if (this.#encoded !== null) this.#encoded.write(row, out, offset);
    else encodeInputs(this.inputs, this.payments.vector(this.rows[row]), out, offset);
  }

  writeStep(row: number, step: number, out: Float32Array, offset: number): void {
    const present = this.rows[row];
    const past = this.#historyFor(present)[step];
    if (past < 0) {
      out.fill(0, offset, offset + STEP_WIDTH);
      return;
    }
    for (let i = 0; i < COLUMNS.length; i++) {
      const input = this.inputs[COLUMNS[i]];
      const bins = binCount(input);
      const value = this.payments.feature(past, COLUMNS[i]);
      out[offset + i] = bins < 1 ? 0 : inputPosition(input, value) / bins;
    }
    out[offset + COLUMNS.length] = 1;
    out[offset + COLUMNS.length + 1] = this.#ageOf(past, present);
  }

  paymentAt(row: number, step: number): number {
    return this.#historyFor(this.rows[row])[step];
  }

  lastInputAt(row: number, step: number): number {
    const present = this.rows[row];
    return this.#ageOf(this.#historyFor(present)[step], present);
  }

  #ageOf(past: number, present: number): number {
    const hours = (this.payments.atMs(present) - this.payments.atMs(past)) / HOUR_MS;
    return Math.min(1, Math.log1p(hours) / Math.log1p(LONGEST_HOURS));
  }

  /** Rows of the sequence, oldest first; −1 where the history begins later. */
  #historyFor(present: number): Int32Array {
    if (present === this.#historyOf) return this.#history;
    this.#historyOf = present;
    let at: number | null = present;
    for (let step = STEPS - 1; step >= 0; step--) {
      this.#history[step] = at ?? -1;
      at = at === null ? null : this.payments.previousOfCustomer(at);
    }
    return this.#history;
  }
}
