import { toReferenceUsd } from "../core/money.ts";
import type { Random } from "../core/random.ts";
import { sampleBeta } from "./beta.ts";
import { contextOf, type RouteTerms } from "./routing_context.ts";
import type { RoutingStatistics } from "./routing_statistics.ts";

export interface RouteCandidate {
  readonly provider: string;
  readonly feeMinor: bigint;
}

export interface Route {
  readonly provider: string;
  /** Mean of the probability that the provider answers and the issuer approves a charge like this one. */
  readonly expectedSuccess: number;
  /** Past charges like this one, fading with age, that the expectation rests on. */
  readonly sampleSize: number;
  readonly feeMinor: bigint;
  /** Why this provider. */
  readonly reason: string;
}

/** Deviations of the drawn approval, in units of the model's; measured, as is all else, by `deno task bench:routing`. */
const EXPLORATION = 0.5;

/**
 * Chooses the provider that is expected to leave most to the merchant: the probability that the charge succeeds
 * times the amount less the fee.
 *
 * Thompson sampling: each probability is drawn from what is believed of it. So a provider is tried as often as it
 * may yet be the best, which is how one that has failed is found to be back. Measured against LinUCB in
 * docs/decisions/0003-routing-by-thompson-sampling.md.
 */
export function routePayment(
  terms: RouteTerms,
  candidates: readonly RouteCandidate[],
  statistics: RoutingStatistics,
  random: Random,
): Route {
  if (candidates.length === 0) throw new Error("No provider is configured");
  const context = contextOf(terms);
  const mayExplore = statistics.mayExplore(toReferenceUsd(terms.amountMinor, terms.currency));
  const options = candidates.map((candidate) => {
    const health = statistics.health(candidate.provider);
    const approval = statistics.approval(candidate.provider, context);
    const kept = Number(terms.amountMinor - candidate.feeMinor);
    const answers = health.successes / (health.successes + health.failures);
    const drawn = mayExplore
      ? sampleBeta(random, health.successes, health.failures) *
        within0And1(approval.mean + EXPLORATION * approval.deviation * random.normal())
      : answers * approval.mean;
    const success = answers * approval.mean;
    return {
      candidate,
      sampleSize: approval.sampleSize,
      success,
      value: success * kept,
      drawn: drawn * kept,
    };
  });
  const chosen = options.reduce((best, option) => option.drawn > best.drawn ? option : best);
  statistics.sent(chosen.candidate.provider);
  return {
    provider: chosen.candidate.provider,
    expectedSuccess: chosen.success,
    sampleSize: Math.round(chosen.sampleSize),
    feeMinor: chosen.candidate.feeMinor,
    reason: reasonOf(chosen, options, Number(terms.amountMinor)),
  };
}

interface Option {
  readonly candidate: RouteCandidate;
  readonly value: number;
}

function reasonOf(chosen: Option, options: readonly Option[], amountMinor: number): string {
  const others = options.filter((option) => option !== chosen);
  if (others.length === 0) return "the only provider left";
  const next = others.reduce((best, option) => option.value > best.value ? option : best);
  const share = ({ value }: Option) => `${(100 * value / amountMinor).toFixed(2)}%`;
  return chosen.value >= next.value
    ? `expected to leave ${share(chosen)} of the amount, ${next.candidate.provider} ${share(next)}`
    : `explored: expected to leave ${share(chosen)} of the amount, ${next.candidate.provider} ${
      share(next)
    }, ` +
      "but it may be better than that";
}

function within0And1(value: number): number {
  return Math.min(1, Math.max(0, value));
}
