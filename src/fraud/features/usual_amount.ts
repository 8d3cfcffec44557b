import { CUSTOMER } from "./layout.ts";

/** Payments whose amounts count fully before anything is held to be unusual. */
const FIRST_PAYMENTS = 5;
/** Weight behind the usual amount at most: older payments are forgotten as new ones come. */
const WEIGHT_MAX = 200;
/** From here on an amount, against the usual, is not ordinary at all. */
const UNUSUAL_RATIO = 3;
/** What is higher than this against the usual weighs little in it: something, or who moves up were never followed. */
const FULL_WEIGHT_RATIO = 2;
const HIGH_WEIGHT = 0.1;

/** How ordinary an amount is that is `ratio` times the usual: 1 up to the usual itself, 0 from three times on. */
export function ordinariness(ratio: number): number {
  return Math.min(1, Math.max(0, (UNUSUAL_RATIO - ratio) / (UNUSUAL_RATIO - 1)));
}

/** From this ratio on an amount is counted as unusual: one in a hundred and twenty of those that scatter by half their mean. */
const COUNTED_FROM_RATIO = 2.2;

/** 1 for an amount far above the customer's usual. */
export function isUnusual(customer: Float64Array, amountUsd: number): number {
  return ratioToUsual(customer, amountUsd) >= COUNTED_FROM_RATIO ? 1 : 0;
}

/** The amount against the customer's usual; 1 for a customer without history. */
export function ratioToUsual(customer: Float64Array, amountUsd: number): number {
  return customer[CUSTOMER.usualWeight] > 0 ? amountUsd / customer[CUSTOMER.usualUsd] : 1;
}

/**
 * Moves the usual amount towards this one: a mean in which what is far above it weighs little and counts as three
 * times the usual at most. A thief's purchases, a third of a fortnight's, move it by a few per cent; a plain mean
 * would more than double.
 */
export function observeUsual(customer: Float64Array, amountUsd: number): void {
  const [usual, behind] = [customer[CUSTOMER.usualUsd], customer[CUSTOMER.usualWeight]];
  const isFirst = behind < FIRST_PAYMENTS;
  const weight = isFirst || amountUsd <= FULL_WEIGHT_RATIO * usual ? 1 : HIGH_WEIGHT;
  const counted = isFirst ? amountUsd : Math.min(amountUsd, UNUSUAL_RATIO * usual);
  const total = Math.min(WEIGHT_MAX, behind + weight);
  customer[CUSTOMER.usualUsd] = usual + (counted - usual) * (weight / total);
  customer[CUSTOMER.usualWeight] = total;
}
