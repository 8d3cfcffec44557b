import { binCount, encodeInputs, inputPosition } from "../../src/fraud/model/encode_inputs.ts";
import type { InputSpec } from "../../src/fraud/model/manifest.ts";
import type { WeightedRows } from "./weighted_rows.ts";

/** Of a hundred features they take 100 MB. More rows are encoded anew each time. */
const MOST_KEPT = 200_000;

/**
 * Rows as a network's inputs, for training that goes through them many times: where each value stands on its edges is
 * found once. What is written is that of `encodeInputs()`, to the bit.
 */
export class EncodedRows {
  /** The features that have bins. */
  readonly #features: readonly number[];
  readonly #bins: Uint8Array;
  /** By row and feature, the bins passed and how far into the next; null where there are too many rows. */
  readonly #kept: { readonly passed: Uint8Array; readonly part: Float32Array } | null;

  constructor(readonly rows: Pick<WeightedRows, "length" | "vector">, readonly inputs: readonly InputSpec[]) {
    this.#features = inputs.map((_, f) => f).filter((f) => binCount(inputs[f]) > 0);
    this.#bins = Uint8Array.from(this.#features, (f) => binCount(inputs[f]));
    const fits = rows.length <= MOST_KEPT && inputs.every((input) => binCount(input) < 256);
    this.#kept = fits ? this.#find() : null;
  }

  /** Writes one row's inputs to `out` from `offset` on. */
  write(row: number, out: Float32Array, offset: number): void {
    if (this.#kept === null) return encodeInputs(this.inputs, this.rows.vector(row), out, offset);
    const { passed, part } = this.#kept;
    const features = this.#bins.length;
    let at = offset;
    for (let i = 0, from = row * features; i < features; i++, from++) {
      const next = at + this.#bins[i];
      const whole = at + passed[from];
      while (at < whole) out[at++] = 1;
      if (at < next) out[at++] = part[from];
      while (at < next) out[at++] = 0;
    }
  }

  #find(): { passed: Uint8Array; part: Float32Array } {
    const features = this.#features.length;
    const passed = new Uint8Array(this.rows.length * features);
    const part = new Float32Array(this.rows.length * features);
    for (let row = 0, at = 0; row < this.rows.length; row++) {
      const vector = this.rows.vector(row);
      for (const f of this.#features) {
        const position = inputPosition(this.inputs[f], vector[f]);
        passed[at] = Math.floor(position);
        part[at++] = position - Math.floor(position);
      }
    }
    return { passed, part };
  }
}
