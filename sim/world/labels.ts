import type { Random } from "../../src/core/random.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";

export interface Label {
  readonly labelKnownAtMs: number | null;
  readonly labelFraud: boolean;
}

/** Small thefts often pass unnoticed; a spree hardly ever does. */
const REPORTED_SHARE: Readonly<Record<string, number>> = { card_testing: 0.75, stolen_card_spree: 0.92 };
/** Fraud that the bank files as a quarrel with the merchant. */
const MISFILED_SHARE = 0.04;
/** Honest payments that their payer denies. */
const DENIED_SHARE = 0.0002;

/**
 * What is ever reported about a payment, and when: chargebacks take five days in the median and more than two
 * weeks in one case of twenty. Nobody reports that a payment was fine.
 */
export function drawLabel(story: string | null, occurredAtMs: number, random: Random): Label {
  const delayMs = Math.floor((0.5 + random.logNormal(Math.log(4.5), 0.75)) * DAY_MS);
  const chance = random.uniform();
  if (story === null) {
    return chance < DENIED_SHARE
      ? { labelKnownAtMs: occurredAtMs + delayMs, labelFraud: true }
      : { labelKnownAtMs: null, labelFraud: false };
  }
  const reported = REPORTED_SHARE[story] ?? 0.85;
  if (chance >= reported) return { labelKnownAtMs: null, labelFraud: false };
  return { labelKnownAtMs: occurredAtMs + delayMs, labelFraud: chance >= reported * MISFILED_SHARE };
}

/** The label as somebody at `atMs` has it: a payment nobody has reported by then counts as genuine. */
export function labelKnownAt(label: Label, atMs: number): boolean {
  return label.labelKnownAtMs !== null && label.labelKnownAtMs <= atMs && label.labelFraud;
}
