import type { Random } from "../core/random.ts";

/** A draw from Beta(alpha, beta): how likely a success might be, after so many successes and failures. Certain without any. */
export function sampleBeta(random: Random, alpha: number, beta: number): number {
  if (beta === 0) return 1;
  const a = sampleGamma(random, alpha);
  const b = sampleGamma(random, beta);
  return a / (a + b);
}

/** Marsaglia and Tsang (2000); below 1 by the usual power of a uniform draw. */
function sampleGamma(random: Random, shape: number): number {
  if (shape < 1) return sampleGamma(random, shape + 1) * (1 - random.uniform()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.normal();
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    const u = 1 - random.uniform();
    if (Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}
