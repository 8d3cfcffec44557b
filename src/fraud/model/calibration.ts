/**
 * How the network's logit becomes a probability, fitted on validation.
 *
 * `platt`: sigmoid(slope × logit + intercept). `isotonic`: between knots (logit, log-odds), rising in both, the log-odds
 * are interpolated; beyond the outer knots they go on with a slope of 1, so that the order of payments never gets lost.
 */
export type Calibration =
  | { readonly method: "platt"; readonly slope: number; readonly intercept: number }
  | {
    readonly method: "isotonic";
    readonly logits: readonly number[];
    readonly logOdds: readonly number[];
  };

/** The calibrated log-odds of fraud. */
export function calibratedLogOdds(calibration: Calibration, logit: number): number {
  if (calibration.method === "platt") return calibration.slope * logit + calibration.intercept;
  const { logits, logOdds } = calibration;
  const last = logits.length - 1;
  if (!(logit > logits[0])) return logOdds[0] + (logit - logits[0]);
  if (logit >= logits[last]) return logOdds[last] + (logit - logits[last]);
  let [low, high] = [0, last];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (logits[middle] <= logit) low = middle;
    else high = middle;
  }
  const part = (logit - logits[low]) / (logits[high] - logits[low]);
  return logOdds[low] + part * (logOdds[high] - logOdds[low]);
}

/** The calibrated probability of fraud, 0 … 1. */
export function calibratedProbability(calibration: Calibration, logit: number): number {
  return 1 / (1 + Math.exp(-calibratedLogOdds(calibration, logit)));
}
