import type { Random } from "../../src/core/random.ts";

/** Rows by falling score; equal scores keep the order of the rows. */
export function ranking(scores: ArrayLike<number>): Uint32Array {
  return Uint32Array.from({ length: scores.length }, (_, row) => row)
    .sort((a, b) => scores[b] - scores[a] || a - b);
}

/**
 * Average precision: the mean precision at each fraud, going down the scores. Rows with equal scores count as one
 * step, so a rule that says only yes or no gains nothing from the order of the rows.
 */
export function averagePrecision(scores: ArrayLike<number>, fraud: ArrayLike<number>): number {
  return weightedAveragePrecision(ranking(scores), scores, fraud, () => 1);
}

/** Probability that a fraud scores above a genuine payment; ties count half. */
export function rocAuc(scores: ArrayLike<number>, fraud: ArrayLike<number>): number {
  const order = ranking(scores);
  let [frauds, genuine, wins] = [0, 0, 0];
  for (let i = 0; i < order.length;) {
    let [tiedFrauds, tiedGenuine] = [0, 0];
    const score = scores[order[i]];
    for (; i < order.length && scores[order[i]] === score; i++) {
      if (fraud[order[i]]) tiedFrauds++;
      else tiedGenuine++;
    }
    frauds += tiedFrauds;
    // Every fraud so far beats the genuine payments of this step.
    wins += tiedGenuine * (frauds - tiedFrauds / 2);
    genuine += tiedGenuine;
  }
  return frauds === 0 || genuine === 0 ? NaN : wins / (frauds * genuine);
}

/**
 * The average precision each time customers, with all their payments, are drawn again. Equal seeds draw equal
 * customers, so the draws of two scorers can be compared one by one.
 */
export function averagePrecisionDraws(
  scores: ArrayLike<number>,
  fraud: ArrayLike<number>,
  customer: Uint32Array,
  random: Random,
  draws = 200,
): number[] {
  const order = ranking(scores);
  const customers = customer.reduce((most, id) => Math.max(most, id + 1), 0);
  const weights = new Uint8Array(customers);
  return Array.from({ length: draws }, () => {
    // Poisson(1) copies of each customer: a bootstrap that needs no second table.
    for (let id = 0; id < customers; id++) weights[id] = random.poisson(1);
    return weightedAveragePrecision(order, scores, fraud, (row) => weights[customer[row]]);
  });
}

/** The middle 95% of the draws. */
export function middle95(draws: readonly number[]): readonly [number, number] {
  const sorted = draws.toSorted((a, b) => a - b);
  return [sorted[Math.floor(sorted.length * 0.025)], sorted[Math.ceil(sorted.length * 0.975) - 1]];
}

function weightedAveragePrecision(
  order: Uint32Array,
  scores: ArrayLike<number>,
  fraud: ArrayLike<number>,
  weightOf: (row: number) => number,
): number {
  let [seen, frauds, sum] = [0, 0, 0];
  for (let i = 0; i < order.length;) {
    const score = scores[order[i]];
    let stepFrauds = 0;
    for (; i < order.length && scores[order[i]] === score; i++) {
      const weight = weightOf(order[i]);
      seen += weight;
      if (fraud[order[i]]) stepFrauds += weight;
    }
    frauds += stepFrauds;
    if (stepFrauds > 0) sum += stepFrauds * (frauds / seen);
  }
  return frauds === 0 ? NaN : sum / frauds;
}

export interface Confusion {
  readonly recall: number;
  readonly precision: number;
  readonly falsePositiveRate: number;
  readonly accuracy: number;
  /** Share of the stolen US dollars that was flagged. */
  readonly valueDetected: number;
}

/** What flagging every row with a score of at least `threshold` does. */
export function confusionAt(
  scores: ArrayLike<number>,
  threshold: number,
  fraud: ArrayLike<number>,
  amountUsd: ArrayLike<number>,
): Confusion {
  let [hits, misses, alarms, passes, hitUsd, fraudUsd] = [0, 0, 0, 0, 0, 0];
  for (let row = 0; row < scores.length; row++) {
    const flagged = scores[row] >= threshold;
    if (fraud[row]) {
      fraudUsd += amountUsd[row];
      if (flagged) [hits, hitUsd] = [hits + 1, hitUsd + amountUsd[row]];
      else misses++;
    } else if (flagged) alarms++;
    else passes++;
  }
  return {
    recall: hits / (hits + misses),
    precision: hits + alarms === 0 ? NaN : hits / (hits + alarms),
    falsePositiveRate: alarms / (alarms + passes),
    accuracy: (hits + passes) / scores.length,
    valueDetected: fraudUsd === 0 ? NaN : hitUsd / fraudUsd,
  };
}

/** The lowest threshold that flags at most `budget` of the genuine rows. */
export function thresholdWithin(
  budget: number,
  scores: ArrayLike<number>,
  label: ArrayLike<number>,
): number {
  const order = ranking(scores);
  let genuine = 0;
  for (let row = 0; row < label.length; row++) if (!label[row]) genuine++;
  const allowed = Math.floor(budget * genuine);
  let threshold = Infinity;
  for (let i = 0, alarms = 0; i < order.length;) {
    const score = scores[order[i]];
    for (; i < order.length && scores[order[i]] === score; i++) if (!label[order[i]]) alarms++;
    if (alarms > allowed) break;
    threshold = score;
  }
  return threshold;
}
