import { hourUtc } from "../core/clock.ts";
import { hash32 } from "../core/random.ts";
import { toReferenceUsd } from "../core/money.ts";
import type { AcquirerProfile } from "./acquirer_profiles.ts";
import type { ChargeRequest, DeclineCode } from "./provider.ts";

export type IssuerDecision = { outcome: "approved" } | { outcome: "declined"; code: DeclineCode };

/**
 * What the card's issuer answers through this acquirer. A function of the key and the request alone, so a seeded
 * history and a repeated run come out the same; the server and the bulk loader share it.
 */
export function decideCharge(
  profile: AcquirerProfile,
  request: Omit<ChargeRequest, "mandateChallenge">,
): IssuerDecision {
  if (unitHash(request.key, "outcome") < approvalProbability(profile, request)) {
    return { outcome: "approved" };
  }
  const roll = unitHash(request.key, "code");
  let cumulative = 0;
  for (const [code, share] of DECLINE_SHARES) {
    cumulative += share;
    if (roll < cumulative) return { outcome: "declined", code };
  }
  return { outcome: "declined", code: "generic_decline" };
}

/** The truth that routing tries to learn. */
export function approvalProbability(
  profile: AcquirerProfile,
  request: Pick<
    ChargeRequest,
    "amountMinor" | "currency" | "network" | "issuerCountry" | "merchantCountry" | "occurredAtMs"
  >,
): number {
  let probability = profile.approvalByNetwork[request.network] ?? UNKNOWN_NETWORK_APPROVAL;
  probability += profile.approvalByIssuerCountry[request.issuerCountry] ?? 0;
  if (request.issuerCountry !== request.merchantCountry) probability -= profile.crossBorderPenalty;
  const amountUsd = toReferenceUsd(request.amountMinor, request.currency);
  if (amountUsd > 100) probability -= profile.largeAmountPenalty * Math.log10(amountUsd / 100);
  const { fromHour, toHour, penalty } = profile.weakHours;
  const hour = hourUtc(request.occurredAtMs);
  if (hour >= fromHour && hour < toHour) probability -= penalty;
  return Math.min(0.99, Math.max(0.02, probability));
}

/** A charge's simulated duration, fixed by the key: log-normal, and for one in a thousand a heavy tail beyond it. */
export function chargeLatencyMs(profile: AcquirerProfile, key: string): number {
  if (unitHash(key, "tail") < TAIL_SHARE) {
    return profile.latencyMsP99 *
      Math.min(TAIL_MAX_FACTOR, (1 - unitHash(key, "tail length")) ** (-1 / TAIL_INDEX));
  }
  const sigma = Math.log(profile.latencyMsP99 / profile.latencyMsP50) / Z_P99;
  const radius = Math.sqrt(-2 * Math.log(1 - unitHash(key, "latency")));
  const normal = radius * Math.cos(2 * Math.PI * unitHash(key, "phase"));
  return profile.latencyMsP50 * Math.exp(sigma * normal);
}

const UNKNOWN_NETWORK_APPROVAL = 0.85;
const Z_P99 = 2.326;
/** Pareto beyond the 99th percentile; cut where the slowest acquirer still answers within the default timeout. */
const TAIL_SHARE = 0.001;
const TAIL_INDEX = 1.5;
const TAIL_MAX_FACTOR = 8;

const DECLINE_SHARES: readonly [DeclineCode, number][] = [
  ["insufficient_funds", 0.4],
  ["do_not_honor", 0.28],
  ["limit_exceeded", 0.1],
  ["issuer_unavailable", 0.07],
  ["expired_card", 0.07],
  ["lost_or_stolen", 0.04],
  ["processing_error", 0.02],
  ["suspected_fraud", 0.02],
];

/** Uniform over [0, 1) from the key and a label. */
export function unitHash(key: string, label: string): number {
  return hash32(`${label}/${key}`) / 4294967296;
}
