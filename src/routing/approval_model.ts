import type { RoutingContext } from "./routing_context.ts";

export interface ContextCount {
  readonly context: RoutingContext;
  readonly successes: number;
  readonly failures: number;
}

export interface ApprovalBelief {
  readonly mean: number;
  readonly deviation: number;
}

/**
 * What one provider's issuers approve, learned over kinds of charges: a ridge regression on the context's marks
 * (method, network, country, border, band). Contexts are many and most are rare; what one mark has shown in some
 * of them holds in the others. Counts per context are all it needs: its matrix is their sum.
 */
export class ApprovalModel {
  readonly #places = new Map<string, number>([["", 0], ["largeness", 1]]);
  readonly #inverse: Float64Array;
  readonly #weights: Float64Array;

  constructor(counts: readonly ContextCount[]) {
    for (const { context } of counts) {
      for (const mark of marksOf(context)) {
        if (!this.#places.has(mark) && this.#places.size < PLACES_MAX) {
          this.#places.set(mark, this.#places.size);
        }
      }
    }
    const size = this.#places.size;
    const matrix = new Float64Array(size * size);
    const target = new Float64Array(size);
    for (const { context, successes, failures } of counts) {
      const { places, values } = this.#vectorOf(context);
      const total = successes + failures;
      for (let m = 0; m < places.length; m++) {
        target[places[m]] += values[m] * (successes - PRIOR_APPROVAL * total);
        for (let n = 0; n < places.length; n++) {
          matrix[places[m] * size + places[n]] += values[m] * values[n] * total;
        }
      }
    }
    for (let i = 0; i < size; i++) matrix[i * size + i] += i === 0 ? CONSTANT_RIDGE : RIDGE;
    this.#inverse = invert(matrix, size);
    this.#weights = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) this.#weights[i] += this.#inverse[i * size + j] * target[j];
    }
  }

  expect(context: RoutingContext): ApprovalBelief {
    const size = this.#weights.length;
    const { places, values } = this.#vectorOf(context);
    let mean = PRIOR_APPROVAL;
    // A mark never seen with this provider is as uncertain as the ridge says.
    let variance = (MARKS - places.length) / RIDGE;
    for (let m = 0; m < places.length; m++) {
      mean += values[m] * this.#weights[places[m]];
      for (let n = 0; n < places.length; n++) {
        variance += values[m] * values[n] * this.#inverse[places[m] * size + places[n]];
      }
    }
    return {
      mean: Math.min(0.995, Math.max(0.005, mean)),
      deviation: NOISE * Math.sqrt(Math.max(0, variance)),
    };
  }

  /** The context as a sparse vector: the constant, how large the amount is, and one for each mark it bears. */
  #vectorOf(context: RoutingContext): { places: number[]; values: number[] } {
    const places = [0, 1];
    const values = [1, LARGENESS[context.band] ?? 0];
    for (const mark of marksOf(context)) {
      const place = this.#places.get(mark);
      if (place === undefined) continue;
      places.push(place);
      values.push(1);
    }
    return { places, values };
  }
}

/**
 * Bands as a number: the logarithm of their middle, in tens of 100 dollars. What large amounts do at a provider shows in
 * the many middling ones before there were many large ones.
 */
const LARGENESS: Readonly<Record<string, number>> = { under_300: 0.25, under_1000: 0.75, from_1000: 1.4 };

/** Expected before anything is known; the regression learns the difference. */
const PRIOR_APPROVAL = 0.92;
/**
 * Attempts that the evidence of a mark, and of the provider as a whole, must outweigh: the variance of one outcome over
 * that of the effects that are to be found, which are of some percent.
 */
const RIDGE = 60;
const CONSTANT_RIDGE = 10;
/** Deviation of one outcome around its probability: that of a coin that falls on one side nine times in ten. */
const NOISE = 0.3;
/** The constant, the largeness and the marks of a context. */
const MARKS = 7;
/** Marks beyond this many have no effect of their own: bounds the inversion, which costs their cube. */
const PLACES_MAX = 48;

function marksOf({ method, network, country, border, band }: RoutingContext): string[] {
  return [`method ${method}`, `network ${network}`, `country ${country}`, border, band];
}

/** Gauss–Jordan without a search for pivots: the ridge keeps each away from zero. Destroys its argument. */
function invert(a: Float64Array, size: number): Float64Array {
  const inverse = new Float64Array(size * size);
  for (let i = 0; i < size; i++) inverse[i * size + i] = 1;
  for (let i = 0; i < size; i++) {
    const pivot = a[i * size + i];
    for (let k = 0; k < size; k++) {
      a[i * size + k] /= pivot;
      inverse[i * size + k] /= pivot;
    }
    for (let row = 0; row < size; row++) {
      const factor = a[row * size + i];
      if (row === i || factor === 0) continue;
      for (let k = 0; k < size; k++) {
        a[row * size + k] -= factor * a[i * size + k];
        inverse[row * size + k] -= factor * inverse[i * size + k];
      }
    }
  }
  return inverse;
}
