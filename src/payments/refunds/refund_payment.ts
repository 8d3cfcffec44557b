import { createHash } from "node:crypto";
import { approvalByPageOnly } from "../../core/approval_ways.ts";
import { invalidApproval, verifyApproval } from "../../core/approval_token.ts";
import { assert } from "../../core/assert.ts";
import { parseAmount } from "../../core/money.ts";
import { keyReusedError } from "../../db/idempotency_keys.ts";
import { againAfterLostRace } from "../../db/lost_race.ts";
import type { PaymentService } from "../payment_service.ts";
import { readPayment } from "../read_answer.ts";
import { decideRefund, readOpenRefund } from "./approve_refund.ts";
import { beginRefund } from "./begin_refund.ts";
import { driveRefund } from "./settle_refund.ts";
import type { RefundAnswer, RefundPaymentRequest } from "./refund.ts";

export interface RefundedNow {
  readonly answer: RefundAnswer;
  /** True when an earlier call with the same key, or the same approval, made the refund. */
  readonly replayed: boolean;
}

/**
 * Gives back a captured payment, in part or whole, at most once for one idempotency key.
 *
 *   1. one transaction: key, what is left, score, money set aside   crash here: nothing has happened
 *   2. the provider, by a key derived from the refund               crash after: the completer asks the same again
 *   3. one transaction: ledger, payment, answer                     crash after: a repeated call gets the stored answer
 *
 * What needs a person stops after 1 with nothing set aside; the same call with the approval token goes on.
 *
 * Errors, in the order they are looked for: `unknown_payment`, `invalid_amount` and the like, `invalid_approval_token`,
 * and those of {@link beginRefund}. A refusal by the score is an answer.
 */
export async function refundPayment(
  service: PaymentService,
  request: RefundPaymentRequest,
): Promise<RefundedNow> {
  const { tenantId, principal, idempotencyKey: key } = request;
  const { currency } = await readPayment(service, tenantId, request.paymentId);
  const amountMinor = request.amount === undefined ? null : parseAmount(request.amount, currency);
  const requestHash = requestHashOf(request, amountMinor);
  if (request.approvalToken !== null) {
    const call = { tenantId, principal, requestHash };
    if (!service.settings.approvals.byToken) throw approvalByPageOnly(service.settings.approvals);
    const claim = verifyApproval(request.approvalToken, call, "re", service.approvalSecret);
    if (claim === null) throw invalidApproval("approval_token", "pending_approval");
    if (request.approved === null) {
      return { answer: await readOpenRefund(service, tenantId, claim.resourceId), replayed: true };
    }
    const decided = await decideRefund(service, {
      tenantId,
      refundId: claim.resourceId,
      approved: request.approved,
      by: { name: principal, via: "token" },
    });
    assert(decided !== null, `Refund "${claim.resourceId}" is not there, but there is a token for it`);
    return decided;
  }
  const first = () => firstCall(service, request, { amountMinor, requestHash });
  if (key === null) return await first();
  return await service.firstRefunds.run<RefundedNow>({
    key: JSON.stringify([tenantId, principal, key]),
    requestHash,
    first,
    replay: (answer) => ({ answer, replayed: true }),
    reused: () => {
      throw keyReusedError(key);
    },
  });
}

async function firstCall(
  service: PaymentService,
  request: RefundPaymentRequest,
  asked: { amountMinor: bigint | null; requestHash: string },
): Promise<RefundedNow> {
  const begun = await againAfterLostRace(() => beginRefund(service, request, asked));
  switch (begun.kind) {
    case "begun":
      return { answer: await driveRefund(service, request.tenantId, begun.refundId), replayed: false };
    case "answered":
      return { answer: begun.answer, replayed: begun.replayed };
    case "open":
      return { answer: await readOpenRefund(service, request.tenantId, begun.refundId), replayed: true };
  }
}

/** What a repeated call must repeat: everything but the key, the approval and the simulated time. */
function requestHashOf({ paymentId, reason }: RefundPaymentRequest, amountMinor: bigint | null): string {
  const repeated = {
    tool: "refund_payment",
    paymentId,
    amountMinor: amountMinor?.toString() ?? null,
    reason,
  };
  return createHash("sha256").update(JSON.stringify(repeated)).digest("base64url");
}
