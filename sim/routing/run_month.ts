import type { Month, MonthOption, MonthPayment } from "./month.ts";
import type { Policy } from "./policies.ts";

export interface MonthResult {
  readonly policy: string;
  readonly successRate: number;
  /** Of the value that was charged: fees paid, and what the merchant kept of all it asked for. */
  readonly feeShare: number;
  readonly keptShare: number;
  readonly expectedUsd: number;
  readonly realUsd: number;
  /** The provider of each payment, in order. */
  readonly choices: readonly string[];
}

type Gained = Pick<MonthResult, "expectedUsd">;

/**
 * Routes a month's payments one after another.
 *
 * @param lag how many payments are routed before an outcome is known: as many as are in flight at once
 */
export function runMonth(month: Month, policy: Policy, lag = 0): MonthResult {
  let successes = 0;
  let capturedUsd = 0;
  let askedUsd = 0;
  let expectedUsd = 0;
  let realUsd = 0;
  const choices: string[] = [];
  const inFlight: [MonthPayment, MonthOption][] = [];
  for (const payment of month.payments) {
    const option = policy.choose(payment);
    inFlight.push([payment, option]);
    if (inFlight.length > lag) policy.learn(...inFlight.shift()!);
    choices.push(option.provider);
    askedUsd += payment.amountUsd;
    expectedUsd += option.expectedUsd;
    realUsd += option.realUsd;
    if (option.approved) {
      successes++;
      capturedUsd += payment.amountUsd;
    }
  }
  return {
    policy: policy.name,
    successRate: successes / month.payments.length,
    feeShare: (capturedUsd - realUsd) / capturedUsd,
    keptShare: realUsd / askedUsd,
    expectedUsd,
    realUsd,
    choices,
  };
}

/** How much of the oracle's gain over a baseline was reached, by the true expectations: luck is left out. */
export function shareOfGain(result: Gained, baseline: Gained, best: Gained): number {
  return (result.expectedUsd - baseline.expectedUsd) / (best.expectedUsd - baseline.expectedUsd);
}
