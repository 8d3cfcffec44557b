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
 * (method, network, country, border, band, hours). Contexts are many and most are rare; what one mark has shown in some
 * of them holds in the others. Counts per context are all it needs: its matrix is their sum.
 */
export class ApprovalModel {
  readonly #places = new Map<string, number>([["", 0], ["largeness", 1]]);
  readonly #inverse: Float64Array;
  readonly #weights: Float64Array;

  constructor(counts: Iterable<ContextCount>) {
    const known = [...counts];
    for (const { context } of known) {
      for (const mark of marksOf(context)) {
        if (!this.#places.has(mark) && this.#places.size < MARKS_MAX) {
          this.#places.set(mark, this.#places.size);
        }
      }
    }
    const size = this.#places.size;
    const matrix = new Float64Array(size * size);
    const target = new Float64Array(size);
    for (const { context, successes, failures } of known) {
      const marks = this.#valuesOf(context);
      const total = successes + failures;
      for (const [i, x] of marks) {
        target[i] += x * (successes - PRIOR_APPROVAL * total);
        for (const [j, y] of marks) matrix[i * size + j] += x * y * total;
      }
    }
    for (let i = 0; i < size; i++) matrix[i * size + i] += RIDGE;
    this.#inverse = invert(matrix, size);
    this.#weights = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) this.#weights[i] += this.#inverse[i * size + j] * target[j];
    }
  }

  expect(context: RoutingContext): ApprovalBelief {
    const size = this.#weights.length;
    const marks = this.#valuesOf(context);
    let mean = PRIOR_APPROVAL;
    // A mark never seen with this provider is as uncertain as the ridge says.
    let variance = (MARKS - marks.length) / RIDGE;
    for (const [i, x] of marks) {
      mean += x * this.#weights[i];
      for (const [j, y] of marks) variance += x * y * this.#inverse[i * size + j];
    }
    return {
      mean: Math.min(0.995, Math.max(0.005, mean)),
      deviation: NOISE * Math.sqrt(Math.max(0, variance)),
    };
  }

  /** The context as a sparse vector: one for each mark it bears, and how large the amount is. */
  #valuesOf(context: RoutingContext): [place: number, value: number][] {
    const values: [number, number][] = [[0, 1], [1, LARGENESS[context.band] ?? 0]];
    for (const mark of marksOf(context)) {
      const place = this.#places.get(mark);
      if (place !== undefined) values.push([place, 1]);
    }
    return values;
  }
}

/**
 * Bands as a number: the logarithm of their middle, in tens of 100 dollars. What large amounts do at a provider shows in
 * the many middling ones before there were many large ones.
 */
const LARGENESS: Readonly<Record<string, number>> = { under_300: 0.25, under_1000: 0.75, from_1000: 1.4 };

/** Expected before anything is known; the regression learns the difference. */
const PRIOR_APPROVAL = 0.92;
/** Attempts that a mark's evidence must outweigh. */
const RIDGE = 5;
/** Deviation of one outcome around its probability: that of a coin that falls on one side nine times in ten. */
const NOISE = 0.3;
/** The constant, the largeness and the marks of a context. */
const MARKS = 8;
/** Marks beyond this many have no effect of their own: bounds the inversion, which costs their cube. */
const MARKS_MAX = 48;

function marksOf({ method, network, country, border, band, hours }: RoutingContext): string[] {
  return [`method ${method}`, `network ${network}`, `country ${country}`, border, band, `from ${hours}`];
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
