import { Sfc32 } from "./sfc32.ts";

/**
 * Seeded randomness. One seed gives one sequence, byte for byte, on any machine: only 32-bit integer operations
 * and IEEE doubles are used. Streams are forked by label, so adding a draw to one part of a simulation does not
 * change any other part.
 */
export class Random extends Sfc32 {
  readonly #seed: number;

  /** @param seed any integer; only its low 32 bits count */
  constructor(seed: number) {
    super();
    this.#seed = seed >>> 0;
    // splitmix32 spreads neighbouring seeds over the whole state of sfc32.
    let state = this.#seed;
    const next = () => {
      state = (state + 0x9e3779b9) | 0;
      let t = state ^ (state >>> 16);
      t = Math.imul(t, 0x21f0aaad);
      t ^= t >>> 15;
      t = Math.imul(t, 0x735a2d97);
      return (t ^ (t >>> 15)) >>> 0;
    };
    this.setState(next(), next(), next());
    for (let i = 0; i < 12; i++) this.uint32();
  }

  /** An independent stream, a function of this stream's seed and the label only (not of how much was drawn). */
  fork(label: string | number): Random {
    return new Random(hash32(`${this.#seed}/${label}`));
  }

  /** Index drawn in proportion to non-negative weights. */
  weighted(weights: readonly number[]): number {
    let total = 0;
    for (const weight of weights) total += weight;
    let rest = this.uniform() * total;
    for (let i = 0; i < weights.length; i++) {
      rest -= weights[i];
      if (rest < 0) return i;
    }
    return weights.length - 1;
  }

  /** Standard normal (Box–Muller, one value a call so that the number of draws is fixed). */
  normal(): number {
    const u = 1 - this.uniform();
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** exp(Normal(mu, sigma)). */
  logNormal(mu: number, sigma: number): number {
    return Math.exp(mu + sigma * this.normal());
  }

  /** Exponential with the given mean. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.uniform());
  }

  /** Poisson count (Knuth below 30, rounded normal above). */
  poisson(mean: number): number {
    if (mean <= 0) return 0;
    if (mean > 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * this.normal()));
    const limit = Math.exp(-mean);
    let count = 0;
    let product = this.uniform();
    while (product > limit) {
      count++;
      product *= this.uniform();
    }
    return count;
  }
}

/** FNV-1a with a final mix: a stable 32-bit hash of a string. Not for secrets. */
export function hash32(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    h ^= text.charCodeAt(i);
    h = Math.imul(h, 0x01000193);
  }
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
