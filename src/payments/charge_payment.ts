import type { Clock } from "../core/clock.ts";
import { type ChargeRequest, NothingCharged, type Provider, ProviderTimeout } from "../providers/provider.ts";
import type { ChargeOutcome } from "./settle_payments.ts";

export interface ChargeResult {
  readonly outcome: ChargeOutcome;
  readonly startedAtMs: number;
  readonly latencyMs: number;
  /** How an outcome was learned when it was not the reply to the charge. */
  readonly note: string | null;
}

/** Makes the result of what begins now: its time is from this call to the one that has the outcome. */
export function timedResult(clock: Clock): (outcome: ChargeOutcome, note: string | null) => ChargeResult {
  const startedAtMs = clock.nowMs();
  const startedMs = clock.monotonicMs();
  return (outcome, note) => ({ outcome, startedAtMs, latencyMs: clock.monotonicMs() - startedMs, note });
}

/**
 * Asks the provider to charge. No transaction is open here. Without a reply in time the charge is unknown, not
 * failed: the provider is asked by key, once, and only its own word counts.
 *
 * @param isFirst whether nobody can have sent the key before: only then a call that has certainly charged nothing means
 * that nothing was charged
 */
export async function chargePayment(
  provider: Provider,
  request: ChargeRequest,
  timeoutMs: number,
  clock: Clock,
  isFirst: boolean,
): Promise<ChargeResult> {
  const result = timedResult(clock);
  try {
    return result(await provider.charge(request, timeoutMs), null);
  } catch (error) {
    if (isFirst && error instanceof NothingCharged) {
      return result({ outcome: "refused", code: "provider_unavailable" }, "not_sent");
    }
    if (!(error instanceof ProviderTimeout)) throw error;
  }
  try {
    const found = await provider.findCharge(request.key, timeoutMs);
    return found === null
      ? result({ outcome: "unknown" }, "no_reply")
      : result(found, "reply_lost_found_by_key");
  } catch (error) {
    if (!(error instanceof ProviderTimeout)) throw error;
    return result({ outcome: "unknown" }, "no_reply_to_look_up");
  }
}
