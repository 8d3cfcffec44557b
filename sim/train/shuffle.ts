import type { Random } from "../../src/core/random.ts";

/** Every order is equally likely. */
export function shuffleInPlace(order: Uint32Array, random: Random): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.integer(0, i);
    [order[i], order[j]] = [order[j], order[i]];
  }
}

/** How often each row counts for one network: once on average, as if rows had been drawn with replacement. */
export function rowCounts(rows: number, random: Random): Uint8Array {
  return Uint8Array.from({ length: rows }, () => random.poisson(1));
}
