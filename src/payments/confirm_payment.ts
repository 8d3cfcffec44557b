import { invalidApproval, signApproval, verifyApproval } from "../core/approval_token.ts";
import { CHALLENGE_ANSWER } from "../providers/test_payment_methods.ts";
import { ProviderTimeout } from "../providers/provider.ts";
import { type ChargeResult, timedResult } from "./charge_payment.ts";
import { chargeInProgress, completePayment, openPaymentOf } from "./complete_open_payments.ts";
import type { CreatedPayment } from "./create_payment.ts";
import { driveCharge } from "./drive_charge.ts";
import { type Confirmation, type PaymentRequest, providerKeyOf } from "./payment.ts";
import type { PaymentAnswer } from "./payment_answer.ts";
import type { PaymentService } from "./payment_service.ts";
import { isAlreadySettled, type PaymentRow, readAnswer, readPayment } from "./read_answer.ts";
import { PAID_BY_WALLET } from "./settle_payments.ts";

/**
 * Goes on with a payment whose customer was challenged: the second call of create_payment, with the token that the first
 * one answered.
 *
 *   1. the provider judges the answer, by the charge's key    crash after: a repeated call, or the completer, asks it
 *   2. one transaction: outcome, ledger, answer               crash after: a repeated call gets the stored answer
 *
 * Two calls with one token are one: the provider says twice what the first answer led to, and one of them books it. A
 * challenge whose time is over ends here as it would have ended by itself. Without an answer it is only told how the
 * payment stands. Throws `invalid_approval_token`.
 */
export async function confirmPayment(
  service: PaymentService,
  request: PaymentRequest,
  confirmation: Confirmation,
  requestHash: string,
): Promise<CreatedPayment> {
  const startedMs = service.clock.monotonicMs();
  const { tenantId, principal } = request;
  const claim = verifyApproval(
    confirmation.token,
    { tenantId, principal, requestHash },
    "pay",
    service.approvalSecret,
  );
  if (claim === null) throw invalidApproval("confirm_token", "requires_action");
  const row = await readPayment(service, tenantId, claim.resourceId);
  // Of calls that come at once, one moves the payment on.
  const isMoved = row.status === "requires_action" && await goOn(service, row, confirmation.answer);
  const answer = withConfirmToken(
    service,
    request,
    requestHash,
    await readAnswer(service, tenantId, row.paymentId),
  );
  if (isMoved) service.events.outcome(answer.status, answer.decline?.by ?? null);
  return { answer, replayed: !isMoved, timingsMs: { total: service.clock.monotonicMs() - startedMs } };
}

/** The answer with what the caller needs to go on, where the payment waits for its customer. */
export function withConfirmToken(
  service: PaymentService,
  { tenantId, principal }: PaymentRequest,
  requestHash: string,
  answer: PaymentAnswer,
): PaymentAnswer {
  if (answer.status !== "requires_action" || answer.challenge === null) return answer;
  const confirmToken = signApproval({
    tenantId,
    principal,
    resourceId: answer.payment_id,
    requestHash,
    expiresAtMs: Date.parse(answer.challenge.expires_at),
  }, service.approvalSecret);
  return { ...answer, challenge: { ...answer.challenge, confirm_token: confirmToken } };
}

/** @returns whether this call has moved the payment on: another may have come before, or there was no answer */
async function goOn(service: PaymentService, row: PaymentRow, given: string | null): Promise<boolean> {
  const { tenantId, paymentId } = row;
  if (row.challenge!.expiresAtMs <= service.clock.nowMs()) {
    return await completePayment(service, { tenant_id: tenantId, payment_id: paymentId, checks: 1 });
  }
  if (given === null) return false;
  const payment = openPaymentOf(service, row);
  try {
    if (row.provider === null) {
      // The wallet is kept here, so its owner's word is judged here.
      const outcome = given === CHALLENGE_ANSWER
        ? PAID_BY_WALLET
        : { outcome: "declined", code: "authentication_failed" } as const;
      await service.settle({ payment, outcome, attempt: null, feeMinor: 0n, next: null });
    } else {
      const charge = await answerChallenge(service, row, given);
      const progress = await chargeInProgress(service, row, payment);
      await driveCharge(service, { ...progress, mayFailOver: false }, charge);
    }
    return true;
  } catch (error) {
    if (!isAlreadySettled(error)) throw error;
    return false;
  }
}

/** What the provider made of the customer's answer; without a reply it is unknown, and asked for by key once. */
async function answerChallenge(
  service: PaymentService,
  row: PaymentRow,
  given: string,
): Promise<ChargeResult> {
  const { providerTimeoutMs } = service.settings;
  const provider = service.provider(row.provider!);
  const key = providerKeyOf(row.tenantId, row.paymentId, row.chargeNumber);
  const result = timedResult(service.clock);
  try {
    const reply = await provider.completeChallenge(key, given, providerTimeoutMs);
    return result(reply ?? { outcome: "unknown" }, "challenge_answered");
  } catch (error) {
    if (!(error instanceof ProviderTimeout)) throw error;
  }
  try {
    const found = await provider.findCharge(key, providerTimeoutMs);
    // Still waiting: the answer got lost, or is on its way. The completer voids the charge, so that it is one or the other.
    return found === null || found.outcome === "requires_action"
      ? result({ outcome: "unknown" }, "no_reply_to_challenge")
      : result(found, "reply_lost_found_by_key");
  } catch (error) {
    if (!(error instanceof ProviderTimeout)) throw error;
    return result({ outcome: "unknown" }, "no_reply_to_look_up");
  }
}
