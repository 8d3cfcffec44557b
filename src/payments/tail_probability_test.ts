import { expect } from "expect";
import { Random } from "../core/random.ts";
import { anomalyOf, type PastPayment } from "./anomaly_score.ts";
import { combinedTail, robustZ, twoSidedTail } from "./tail_probability.ts";

Deno.test("tails are those of the tables", () => {
  for (const [z, tail] of [[0, 1], [1, 0.3173105], [1.959964, 0.05], [-2.575829, 0.01], [4, 0.0000633425]]) {
    expect(twoSidedTail(z)).toBeCloseTo(tail, 6);
  }
  expect(combinedTail([0.05])).toBeCloseTo(0.05, 12);
  // Chi-square 11.982929 has the tail 0.017464 with four degrees of freedom.
  expect(combinedTail([0.05, 0.05])).toBeCloseTo(0.0174787, 5);
  expect(combinedTail([1, 1, 1])).toBe(1);
});

Deno.test("the robust z does not let outliers of the past hide one now", () => {
  const past = [1, 1.1, 0.9, 1.05, 0.95, 1.02, 50, 60];
  const { z, median } = robustZ(10, past);
  expect(median).toBeCloseTo(1.035, 9);
  expect(z).toBeGreaterThan(50);
});

Deno.test("among ordinary payments few score high: 99 and above at most one in fifty", () => {
  const random = new Random(11);
  const payment = (index: number): PastPayment => ({
    amountUsd: random.logNormal(3, 0.7),
    occurredAtMs: Date.UTC(2026, 0, 1) + index * 7 * 3_600_000 +
      Math.floor((16 + 3 * random.normal()) * 3_600_000),
    merchantId: random.chance(0.2) ? `new_${index}` : `merch_${random.integer(1, 8)}`,
  });
  let high = 0;
  let middle = 0;
  for (let i = 0; i < 500; i++) {
    const past = Array.from({ length: 60 }, (_, j) => payment(100 * i + j));
    const now = payment(100 * i + 90);
    const score = anomalyOf(
      { amountMinor: BigInt(Math.max(1, Math.round(100 * now.amountUsd))), currency: "USD", ...now },
      past,
      [],
    );
    if (!("score" in score)) throw new Error("Sixty payments are enough");
    if (score.score >= 99) high++;
    if (score.score >= 50) middle++;
  }
  expect(high).toBeLessThanOrEqual(10);
  expect(middle).toBeLessThanOrEqual(300);
});
