import { DENIED_SHARE, type Label, QUARREL_SHARE, reportedWithin, type Reporting } from "./labels.ts";

/*
 * What an oracle knows about a payment, and why it bounds every model.
 *
 * An affair (episode) is told by a story: some payments that look odd. Whose hand it was, a thief's or that of an
 * honest person who happens to act alike, is drawn apart and changes nothing that can be seen but the reports that
 * arrive later. The oracle knows the hidden state: that a payment belongs to an affair, to which, and by which
 * tactic; and it has read all reports that had arrived. It does not know the hand. So its probability is the share
 * of thieves among such affairs, updated by Bayes' rule with the reports, and that is exact. Whoever sees only
 * payments and reports knows less, and on average ranks no better.
 */

/** One earlier payment of the affair, as the oracle sees it at some time. */
export interface EarlierPayment extends Label {
  readonly occurredAtMs: number;
}

/** Probability that the affair is a thief's, at `atMs`, after the reports on its earlier payments so far. */
export function posteriorOfAffair(
  prior: number,
  reporting: Reporting,
  earlier: readonly EarlierPayment[],
  atMs: number,
): number {
  let odds = prior / (1 - prior);
  for (const { occurredAtMs, labelKnownAtMs, labelFraud } of earlier) {
    const { reportedShare, misfiledShare } = reporting;
    if (labelKnownAtMs === null || labelKnownAtMs > atMs) {
      const within = reportedWithin(atMs - occurredAtMs);
      odds *= (1 - reportedShare * within) / (1 - (DENIED_SHARE + QUARREL_SHARE) * within);
    } else if (labelFraud) odds *= reportedShare * (1 - misfiledShare) / DENIED_SHARE;
    else odds *= reportedShare * misfiledShare / QUARREL_SHARE;
  }
  return odds / (1 + odds);
}
