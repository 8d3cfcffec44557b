/** The score of the operating point: at and above it a payment counts as suspect. */
export const OPERATING_RISK_SCORE = 75;

/**
 * A probability of fraud as a score from 0 to 100 that is exactly 75 at the operating point: a logistic curve
 * over the log-odds relative to that point. Half the log-odds' slope spreads the rare probabilities over the
 * scale. Rounded down to one decimal, so that just below the threshold never shows 75.
 */
export function riskScore(probability: number, thresholdProbability: number): number {
  const distance = logOdds(probability) - logOdds(thresholdProbability);
  const score = 100 / (1 + Math.exp(-distance / 2) / 3);
  const rounded = Math.floor(score * 10) / 10;
  // The curve gives 75 at the threshold up to the last bit; the comparison makes the bit not matter.
  return probability >= thresholdProbability
    ? Math.max(OPERATING_RISK_SCORE, rounded)
    : Math.min(OPERATING_RISK_SCORE - 0.1, rounded);
}

function logOdds(probability: number): number {
  const p = Math.min(1 - 1e-12, Math.max(1e-12, probability));
  return Math.log(p / (1 - p));
}
