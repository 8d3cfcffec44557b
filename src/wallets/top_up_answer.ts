import { signApproval } from "../core/approval_token.ts";
import { toRfc3339 } from "../core/clock.ts";
import type { WalletFlows } from "./read_flows.ts";
import type { StoredTopUp } from "./store_top_up.ts";
import { nextMoveOfTopUp, recommend, type TopUpAnswer, type TopUpStatus } from "./top_up.ts";
import type { ChargedTopUp } from "./top_up_charger.ts";
import { moneyAnswer } from "./transfer.ts";

/** What the caller of a top-up is told once its charge has come so far. */
export function topUpAnswer(
  topUp: StoredTopUp,
  { status, charged, occurredAtMs, flows, adviceAtMs, availableMinor, approvalSecret }: {
    status: TopUpStatus;
    charged: ChargedTopUp;
    /** When the money came into the wallet; until then the charge's own time. */
    occurredAtMs: number;
    /** Until `adviceAtMs`, from which on the advice looks ahead. */
    flows: WalletFlows;
    adviceAtMs: number;
    /** What the wallet can spend now, the top-up included. */
    availableMinor: bigint;
    approvalSecret: Uint8Array;
  },
): TopUpAnswer {
  const { account: { accountId, currency }, amountMinor } = topUp;
  const { decline } = charged;
  return {
    top_up_id: topUp.topUpId,
    status,
    wallet_id: accountId,
    ...moneyAnswer(amountMinor, currency),
    payment_id: charged.paymentId,
    risk_score: charged.riskScore,
    decline: decline === null ? null : { by: decline.by, code: decline.code, message: decline.message },
    challenge: status === "requires_action" ? challengeOf(topUp, charged, approvalSecret) : null,
    available: moneyAnswer(availableMinor, currency),
    recommendation: recommend(flows, availableMinor, currency, adviceAtMs),
    created_at: toRfc3339(topUp.createdAtMs),
    occurred_at: toRfc3339(occurredAtMs),
    next_move: nextMoveOfTopUp(status, {
      hasKey: topUp.idempotencyKey !== null,
      paymentId: charged.paymentId,
      isSoftDecline: decline?.retriable ?? false,
    }),
  };
}

/** The token is for whoever asked, with those arguments: nobody else gets this answer. */
function challengeOf(
  { tenantId, principal, topUpId, requestHash }: StoredTopUp,
  { challenge }: ChargedTopUp,
  approvalSecret: Uint8Array,
): TopUpAnswer["challenge"] {
  if (challenge === null) return null;
  const { askedBy, about, expiresAtMs } = challenge;
  return {
    asked_by: askedBy,
    about,
    expires_at: toRfc3339(expiresAtMs),
    confirm_token: signApproval(
      { tenantId, principal, resourceId: topUpId, requestHash, expiresAtMs },
      approvalSecret,
    ),
  };
}
