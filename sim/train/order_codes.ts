import { OTHER_CODE } from "../../src/fraud/model/category_order.ts";

/** Fewer rows than that say nothing of a category by themselves. */
const LEAST_ROWS = 20;
/** The commonest ones: the order of many small ones is the order of their luck, which a model would take for risk. */
const MOST_CODES = 200;
/** As many payments of the average share of fraud stand beside a category's own, for each fraud of an affair. */
const PRIOR_PAYMENTS = 10;

interface Tally {
  readonly code: number;
  rows: number;
  frauds: number;
  payments: number;
}

/**
 * A category's codes by rising share of fraud among the training rows, a share drawn towards the average where there is
 * little to go by. Those that are rare here and all that were never seen stand together where the average stands. The
 * labels are the training rows' alone, so nothing of what a model is judged by is in the order. Whether the order tells anything is
 * asked of validation (choose_categories.ts).
 * @param fraudsAnAffair frauds come in affairs, and as many of them are as much evidence as one would be by itself
 */
export function orderCodes(
  values: Float64Array,
  label: Uint8Array,
  weight: Float32Array,
  fraudsAnAffair = 1,
): number[] {
  const tallies = new Map<number, Tally>();
  let [frauds, payments] = [0, 0];
  for (let row = 0; row < values.length; row++) {
    const code = values[row];
    let tally = tallies.get(code);
    if (tally === undefined) tallies.set(code, tally = { code, rows: 0, frauds: 0, payments: 0 });
    const its = label[row] * weight[row];
    tally.rows++;
    tally.frauds += its;
    tally.payments += weight[row];
    frauds += its;
    payments += weight[row];
  }
  const average = payments === 0 ? 0 : frauds / payments;
  const prior = PRIOR_PAYMENTS * fraudsAnAffair;
  const shareOf = (tally: Tally) => (tally.frauds + prior * average) / (tally.payments + prior);
  const ordered = [...tallies.values()]
    .filter((tally) => tally.rows >= LEAST_ROWS)
    .sort((a, b) => b.rows - a.rows || a.code - b.code)
    .slice(0, MOST_CODES)
    .map((tally) => ({ code: tally.code, share: shareOf(tally) }))
    .sort((a, b) => a.share - b.share || a.code - b.code);
  const codes = ordered.map(({ code }) => code);
  codes.splice(ordered.filter(({ share }) => share < average).length, 0, OTHER_CODE);
  return codes;
}

/** The code of most payments; of equally common ones the least. */
export function commonestCode(values: Float64Array, weight: Float32Array): number {
  const payments = new Map<number, number>();
  for (let row = 0; row < values.length; row++) {
    payments.set(values[row], (payments.get(values[row]) ?? 0) + weight[row]);
  }
  const [first] = [...payments].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  return first?.[0] ?? 0;
}
