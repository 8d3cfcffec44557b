import { Random } from "../../../src/core/random.ts";
import type { InputSpec } from "../../../src/fraud/model/manifest.ts";
import type { WeightedRows } from "../weighted_rows.ts";

/** Coarse edges, as networks have them; the last feature never varies. */
export const CORNER_INPUTS: readonly InputSpec[] = [
  { feature: "amount", edges: [0, 25, 50, 100], median: 50 },
  { feature: "hour", edges: [0, 8, 24], median: 12 },
  { feature: "flag", edges: [0, 1], median: 0 },
  { feature: "constant", edges: [], median: 4 },
];

/**
 * Rows for tests: fraud where the amount is above 61 in the small hours, or below 13 later and flagged. No feature alone
 * tells much, and no edge lies where it counts.
 */
export function plantedCorner(length: number, seed: number): WeightedRows {
  const random = new Random(seed);
  const vectors = Array.from(
    { length },
    () => Float32Array.of(random.between(0, 100), random.integer(0, 23), random.integer(0, 1), 4),
  );
  const label = Uint8Array.from(vectors, ([amount, hour, flag]) => {
    const isCorner = hour < 5 ? amount > 61 : amount < 13 && flag === 1;
    return random.chance(isCorner ? 0.8 : 0.01) ? 1 : 0;
  });
  return { length, vector: (row) => vectors[row], label, weight: new Float32Array(length).fill(1) };
}
