import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { normalCdf } from "./normal.ts";
import type { Draw } from "./draw.ts";

export interface Label {
  readonly labelKnownAtMs: number | null;
  readonly labelFraud: boolean;
}

/** How a kind of fraud is reported, when it is. */
export interface Reporting {
  /** Share that anybody ever reports. */
  readonly reportedShare: number;
  /** Of those, the share that the bank files as a quarrel with the merchant. */
  readonly misfiledShare: number;
}

/** Honest payments that their payer denies, and those that end in a quarrel with the merchant. */
export const DENIED_SHARE = 0.0002;
export const QUARREL_SHARE = 0.0003;

// Chargebacks take five days in the median and more than two weeks in one case of twenty.
const LEAST_DELAY_DAYS = 0.5;
const MEDIAN_LN_DAYS = Math.log(4.5);
const SPREAD_LN_DAYS = 0.75;

export function reportDelayMs(draw: Draw): number {
  return Math.floor((LEAST_DELAY_DAYS + draw.logNormal(MEDIAN_LN_DAYS, SPREAD_LN_DAYS)) * DAY_MS);
}

/** The share of reports that have arrived after so long. */
export function reportedWithin(elapsedMs: number): number {
  const days = elapsedMs / DAY_MS - LEAST_DELAY_DAYS;
  return days <= 0 ? 0 : normalCdf((Math.log(days) - MEDIAN_LN_DAYS) / SPREAD_LN_DAYS);
}

/** What is ever reported about a fraud, and when. Nobody reports that a payment was fine. */
export function drawFraudLabel(reporting: Reporting, occurredAtMs: number, draw: Draw): Label {
  const delayMs = reportDelayMs(draw);
  const isReported = draw.chance(reporting.reportedShare);
  const isMisfiled = draw.chance(reporting.misfiledShare);
  return isReported
    ? { labelKnownAtMs: occurredAtMs + delayMs, labelFraud: !isMisfiled }
    : { labelKnownAtMs: null, labelFraud: false };
}

/** As {@link drawFraudLabel} for an honest payment: denied, quarrelled about or, nearly always, never heard of again. */
export function drawHonestLabel(occurredAtMs: number, draw: Draw): Label {
  const chance = draw.uniform();
  if (chance >= DENIED_SHARE + QUARREL_SHARE) return { labelKnownAtMs: null, labelFraud: false };
  return { labelKnownAtMs: occurredAtMs + reportDelayMs(draw), labelFraud: chance < DENIED_SHARE };
}

/** The label as somebody at `atMs` has it: a payment nobody has reported by then counts as genuine. */
export function labelKnownAt(label: Label, atMs: number): boolean {
  return label.labelKnownAtMs !== null && label.labelKnownAtMs <= atMs && label.labelFraud;
}
