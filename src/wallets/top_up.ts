import { toRfc3339 } from "../core/clock.ts";
import { CURRENCIES } from "../core/money.ts";
import { adviseTopUp, COVER_DAYS, COVER_SHARE } from "./forecast/top_up_advice.ts";
import { forecastRunOut, RUN_OUT_METHOD } from "./forecast/run_out.ts";
import type { WalletFlows } from "./read_flows.ts";
import { DAY_MS } from "./risk/past.ts";
import type { ChargedTopUp } from "./top_up_charger.ts";
import { moneyAnswer } from "./transfer.ts";

/**
 * A top-up's life. What is not final ends without the client: the keeper asks for the same charge again, which is the
 * same charge, until it is known what became of it; a challenge that nobody passes in time ends it as failed.
 *
 *   (asked)         ─► charging
 *   charging        ─► succeeded | declined | failed | requires_action | in_doubt
 *   requires_action ─► succeeded | declined | failed | in_doubt
 *   in_doubt        ─► succeeded | declined | failed
 */
export type TopUpStatus = "charging" | "in_doubt" | "requires_action" | "succeeded" | "declined" | "failed";

export const TOP_UP_STATUSES = {
  charging: {
    final: false,
    nextMove: "The provider's answer is not in yet. Repeat the call with the same key in a second.",
    nextMoveWithoutKey: (paymentId: string) =>
      "The provider's answer is not in yet. " + askForPayment(paymentId, "a second"),
  },
  in_doubt: {
    final: false,
    nextMove:
      "It is unknown yet whether the card was charged; it is being settled. Repeat the call with the same key in a few " +
      "seconds. Do not top up again.",
    nextMoveWithoutKey: (paymentId: string) =>
      "It is unknown yet whether the card was charged; it is being settled. " +
      askForPayment(paymentId, "a few seconds"),
  },
  requires_action: {
    final: false,
    nextMove:
      "Ask the customer for the code of their bank. Then repeat the top_up_wallet call to the letter, with the " +
      "confirm_token it answered and the code as challenge_answer. Unanswered, it ends as failed.",
  },
  succeeded: { final: true, nextMove: "Nothing is left to do." },
  declined: { final: true, nextMove: "Use another payment method, with a new idempotency key." },
  failed: { final: true, nextMove: "The card was never charged. Try again with a new idempotency key." },
} as const satisfies Record<
  TopUpStatus,
  { final: boolean; nextMove: string; nextMoveWithoutKey?: (paymentId: string) => string }
>;

/** A call without a key cannot be repeated: it would be another top-up. */
function askForPayment(paymentId: string, soon: string): string {
  return `Call get_payment_status with payment_id "${paymentId}" in ${soon}: once it has succeeded, the wallet is credited. ` +
    "Do not repeat this call: it had no idempotency_key, so it would charge the card again.";
}

/** What the caller does next. */
export function nextMoveOfTopUp(
  status: TopUpStatus,
  { hasKey, paymentId, isSoftDecline }: { hasKey: boolean; paymentId: string; isSoftDecline: boolean },
): string {
  const facts: { nextMove: string; nextMoveWithoutKey?: (paymentId: string) => string } =
    TOP_UP_STATUSES[status];
  if (status === "declined" && isSoftDecline) {
    return `The card may be accepted later: try again then, or use another payment method, with a new idempotency key.`;
  }
  return hasKey ? facts.nextMove : facts.nextMoveWithoutKey?.(paymentId) ?? facts.nextMove;
}

export const STATUS_OF_CHARGE = {
  processing: "charging",
  requires_action: "requires_action",
  in_doubt: "in_doubt",
  succeeded: "succeeded",
  partially_refunded: "succeeded",
  refunded: "succeeded",
  declined: "declined",
  failed: "failed",
} as const satisfies Record<ChargedTopUp["status"], TopUpStatus>;

export type Recommendation =
  | { basis: "insufficient_data"; sample_size: number; missing: string }
  | { basis: string; sample_size: number; needed: false; reason: string }
  | {
    basis: string;
    sample_size: number;
    needed: true;
    date: string;
    amount: string;
    amount_minor: number;
    currency: string;
    reason: string;
  };

/** What top_up_wallet answers, and what a repeated call gets again to the letter. */
export interface TopUpAnswer {
  top_up_id: string;
  status: TopUpStatus;
  wallet_id: string;
  amount: string;
  amount_minor: number;
  currency: string;
  payment_id: string | null;
  risk_score: number | null;
  decline: { by: string; code: string; message: string } | null;
  /** What the card's holder has to do first; null unless `requires_action`. */
  challenge: {
    asked_by: "issuer" | "risk";
    about: string;
    expires_at: string;
    /** For the caller that made the top-up. */
    confirm_token: string;
  } | null;
  available: { amount: string; amount_minor: number; currency: string };
  recommendation: Recommendation;
  created_at: string;
  /** Its payment's own time. Not in answers that were stored for replay before it was kept. */
  occurred_at?: string;
  next_move: string;
}

/** The next top-up, from the forecast as it is with this one credited. */
export function recommend(
  flows: WalletFlows,
  availableMinor: bigint,
  currency: string,
  asOfMs: number,
): Recommendation {
  const runOut = forecastRunOut(Number(availableMinor), flows.dailyNet, flows.seed);
  if (runOut.basis === "insufficient_data") {
    return { basis: runOut.basis, sample_size: runOut.sampleDays, missing: runOut.missing };
  }
  const basis = { basis: RUN_OUT_METHOD, sample_size: runOut.sampleDays };
  const advice = adviseTopUp(flows.dailyNet, runOut, roundSum(currency), flows.seed);
  if (advice === null) {
    return {
      ...basis,
      needed: false,
      reason: `In at least nine of ten forecasts the money lasts ${runOut.horizonDays} days.`,
    };
  }
  const show = (minor: number) => `${moneyAnswer(BigInt(minor), currency).amount} ${currency}`;
  return {
    ...basis,
    needed: true,
    date: toRfc3339(asOfMs + advice.inDays * DAY_MS).slice(0, 10),
    ...moneyAnswer(BigInt(advice.amountMinor), currency),
    reason:
      `In one of ten forecasts the money is used up after ${runOut.lowDays} days. ${COVER_DAYS} days cost ${
        show(advice.monthMedianMinor)
      } in the middle and at most ${show(advice.monthHighMinor)} in ${
        COVER_SHARE * 10
      } of ten: so long it should last.`,
  };
}

/** Some five dollars, as a round number of major units. */
function roundSum(currency: string): number {
  const { exponent, referenceUsd } = CURRENCIES[currency];
  return 5 * 10 ** Math.max(0, Math.round(Math.log10(1 / referenceUsd))) * 10 ** exponent;
}
