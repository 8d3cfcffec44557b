import { expect } from "expect";
import fc from "fast-check";
import { riskScore } from "./risk_score.ts";

const probability = fc.double({ min: 0, max: 1, noNaN: true });
const threshold = fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true });

Deno.test("riskScore() is 75 or more exactly when the probability has reached the threshold", () => {
  fc.assert(fc.property(probability, threshold, (p, t) => {
    expect(riskScore(p, t) >= 75).toBe(p >= t);
  }));
});

Deno.test("riskScore() is 75 at the threshold and 74.9 at the next number below it", () => {
  fc.assert(fc.property(threshold, (t) => {
    expect(riskScore(t, t)).toBe(75);
    expect(riskScore(t * (1 - Number.EPSILON), t)).toBe(74.9);
  }));
});

Deno.test("riskScore() grows with the probability, stays within 0 and 100 and has one decimal", () => {
  fc.assert(fc.property(probability, probability, threshold, (a, b, t) => {
    const [low, high] = [riskScore(Math.min(a, b), t), riskScore(Math.max(a, b), t)];
    expect(low).toBeLessThanOrEqual(high);
    expect(low).toBeGreaterThanOrEqual(0);
    expect(high).toBeLessThanOrEqual(100);
    expect(Math.abs(Math.round(low * 10) - low * 10)).toBeLessThan(1e-9);
  }));
});
