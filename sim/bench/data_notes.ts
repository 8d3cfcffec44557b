import type { LabelledPayments } from "../train/labelled_payments.ts";

/** Medians outside of these are hardly US dollars, in which costs and rules think. */
const USUAL_MEDIAN_USD = [0.5, 20_000] as const;
const SAMPLED_AMOUNTS = 20_000;
/** Below it nobody needs to know. */
const SHARED_INSTANTS_TOLD = 0.01;

/** What of a data set is not as the scoreboard takes it to be, a sentence each. */
export function dataNotes(payments: LabelledPayments): string[] {
  return [...oracleNote(payments), ...amountNote(payments), ...instantNote(payments), ...onceNote(payments)];
}

function oracleNote({ length, withoutPosterior }: LabelledPayments): string[] {
  if (withoutPosterior === 0 || withoutPosterior === length) return [];
  return [
    `No oracle: the attainable probability (posterior) is missing for ${withoutPosterior} of ${length} payments. ` +
    "It is used where all payments have it.",
  ];
}

function amountNote(payments: LabelledPayments): string[] {
  const step = Math.max(1, Math.floor(payments.length / SAMPLED_AMOUNTS));
  const amounts: number[] = [];
  for (let row = 0; row < payments.length; row += step) amounts.push(payments.amountUsd(row));
  const median = amounts.sort((a, b) => a - b)[amounts.length >> 1];
  if (median >= USUAL_MEDIAN_USD[0] && median <= USUAL_MEDIAN_USD[1]) return [];
  return [
    `Half of the payments are above ${
      Number(median.toPrecision(3))
    }: if that is not US dollars, the costs, the rules ` +
    "and what counts as a small amount mean little here. Models take amounts in any unit.",
  ];
}

function instantNote(payments: LabelledPayments): string[] {
  let shared = 0;
  for (let row = 1; row < payments.length; row++) {
    if (payments.atMs(row) === payments.atMs(row - 1)) shared++;
  }
  const share = shared / payments.length;
  if (share < SHARED_INSTANTS_TOLD) return [];
  return [
    `${
      (100 * share).toFixed(0)
    }% of the payments came at the same instant as the one before them. Which of them was first ` +
    "is not known: they are taken in an order by chance, a hash of their id, as the file's own may tell what is fraud.",
  ];
}

/** So few come back that what is known of a customer decides nothing. */
const RETURNING_TOLD = 0.01;

function onceNote(payments: LabelledPayments): string[] {
  let returning = 0;
  for (let row = 0; row < payments.length; row++) {
    if (payments.previousOfCustomer(row) !== null) returning++;
  }
  const share = returning / payments.length;
  if (share >= RETURNING_TOLD) return [];
  return [
    `${
      returning === 0 ? "Every customer" : "Nearly every customer"
    } pays once: ${payments.customers.size} customers made ` +
    `${payments.length} payments. Features of a customer's earlier payments can say nothing here; check that the customer's ` +
    "column is who pays, and not the payment's own id.",
  ];
}
