import type { Random } from "../../src/core/random.ts";

/** How often the bootstrap draws customers again. */
export const DRAWS = 200;

/**
 * Draws of customers with all their payments: each counts Poisson(1) times, which is a bootstrap that needs no second
 * table. The draw is the same for everything that `measure` measures, so differences between contenders are paired.
 */
export function drawAgain<Measured>(
  customers: number,
  random: Random,
  measure: (weights: Uint8Array) => Measured,
  draws = DRAWS,
): Measured[] {
  const weights = new Uint8Array(customers);
  return Array.from({ length: draws }, () => {
    for (let customer = 0; customer < customers; customer++) weights[customer] = random.poisson(1);
    return measure(weights);
  });
}

/** A fold's rows in the order of one contender's scores, so that each draw is one pass. */
export class RankedRows {
  readonly #customer: Uint32Array;
  readonly #fraud: Uint8Array;
  /** 1 where the next row has a lower score. */
  readonly #stepEnds: Uint8Array;

  constructor(order: Uint32Array, scores: Float64Array, customer: Uint32Array, fraud: Uint8Array) {
    this.#customer = Uint32Array.from(order, (row) => customer[row]);
    this.#fraud = Uint8Array.from(order, (row) => fraud[row]);
    this.#stepEnds = Uint8Array.from(
      order,
      (row, i) => i + 1 === order.length || scores[order[i + 1]] !== scores[row] ? 1 : 0,
    );
  }

  averagePrecision(weights: Uint8Array): number {
    let [seen, frauds, stepFrauds, sum] = [0, 0, 0, 0];
    for (let i = 0; i < this.#fraud.length; i++) {
      const weight = weights[this.#customer[i]];
      seen += weight;
      if (this.#fraud[i] === 1) stepFrauds += weight;
      if (this.#stepEnds[i] === 1 && stepFrauds > 0) {
        frauds += stepFrauds;
        sum += stepFrauds * (frauds / seen);
        stepFrauds = 0;
      }
    }
    return frauds === 0 ? NaN : sum / frauds;
  }
}
