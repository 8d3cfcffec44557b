import { Sfc32 } from "../../src/core/sfc32.ts";
import { normalQuantile } from "./normal.ts";

/**
 * What a stream of chance is for. A stream is a function of the world's seed, its purpose and two numbers, such as
 * a customer and a day; so nobody's chance depends on who was drawn before, on the worker that draws or on the day
 * a part begins with. The numbers are part of every world: they may be added to, never changed.
 */
export const PURPOSE = {
  city: 1,
  merchant: 2,
  customer: 3,
  card: 4,
  life: 5,
  day: 6,
  sale: 7,
  story: 8,
  hand: 9,
  device: 10,
  refund: 11,
  transfer: 12,
  storyCount: 13,
  profile: 14,
  friends: 15,
  walletHabit: 30,
  walletDay: 31,
  walletTopUp: 32,
} as const;

/** Keys are mixed in two lanes: with one lane of 32 bits, a world of 60 million customer-days would repeat itself. */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad);
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97);
  return h ^ (h >>> 15);
}

/**
 * A stream of chance that is set to its key again and again, without an object for each: `draw.at(purpose, a, b)`.
 * `core/random.ts` is the other face of the same generator; there a key is a string and costs ten times as much.
 */
export class Draw extends Sfc32 {
  readonly #seed: number;

  constructor(seed: number) {
    super();
    this.#seed = seed | 0;
    this.at(0, 0, 0);
  }

  /** Sets the stream to the beginning of a key. */
  at(purpose: number, first: number, second = 0): this {
    const left = mix(mix(mix((this.#seed + 0x243f6a88) ^ Math.imul(purpose, 0x9e3779b1)) + first) ^ second);
    const right = mix(mix(mix((this.#seed ^ 0x13198a2e) + Math.imul(purpose, 0x85ebca6b)) ^ first) + second);
    this.setState(left, right, mix(left + ((right << 13) | (right >>> 19))));
    this.uint32();
    this.uint32();
    return this;
  }

  /** Index into ascending running sums, the last of which is the total. */
  cumulative(sums: ArrayLike<number>): number {
    const at = this.uniform() * sums[sums.length - 1];
    let i = 0;
    while (i < sums.length - 1 && at >= sums[i]) i++;
    return i;
  }

  /** Standard normal from a table of quantiles; one draw a call. Reaches ±5.1. */
  normal(): number {
    const at = this.uniform() * CELLS;
    const cell = Math.floor(at);
    if (cell === 0 || cell === CELLS - 1) return normalQuantile(Math.max(at, 2e-3) / CELLS);
    const low = QUANTILES[cell];
    return low + (QUANTILES[cell + 1] - low) * (at - cell);
  }

  logNormal(mu: number, sigma: number): number {
    return Math.exp(mu + sigma * this.normal());
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.uniform());
  }

  /** Knuth's count below 30, rounded normal above. */
  poisson(mean: number): number {
    if (mean <= 0) return 0;
    if (mean > 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * this.normal()));
    const limit = Math.exp(-mean);
    let count = 0;
    for (let product = this.uniform(); product > limit; product *= this.uniform()) count++;
    return count;
  }
}

const CELLS = 4096;
const QUANTILES = Float64Array.from(
  { length: CELLS + 1 },
  (_, i) => i === 0 || i === CELLS ? 0 : normalQuantile(i / CELLS),
);

/** Running sums of weights, for {@link Draw.cumulative}. */
export function runningSums(weights: readonly number[]): Float64Array {
  let sum = 0;
  return Float64Array.from(weights, (weight) => sum += weight);
}

/** A 48-bit name for what a key stands for, never 0: devices are known by it. */
export function nameOf(seed: number, kind: number, first: number, second = 0): number {
  const left = mix(mix(mix(seed ^ 0x3707344 ^ Math.imul(kind, 0xc2b2ae35)) + first) ^ second);
  const right = mix(mix(mix((seed ^ 0x299f31d0) + Math.imul(kind, 0x27d4eb2f)) ^ first) + second);
  return (left & 0xffff) * 4294967296 + (right >>> 0) || 1;
}
