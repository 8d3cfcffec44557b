/**
 * Chooses the provider for a payment by what it is expected to leave for the merchant: the probability that the
 * charge succeeds times the amount less the fee.
 */
export interface RouteCandidate {
  readonly provider: string;
  readonly feeMinor: bigint;
}

export interface RouteContext {
  readonly amountMinor: bigint;
  readonly network: string;
  readonly crossBorder: boolean;
}

export interface Route {
  readonly provider: string;
  /** Posterior mean of the probability of success for charges like this one. */
  readonly expectedSuccess: number;
  /** Past charges like this one that the expectation rests on. */
  readonly sampleSize: number;
  readonly feeMinor: bigint;
  readonly reason: string;
}

export function routePayment(
  context: RouteContext,
  candidates: readonly RouteCandidate[],
  statistics: SuccessStatistics,
): Route {
  let best: { candidate: RouteCandidate; expected: Expectation; value: number } | undefined;
  let second: { candidate: RouteCandidate; value: number } | undefined;
  for (const candidate of candidates) {
    const expected = statistics.expect(candidate.provider, context);
    const value = expected.success * Number(context.amountMinor - candidate.feeMinor);
    if (best === undefined || value > best.value) {
      if (best !== undefined) second = best;
      best = { candidate, expected, value };
    } else if (second === undefined || value > second.value) second = { candidate, value };
  }
  if (best === undefined) throw new Error("No provider is configured");
  const { candidate, expected } = best;
  const share = (value: number) => `${(100 * value / Number(context.amountMinor)).toFixed(2)}%`;
  return {
    provider: candidate.provider,
    expectedSuccess: expected.success,
    sampleSize: expected.sampleSize,
    feeMinor: candidate.feeMinor,
    reason: second === undefined
      ? "the only provider"
      : `expected to leave ${share(best.value)} of the amount, ${second.candidate.provider} ${
        share(second.value)
      }`,
  };
}

interface Expectation {
  success: number;
  sampleSize: number;
}

/** Counts of past outcomes by provider, network and whether the charge crossed a border. */
export class SuccessStatistics {
  readonly #counts = new Map<string, { approved: number; total: number }>();

  add(provider: string, network: string, crossBorder: boolean, approved: number, total: number): void {
    const key = `${provider}/${network}/${crossBorder}`;
    const counts = this.#counts.get(key) ?? { approved: 0, total: 0 };
    counts.approved += approved;
    counts.total += total;
    this.#counts.set(key, counts);
  }

  /** Beta posterior mean under a weak prior: twenty charges, eighteen of them approved. */
  expect(provider: string, context: Pick<RouteContext, "network" | "crossBorder">): Expectation {
    const counts = this.#counts.get(`${provider}/${context.network}/${context.crossBorder}`);
    const approved = counts?.approved ?? 0;
    const total = counts?.total ?? 0;
    return { success: (approved + PRIOR_APPROVED) / (total + PRIOR_TOTAL), sampleSize: total };
  }
}

const PRIOR_APPROVED = 18;
const PRIOR_TOTAL = 20;
