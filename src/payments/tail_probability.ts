/** The value's distance from the median in robust deviations: outliers in the past do not hide one now. */
export function robustZ(value: number, past: readonly number[]): { z: number; median: number } {
  const median = medianOf(past);
  const deviation = NORMAL_PER_MAD * medianOf(past.map((one) => Math.abs(one - median)));
  return { z: (value - median) / Math.max(deviation, DEVIATION_MIN), median };
}

/** Of a normal distribution, the median absolute deviation times this is the standard deviation. */
const NORMAL_PER_MAD = 1.4826;
/** Of logarithms of amounts: who always pays the same is not surprised by a tenth more. */
const DEVIATION_MIN = 0.1;

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The probability that a normal deviate is at least as far from zero (Abramowitz and Stegun 7.1.26, to 1.5e-7). */
export function twoSidedTail(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const poly = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) *
    t;
  return Math.min(1, poly * Math.exp(-x * x));
}

/** Fisher's method: the probability of tails that are together at least as small, were they independent. */
export function combinedTail(tails: readonly number[]): number {
  const half = -tails.reduce((sum, tail) => sum + Math.log(tail), 0);
  // Chi-square with 2k degrees of freedom, of which the tail is a finite sum.
  let term = 1;
  let sum = 1;
  for (let i = 1; i < tails.length; i++) {
    term *= half / i;
    sum += term;
  }
  return Math.min(1, Math.exp(-half) * sum);
}
