import { formatAmount } from "../core/money.ts";
import { type BatchConnection, commitWith } from "../db/batch_transaction.ts";
import { capturePostings, type Posting } from "../ledger/capture_postings.ts";
import type { DeclineCode } from "../providers/decline_codes.ts";
import type { ChargeReply } from "../providers/provider.ts";
import type { Route } from "../routing/route_payment.ts";
import type { PaymentMethodKind, PaymentStatus } from "./payment.ts";
import { nextMoveOf } from "./payment.ts";
import {
  challengeOf,
  declineIsRetriable,
  declineMessage,
  milliseconds,
  type PaymentAnswer,
  type PaymentAttempt,
  routeAnswer,
  significant,
} from "./payment_answer.ts";
import {
  type KnownAccounts,
  sendAccounts,
  sendChallenges,
  sendEndedHolds,
  sendLocks,
  settledPart,
} from "./store_settled.ts";
import { storeBatch } from "./store_batch.ts";

/** An open payment with all that its booking needs; made from the live call or read back by the completer. */
export interface OpenPayment {
  readonly tenantId: string;
  readonly paymentId: string;
  readonly principal: string;
  readonly idempotencyKey: string | null;
  readonly method: PaymentMethodKind;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly customerId: string;
  readonly merchantId: string;
  readonly provider: string | null;
  readonly holdId: string | null;
  /** The answer so far; settling fills in the outcome. */
  readonly answer: PaymentAnswer;
}

/** What became of the charge; `unknown` when the provider gave no answer. */
export type ChargeOutcome =
  | ChargeReply
  | { readonly outcome: "approved"; readonly chargeId: null }
  | { readonly outcome: "unknown" };

/** A wallet pays from what it holds: there is no provider, and no charge of one. */
export const PAID_BY_WALLET: ChargeOutcome = { outcome: "approved", chargeId: null };

/** A route as it was chosen; what was expected is not known to who takes a payment over. */
export type SettledRoute =
  & Pick<Route, "provider" | "feeMinor">
  & { readonly [Name in "expectedSuccess" | "sampleSize" | "reason"]: Route[Name] | null };

export interface SettleItem {
  readonly payment: OpenPayment;
  readonly outcome: ChargeOutcome;
  /** Null when a wallet paid: there is no provider to attempt. */
  readonly attempt: {
    readonly attempt: number;
    readonly chargeNumber: number;
    readonly route: SettledRoute;
    readonly startedAtMs: number;
    readonly latencyMs: number;
    readonly note: string | null;
  } | null;
  /** The provider's fee, charged only if the payment succeeds. */
  readonly feeMinor: bigint;
  /** The second provider, when this outcome does not end the payment. */
  readonly next: Route | null;
}

export interface SettleTimes {
  readonly nowMs: number;
  /** How long the completer leaves a payment to the call that goes on with it. */
  readonly graceMs: number;
  /** How long a customer has to pass a challenge. */
  readonly challengeLifetimeMs: number;
}

/**
 * Whether an outcome can be stored by one statement, and so together with others' in {@link PaymentBatches}; null
 * where it needs a transaction: a hold ends with it, an account is credited for the first time, or a challenge begins.
 */
export function asOneStatement(
  item: SettleItem,
  knownAccounts: KnownAccounts,
  times: SettleTimes,
): SettledWrite | null {
  if (item.payment.holdId !== null) return null;
  const write = toWrite(item, times);
  return write.status === "requires_action" || !knownAccounts.hasAll(write) ? null : write;
}

/**
 * Transaction 2 of many payments at once: the attempt, the ledger, the status, the audit row and the answer to
 * replay, together or not at all. A payment that somebody else has settled meanwhile makes it fail on the
 * attempt's or the transfer's key, so nothing is booked twice.
 *
 * With a second provider to follow, the attempt is stored and the payment goes on processing there: what makes the
 * call to it safe is that this is durable before.
 */
export async function settlePayments(
  items: readonly SettleItem[],
  connection: BatchConnection,
  knownAccounts: KnownAccounts,
  times: SettleTimes,
): Promise<PaymentAnswer[]> {
  const writes = items.map((item) => toWrite(item, times));
  const opened = knownAccounts.missing(writes);
  const transaction = connection.begin(items.map(({ payment }) => payment.tenantId));
  try {
    sendLocks(transaction, writes);
    sendEndedHolds(transaction, writes, times.nowMs);
    if (opened.length > 0) sendAccounts(transaction, opened);
    sendChallenges(transaction, writes, times);
    await commitWith(transaction, storeBatch(transaction, [settledPart(transaction, writes, times)]));
    for (const [tenantId, { accountId }] of opened) knownAccounts.add(tenantId, accountId);
    return writes.map((write) => write.answer);
  } catch (error) {
    await transaction.rollback();
    throw error;
  }
}

/** What a batch stores of one payment's outcome. */
export interface SettledWrite {
  item: SettleItem;
  answer: PaymentAnswer;
  status: PaymentStatus;
  capturedMinor: bigint;
  feeMinor: bigint;
  postings: Posting[];
}

function toWrite(item: SettleItem, times: SettleTimes): SettledWrite {
  const { payment, outcome } = item;
  const succeeded = outcome.outcome === "approved";
  const feeMinor = succeeded ? item.feeMinor : 0n;
  const postings = succeeded
    ? capturePostings({
      amountMinor: payment.amountMinor,
      feeMinor,
      currency: payment.currency,
      merchantId: payment.merchantId,
      source: payment.provider === null
        ? { kind: "wallet", customerId: payment.customerId }
        : { kind: "provider", provider: payment.provider },
    })
    : [];
  const end = endOf(item);
  const status = item.next === null ? STATUS_OF_OUTCOME[end.outcome] : "processing";
  return {
    item,
    answer: settledAnswer(item, end, status, feeMinor, times),
    status,
    capturedMinor: succeeded ? payment.amountMinor : 0n,
    feeMinor,
    postings,
  };
}

const STATUS_OF_OUTCOME = {
  approved: "succeeded",
  declined: "declined",
  refused: "failed",
  voided: "failed",
  requires_action: "requires_action",
  unknown: "in_doubt",
} as const satisfies Record<ChargeOutcome["outcome"], PaymentStatus>;

/**
 * What the payment ends as. A refusal of the second provider adds nothing to the issuer's word that the first one
 * brought: the payment is declined, as it was.
 */
function endOf({ payment, outcome }: SettleItem): ChargeOutcome {
  if (outcome.outcome !== "refused") return outcome;
  const declined = payment.answer.routing?.attempts.findLast((attempt) => attempt.outcome === "declined");
  return declined === undefined ? outcome : { outcome: "declined", code: declined.code as DeclineCode };
}

function settledAnswer(
  { payment, outcome, attempt, next }: SettleItem,
  end: ChargeOutcome,
  status: PaymentStatus,
  feeMinor: bigint,
  { nowMs, challengeLifetimeMs }: SettleTimes,
): PaymentAnswer {
  const { answer } = payment;
  const attempts: PaymentAttempt[] = attempt === null ? [] : [{
    attempt: attempt.attempt,
    provider: attempt.route.provider,
    outcome: outcome.outcome,
    code: codeOf(outcome) ?? attempt.note,
    charge_id: outcome.outcome === "approved" ? outcome.chargeId : null,
    latency_ms: milliseconds(attempt.latencyMs),
    expected_success: attempt.route.expectedSuccess === null
      ? null
      : significant(attempt.route.expectedSuccess),
    expected_fee: formatAmount(attempt.route.feeMinor, payment.currency),
    expected_fee_minor: Number(attempt.route.feeMinor),
    reason: attempt.route.reason,
  }];
  const decline: PaymentAnswer["decline"] = next === null && end.outcome === "declined"
    ? {
      by: payment.provider === null ? "wallet" : "issuer",
      code: end.code,
      message: declineMessage(end.code),
      retriable: declineIsRetriable(end.code),
    }
    : null;
  return {
    ...answer,
    status,
    routing: answer.routing && {
      ...answer.routing,
      // Whoever takes a payment over reads its route back, and works its fee out again.
      ...(attempts.length === 0 || answer.routing.expected_fee !== null ? {} : {
        expected_fee: attempts[0].expected_fee,
        expected_fee_minor: attempts[0].expected_fee_minor,
      }),
      ...(next === null ? {} : routeAnswer(next, payment.currency)),
      attempts: [...answer.routing.attempts, ...attempts],
    },
    decline,
    challenge: status === "requires_action"
      ? challengeOf(answer.risk.decision === "step_up" ? "risk" : "issuer", nowMs + challengeLifetimeMs)
      : null,
    fee: formatAmount(feeMinor, payment.currency),
    fee_minor: Number(feeMinor),
    timings_ms: {
      ...answer.timings_ms,
      charge: attempt === null
        ? answer.timings_ms.charge
        : milliseconds((answer.timings_ms.charge ?? 0) + attempt.latencyMs),
    },
    next_move: nextMoveOf(status, decline),
  };
}

/** Why not; of an approved charge, how 3-D Secure went. */
export function codeOf(outcome: ChargeOutcome): string | null {
  if (outcome.outcome === "approved") {
    return "authentication" in outcome && outcome.authentication ? `3ds_${outcome.authentication}` : null;
  }
  return outcome.outcome === "declined" || outcome.outcome === "refused" ? outcome.code : null;
}
