import type { GruShape } from "./gru_layers.ts";
import type { GruScorer } from "./gru_scorer.ts";
import type { SequenceRows } from "./train_gru.ts";

/** The logits of all rows. */
export function sequenceLogits(
  scorer: GruScorer,
  { steps, stepWidth, width, units }: GruShape,
  rows: Pick<SequenceRows, "length" | "writeInputs" | "writeStep" | "paymentAt" | "lastInputAt">,
): Float64Array {
  const inputs = new Float32Array(width);
  const step = new Float32Array(stepWidth);
  const gates = 3 * units;
  const projected = new Float64Array(steps * gates);
  const kept = new KeptProjections(gates, rows.length * steps);
  return Float64Array.from({ length: rows.length }, (_, row) => {
    rows.writeInputs(row, inputs, 0);
    for (let s = 0; s < steps; s++) {
      const payment = rows.paymentAt?.(row, s) ?? -1;
      if (payment < 0) {
        rows.writeStep(row, s, step, 0);
        scorer.project(step, stepWidth, projected, s * gates);
        continue;
      }
      // Sums are made in the order of the inputs, so leaving the last one for later changes no bit.
      if (!kept.read(payment, projected, s * gates)) {
        rows.writeStep(row, s, step, 0);
        scorer.project(step, stepWidth - 1, projected, s * gates);
        kept.keep(payment, projected, s * gates);
      }
      scorer.projectInput(stepWidth - 1, Math.fround(rows.lastInputAt!(row, s)), projected, s * gates);
    }
    return scorer.logitOfProjected(inputs, projected);
  });
}

/** Of 24 gates each 25 MB; rows are in order of time, and a customer's last payments mostly lie that near. */
const MOST_KEPT = 1 << 17;

/** What payments come to before their age is added, of those asked for last. */
class KeptProjections {
  readonly #payment: Int32Array;
  readonly #values: Float64Array;
  readonly #mask: number;

  constructor(readonly gates: number, payments: number) {
    let size = 1;
    while (size < payments && size < MOST_KEPT) size *= 2;
    this.#mask = size - 1;
    this.#payment = new Int32Array(size).fill(-1);
    this.#values = new Float64Array(size * gates);
  }

  read(payment: number, out: Float64Array, offset: number): boolean {
    const place = payment & this.#mask;
    if (this.#payment[place] !== payment) return false;
    const from = place * this.gates;
    for (let gate = 0; gate < this.gates; gate++) out[offset + gate] = this.#values[from + gate];
    return true;
  }

  keep(payment: number, projected: Float64Array, offset: number): void {
    const place = payment & this.#mask;
    this.#payment[place] = payment;
    const to = place * this.gates;
    for (let gate = 0; gate < this.gates; gate++) this.#values[to + gate] = projected[offset + gate];
  }
}
