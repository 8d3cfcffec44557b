import type { Random } from "../../core/random.ts";

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

  /** The precision at the first score that reaches each recall; recalls rise. */
  precisionAt(recalls: readonly number[], weights: Uint8Array | null): number[] {
    const weightOf = (i: number) => weights === null ? 1 : weights[this.#customer[i]];
    let frauds = 0;
    for (let i = 0; i < this.#fraud.length; i++) if (this.#fraud[i] === 1) frauds += weightOf(i);
    const found: number[] = [];
    let [seen, hits] = [0, 0];
    for (let i = 0; i < this.#fraud.length && found.length < recalls.length; i++) {
      seen += weightOf(i);
      if (this.#fraud[i] === 1) hits += weightOf(i);
      if (this.#stepEnds[i] === 0) continue;
      while (found.length < recalls.length && hits > 0 && hits >= recalls[found.length] * frauds - 1e-9) {
        found.push(hits / seen);
      }
    }
    return found;
  }

  /**
   * What flagging would cost, in US dollars a payment, when at most each share of the genuine payments is flagged;
   * shares rise. `costOf` says what each row costs, flagged or not.
   */
  costAt(
    shares: readonly number[],
    costOf: { readonly flagged: Float64Array; readonly passed: Float64Array },
    weights: Uint8Array | null,
  ): number[] {
    const weightOf = (i: number) => weights === null ? 1 : weights[this.#customer[i]];
    let [all, genuine, cost] = [0, 0, 0];
    for (let i = 0; i < this.#fraud.length; i++) {
      all += weightOf(i);
      if (this.#fraud[i] === 0) genuine += weightOf(i);
      cost += weightOf(i) * costOf.passed[i];
    }
    const costs: number[] = [];
    let [alarms, stepAlarms, stepCost] = [0, 0, 0];
    for (let i = 0; i < this.#fraud.length && costs.length < shares.length; i++) {
      if (this.#fraud[i] === 0) stepAlarms += weightOf(i);
      stepCost += weightOf(i) * (costOf.flagged[i] - costOf.passed[i]);
      if (this.#stepEnds[i] === 0) continue;
      while (costs.length < shares.length && alarms + stepAlarms > shares[costs.length] * genuine) {
        costs.push(cost / all);
      }
      alarms += stepAlarms;
      cost += stepCost;
      [stepAlarms, stepCost] = [0, 0];
    }
    while (costs.length < shares.length) costs.push(cost / all);
    return costs;
  }
}
