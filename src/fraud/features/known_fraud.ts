import type { LabelEvent } from "./event.ts";
import { ADDRESS, CARD, COMMON, CUSTOMER, DEVICE, MERCHANT } from "./layout.ts";
import { ordinariness, ratioToUsual } from "./usual_amount.ts";
import { DAY_MS, decay } from "./windows.ts";

/*
 * How each kind of entity remembers a label. A label counts from the instant when it became known, and speaks of a
 * payment that may be weeks older.
 *
 * A merchant's known frauds make a run, until a payment later than its first is known to be genuine, or none of its
 * payments was fraud for RUN_PAUSE_MS. A terminal that steals all it reads shows a run whose amounts are ordinary for
 * their customers; one at which stolen cards are spent, a fraud now and then of amounts that are not.
 */

const RUN_PAUSE_MS = 30 * DAY_MS;

export function observeCustomerLabel(state: Float64Array, label: LabelEvent): void {
  const elapsedMs = label.knownAtMs - state[COMMON.lastLabelAtMs];
  const d90d = decay(elapsedMs, "90d");
  const genuine = label.fraud ? 0 : 1;
  state[CUSTOMER.genuine90d] = state[CUSTOMER.genuine90d] * d90d + genuine;
  state[CUSTOMER.genuineUsd90d] = state[CUSTOMER.genuineUsd90d] * d90d + genuine * label.payment.amountUsd;
  observeKnown(state, label, CUSTOMER.lastFraudS);
}

export function observeCardLabel(state: Float64Array, label: LabelEvent): void {
  observeKnown(state, label, CARD.lastFraudS);
}

export function observeDeviceLabel(state: Float64Array, label: LabelEvent): void {
  observeKnown(state, label, DEVICE.lastFraudS);
}

export function observeAddressLabel(state: Float64Array, label: LabelEvent): void {
  observeKnown(state, label, ADDRESS.lastFraudS);
}

/** @param customer the state of the payment's customer: what is ordinary is the customer's, as known by now */
export function observeMerchantLabel(state: Float64Array, customer: Float64Array, label: LabelEvent): void {
  const elapsedMs = label.knownAtMs - state[COMMON.lastLabelAtMs];
  const fraud = label.fraud ? 1 : 0;
  state[MERCHANT.fraud24h] = state[MERCHANT.fraud24h] * decay(elapsedMs, "24h") + fraud;
  state[MERCHANT.fraud7d] = state[MERCHANT.fraud7d] * decay(elapsedMs, "7d") + fraud;
  state[MERCHANT.labels30d] = state[MERCHANT.labels30d] * decay(elapsedMs, "30d") + 1;
  const atS = secondsOf(label.payment.occurredAtMs);
  if (label.fraud) {
    const ordinary = ordinariness(ratioToUsual(customer, label.payment.amountUsd));
    if (atS - state[MERCHANT.lastFraudS] > RUN_PAUSE_MS / 1000) endRun(state);
    if (state[MERCHANT.runCount] === 0 || atS < state[MERCHANT.runFromS]) state[MERCHANT.runFromS] = atS;
    const from = state[MERCHANT.runOrdinaryFromS];
    if (ordinary >= 0.5 && (from === 0 || atS < from)) state[MERCHANT.runOrdinaryFromS] = atS;
    state[MERCHANT.runCount]++;
    state[MERCHANT.runOrdinary] += ordinary;
  } else {
    if (state[MERCHANT.runCount] > 0 && atS > state[MERCHANT.runFromS]) endRun(state);
    state[MERCHANT.lastGenuineS] = Math.max(state[MERCHANT.lastGenuineS], atS);
  }
  observeKnown(state, label, MERCHANT.lastFraudS);
}

function endRun(state: Float64Array): void {
  state[MERCHANT.runCount] = 0;
  state[MERCHANT.runOrdinary] = 0;
  state[MERCHANT.runFromS] = 0;
  state[MERCHANT.runOrdinaryFromS] = 0;
}

// Last, because it moves the instant that the other sums stand as of.
function observeKnown(state: Float64Array, label: LabelEvent, lastFraudS: number): void {
  const elapsedMs = label.knownAtMs - state[COMMON.lastLabelAtMs];
  state[COMMON.fraud30d] = state[COMMON.fraud30d] * decay(elapsedMs, "30d") + (label.fraud ? 1 : 0);
  if (label.fraud) state[lastFraudS] = Math.max(state[lastFraudS], secondsOf(label.payment.occurredAtMs));
  state[COMMON.lastLabelAtMs] = label.knownAtMs;
}

/** Whole seconds are enough for an age in days, and take half the room of milliseconds. */
function secondsOf(atMs: number): number {
  return Math.floor(atMs / 1000);
}
