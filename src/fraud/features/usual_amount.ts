import { CUSTOMER } from "./layout.ts";

/** Payments whose amounts count fully before anything is held to be unusual. */
const FIRST_PAYMENTS = 5;
/** Weight behind the usual amount at most: older payments are forgotten as new ones come. */
const WEIGHT_MAX = 200;
/** From here on an amount, against the usual, is not ordinary at all. */
const UNUSUAL_RATIO = 3;
/** What such an amount still counts: a customer who moves up for good is followed in the end. */
const UNUSUAL_WEIGHT = 0.1;

/** How ordinary an amount is that is `ratio` times the usual: 1 up to the usual itself, 0 from three times on. */
export function ordinariness(ratio: number): number {
  return Math.min(1, Math.max(0, (UNUSUAL_RATIO - ratio) / (UNUSUAL_RATIO - 1)));
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
  const weight = isFirst ? 1 : Math.max(UNUSUAL_WEIGHT, ordinariness(amountUsd / usual));
  const counted = isFirst ? amountUsd : Math.min(amountUsd, UNUSUAL_RATIO * usual);
  const total = Math.min(WEIGHT_MAX, behind + weight);
  customer[CUSTOMER.usualUsd] = usual + (counted - usual) * (weight / total);
  customer[CUSTOMER.usualWeight] = total;
}
