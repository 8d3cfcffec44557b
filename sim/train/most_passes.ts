import type { LearningCurve } from "./train_ensemble.ts";

/** Of the networks. Where little fraud is known more change nothing, where there is more they are needed (README.md). */
export const NETWORK_EPOCHS = 20;
/** Rows in each step of training. */
export const BATCH_ROWS = 512;
/** Little data is gone through more often: an epoch counts as so many batches at least. */
const LEAST_BATCHES = 80;
/** Rows from which on an epoch is one pass through them. */
export const ROWS_OF_AN_EPOCH = LEAST_BATCHES * BATCH_ROWS;

/** Batches of one pass; what is left of the rows comes in another pass, as each has an order of its own. */
export function batchesOf(rows: number): number {
  return Math.max(1, Math.floor(rows / BATCH_ROWS));
}

/** How often training goes through its rows at most, so that `epochs` are at least 80 batches each. */
export function mostPasses(epochs: number, rows: number): number {
  return Math.ceil(epochs * Math.max(1, LEAST_BATCHES / batchesOf(rows)));
}

/** How often training went through its rows, for a person to read: `9 of 11 at most, those after 5 to 8 kept`. */
export function passesText(
  curves: readonly Pick<LearningCurve, "trainingLoss" | "bestPass" | "mostPasses">[],
  rows: number,
): string {
  const [{ trainingLoss, mostPasses: most }] = curves;
  const best = curves.map(({ bestPass }) => bestPass);
  const [first, last] = [Math.min(...best), Math.max(...best)];
  const kept = first === last ? `${first}` : `${first} to ${last}`;
  const few = rows < ROWS_OF_AN_EPOCH
    ? ` (an epoch is ${LEAST_BATCHES} batches of ${BATCH_ROWS} at least)`
    : "";
  return `${trainingLoss.length} of ${most} at most${few}, those after ${kept} kept`;
}
