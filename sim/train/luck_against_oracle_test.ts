import { expect } from "expect";
import { Random } from "../../src/core/random.ts";
import { averagePrecision } from "../../src/fraud/measures/metrics.ts";
import { luckAgainstOracle } from "./luck_against_oracle.ts";

/** Payments of two kinds, one in a hundred and one in a thousand fraud, and who is fraud in this world. */
function world(random: Random, rows = 8_000) {
  const posterior = Float64Array.from({ length: rows }, (_, row) => row % 4 === 0 ? 0.01 : 0.001);
  return { posterior, fraud: Uint8Array.from(posterior, (p) => random.chance(p) ? 1 : 0) };
}

const above = (scores: Float64Array, posterior: Float64Array, fraud: Uint8Array) =>
  averagePrecision(scores, fraud) - averagePrecision(posterior, fraud);

Deno.test("of contenders that know no more than the oracle, the share that luck calls rare is as small as it says", () => {
  const random = new Random(11);
  let rare = 0;
  for (let trial = 0; trial < 40; trial++) {
    const { posterior, fraud } = world(random);
    // The oracle's own order, with chance among equals.
    const scores = posterior.map((p) => p + 0.0005 * random.uniform());
    const luck = luckAgainstOracle([{ scores, posterior }], above(scores, posterior, fraud), random);
    if (luck <= 0.01) rare++;
  }
  expect(rare).toBeLessThanOrEqual(2);
});

Deno.test("a contender that saw who is fraud is not lucky", () => {
  const random = new Random(12);
  const { posterior, fraud } = world(random);
  for (const seen of [1, 3]) {
    const scores = posterior.map((p, row) => row % seen === 0 ? fraud[row] : p);
    expect(luckAgainstOracle([{ scores, posterior }], above(scores, posterior, fraud), random)).toBe(0);
  }
});
