import { nextMoveOfWaiting, type WaitingApproval } from "../core/approval_ways.ts";
import { toRfc3339 } from "../core/clock.ts";
import type { DomainError } from "../core/errors.ts";
import { formatAmount } from "../core/money.ts";
import type { Account } from "../ledger/accounts.ts";
import { type Rate, showRate } from "./rates.ts";
import { HOLD_AT_SCORE, REFUSE_AT_SCORE, type TransferRisk } from "./risk/assess_transfer.ts";

/**
 * A transfer's life. One that waits is driven to its end without the client: its expiry voids it.
 *
 *   (asked) ─► posted | pending_approval | refused
 *   pending_approval ─► posted | rejected | expired
 */
export type TransferStatus = "posted" | "pending_approval" | "refused" | "rejected" | "expired";

export const TRANSFER_STATUSES = {
  posted: { final: true, about: "Moved and booked.", nextMove: "Nothing is left to do." },
  pending_approval: {
    final: false,
    about: "Held in the sender's wallet until a person approves it or it expires.",
    // A person decides; each answer says where and by what (see transferAnswer).
    nextMove: "A person has to decide it.",
  },
  refused: {
    final: true,
    about: "Refused by the risk patterns; nothing was moved or is held.",
    nextMove: "Do not repeat it in smaller parts. Show the patterns to a person.",
  },
  rejected: {
    final: true,
    about: "The person who was asked said no; nothing was moved, and what was held is free again.",
    nextMove: "Tell the customer. Do not ask again.",
  },
  expired: {
    final: true,
    about: "Nobody approved it in time; what was held is free again.",
    nextMove: "Make the transfer again with a new idempotency key, without approval_token.",
  },
} as const satisfies Record<TransferStatus, { final: boolean; about: string; nextMove: string }>;

/** A transfer as asked for, checked at the edge. */
export interface TransferRequest {
  readonly tenantId: string;
  /** Who asks: idempotency keys and approval tokens belong to it. */
  readonly principal: string;
  readonly fromWalletId: string;
  readonly toWalletId: string;
  readonly amountMinor: bigint;
  /** The sender's wallet's, then this is debited; or the receiver's, then this is credited. */
  readonly currency: string;
  readonly memo: string | null;
  readonly idempotencyKey: string | null;
  readonly approvalToken: string | null;
  /** With a token: false where the person said no, null where nobody answered, which leaves it waiting. */
  readonly approved: boolean | null;
  /** The transfer's own time in a simulated world; null for now. */
  readonly simulatedAtMs: number | null;
}

/** A request with its accounts found and its amounts worked out. */
export interface PlannedTransfer {
  readonly request: TransferRequest;
  readonly from: Account;
  readonly to: Account;
  readonly debitedMinor: bigint;
  readonly creditedMinor: bigint;
  /** Null within one currency. */
  readonly rate: Rate | null;
  readonly requestHash: string;
  readonly transferId: string;
  /** Whether the receiver was found to be somebody whose first money opens the account. */
  readonly mayOpenReceiver: boolean;
}

interface MoneyAnswer {
  amount: string;
  amount_minor: number;
  currency: string;
}

/** What transfer_funds answers, and what a repeated call gets again to the letter. */
export interface TransferAnswer {
  transfer_id: string;
  status: TransferStatus;
  from_wallet_id: string;
  to_wallet_id: string;
  amount: string;
  amount_minor: number;
  currency: string;
  debited: MoneyAnswer;
  credited: MoneyAnswer;
  conversion: { rate: string; rate_date: string; rate_source: string; rounding: string } | null;
  memo: string | null;
  risk_score: number;
  risk: {
    score: number;
    hold_at: number;
    refuse_at: number;
    decision: "approve" | "hold" | "refuse";
    patterns: { pattern: string; weight: number; about: string; evidence: Record<string, number> }[];
    transfers_looked_at: { sent: number; received: number; by_receiver: number };
  };
  available_after: MoneyAnswer | null;
  /** How a person decides it; null unless it waits for one. */
  approval: WaitingApproval | null;
  created_at: string;
  occurred_at: string;
  next_move: string;
}

const ROUNDING = {
  debit:
    "The credited amount is rounded down to the receiver's smallest unit; the conversion account gains the rest.",
  credit:
    "The debited amount is rounded up to the sender's smallest unit; the conversion account gains the rest.",
} as const;

export function moneyAnswer(amountMinor: bigint, currency: string): MoneyAnswer {
  return { amount: formatAmount(amountMinor, currency), amount_minor: Number(amountMinor), currency };
}

export function transferAnswer(plan: PlannedTransfer, outcome: {
  status: TransferStatus;
  risk: TransferRisk;
  availableAfterMinor: bigint;
  approval: TransferAnswer["approval"];
  createdAtMs: number;
  occurredAtMs: number;
}): TransferAnswer {
  const { request, from, to, debitedMinor, creditedMinor, rate, transferId } = plan;
  const { status, risk } = outcome;
  return {
    transfer_id: transferId,
    status,
    from_wallet_id: from.accountId,
    to_wallet_id: to.accountId,
    ...moneyAnswer(request.amountMinor, request.currency),
    debited: moneyAnswer(debitedMinor, from.currency),
    credited: moneyAnswer(creditedMinor, to.currency),
    conversion: rate === null ? null : {
      rate: showRate(rate),
      rate_date: rate.date,
      rate_source: rate.source,
      rounding: ROUNDING[request.currency === from.currency ? "debit" : "credit"],
    },
    memo: request.memo,
    risk_score: risk.score,
    risk: {
      score: risk.score,
      hold_at: HOLD_AT_SCORE,
      refuse_at: REFUSE_AT_SCORE,
      decision: risk.decision,
      patterns: risk.patterns.map(({ pattern, weight, about, evidence }) => ({
        pattern,
        weight: Math.round(weight * 100) / 100,
        about,
        evidence: { ...evidence },
      })),
      transfers_looked_at: {
        sent: risk.lookedAt.sent,
        received: risk.lookedAt.received,
        by_receiver: risk.lookedAt.byReceiver,
      },
    },
    available_after: moneyAnswer(outcome.availableAfterMinor, from.currency),
    approval: outcome.approval,
    created_at: toRfc3339(outcome.createdAtMs),
    occurred_at: toRfc3339(outcome.occurredAtMs),
    next_move: outcome.approval === null
      ? TRANSFER_STATUSES[status].nextMove
      : nextMoveOfWaiting(outcome.approval, {
        shown: "the patterns",
        tells: request.idempotencyKey === null
          ? `wallet_transaction_history of ${from.accountId} tells under held how it ended`
          : "the same call with its idempotency_key, or wallet_transaction_history under held, tells how it ended",
      }),
  };
}

/** What is stored under a key whose first call ended in an error: it is replayed like any other outcome. */
export interface StoredError {
  error: { code: DomainError["code"]; message: string; field: string | null; next_move: string };
}
