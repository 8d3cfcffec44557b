import { REFUND_REASONS } from "../../src/fraud/refunds/reasons.ts";
import { runningSums } from "../world/draw.ts";
import type { Reporting } from "../world/labels.ts";

/**
 * Refund abuse.
 *
 * Who: the customer. Four in a hundred send back far more than others, and a good part of what they say is untrue.
 * Why: to wear a dress once; to keep the parcel and have the money too.
 * How it shows: in the stream of refund requests (world/refunds.ts), never in a payment: many requests for few
 * purchases, of high value, soon after delivery, and above all "it never arrived".
 * Looks alike: people who order three sizes and keep one, and those whose parcels are stolen from the door.
 * Should be caught by: a customer's requests and their value against purchases over 90 days, the share of "not
 * received", and requests that were found untrue before (src/fraud/refunds/refund_features.ts).
 *
 * The posterior is exact, given the trait and the reason: each request is untrue by the same chance as the next.
 */
export { REFUND_REASONS };
export type RefundReason = typeof REFUND_REASONS[number];

/** Whether somebody who sends much back (`returner`) or anybody else asks for a refund, for which reason, and lies. */
export const REFUND_HABITS = {
  returner: {
    /** Times as likely as others to ask for any purchase. */
    eagerness: 6,
    reasons: runningSums([40, 20, 36, 4]),
    untrueByReason: [0.18, 0.3, 0.62, 0.2],
  },
  others: {
    eagerness: 1,
    reasons: runningSums([62, 20, 12, 6]),
    untrueByReason: [0.002, 0.004, 0.02, 0.002],
  },
} as const;

/** Parcels are looked into and shippers asked, so two in five lies come out; one truth in a thousand is called a lie. */
export const REFUND_REPORTING: Reporting = { reportedShare: 0.4, misfiledShare: 0.1 };
export const REFUND_WRONGLY_ACCUSED_SHARE = 0.001;
