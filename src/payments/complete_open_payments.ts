import { Rounds } from "../core/rounds.ts";
import { type ChargeFacts, chargeFactsOf } from "./charge_facts.ts";
import { type ChargeResult, timedResult } from "./charge_payment.ts";
import { type ChargeInProgress, driveCharge } from "./drive_charge.ts";
import { ProviderTimeout } from "../providers/provider.ts";
import { PAYMENT_STATUSES, providerKeyOf } from "./payment.ts";
import { forgetExpiredKeys, forgetOldWebhooks } from "./forget_expired_keys.ts";
import type { PaymentAnswer } from "./payment_answer.ts";
import type { PaymentService } from "./payment_service.ts";
import { completeRefunds } from "./refunds/complete_refunds.ts";
import { type OpenPayment, PAID_BY_WALLET } from "./settle_payments.ts";
import { answerOf, expectationOf, isAlreadySettled, type PaymentRow, readPayment } from "./read_answer.ts";

/** Payments claimed, and driven, at once. */
const CLAIM_LIMIT = 100;
/** Beyond the providers' time, what reading and settling may take before another driver takes the payment over. */
const SETTLE_MAX_MS = 14_000;

/**
 * Drives every payment that is due on the open list to its end, without the client: what a crash left between
 * the transactions, and what a provider left in doubt. Several servers may run it; a claim is a lease.
 *
 * A payment that cannot be driven keeps no other from its end: all are tried, then the faults are thrown together.
 *
 * @returns how many payments it settled
 */
export async function completeOpenPayments(
  service: PaymentService,
  isStopped: () => boolean = () => false,
): Promise<number> {
  let settled = 0;
  const faults: unknown[] = [];
  while (!isStopped()) {
    const claimed = await claimDuePayments(service);
    const outcomes = await Promise.allSettled(
      claimed.map((claim) => completePayment(service, claim)),
    );
    for (const [i, outcome] of outcomes.entries()) {
      if (outcome.status === "fulfilled") settled += outcome.value ? 1 : 0;
      else {
        faults.push(
          new Error(`Cannot complete payment "${claimed[i].payment_id}": ${outcome.reason}`, {
            cause: outcome.reason,
          }),
        );
      }
    }
    if (claimed.length < CLAIM_LIMIT) break;
  }
  if (faults.length > 0) {
    throw new AggregateError(faults, `${faults.length} open payments could not be completed: ${faults[0]}`);
  }
  return settled;
}

/** Takes the payments that are due for as long as driving one may take. */
async function claimDuePayments(service: PaymentService): Promise<Claim[]> {
  const nowMs = service.clock.nowMs();
  // At most three calls to the provider: look-up, charge, look-up.
  const lease = new Date(nowMs + 3 * service.settings.providerTimeoutMs + SETTLE_MAX_MS);
  return await service.pool.ofEveryTenant<Claim[]>`
    update open_payments o set next_check_at = ${lease}, checks = o.checks + 1
      from (select tenant_id, payment_id from open_payments where next_check_at <= ${new Date(nowMs)}
             order by next_check_at limit ${CLAIM_LIMIT} for update skip locked) due
     where o.tenant_id = due.tenant_id and o.payment_id = due.payment_id
    returning o.tenant_id, o.payment_id, o.checks`;
}

export interface Claim {
  tenant_id: string;
  payment_id: string;
  /** How often the payment has been claimed, this time included. */
  checks: number;
}

/** While a provider gives no answer it is asked again after 2, 4, 8 … seconds, at last each minute. */
const RECHECK_MIN_MS = 2_000;
const RECHECK_MAX_MS = 60_000;

async function askAgainLater(service: PaymentService, claim: Claim): Promise<void> {
  const afterMs = Math.min(RECHECK_MAX_MS, RECHECK_MIN_MS * 2 ** Math.min(claim.checks - 1, 10));
  await service.pool.of(claim.tenant_id)`
    update open_payments set next_check_at = ${new Date(service.clock.nowMs() + afterMs)}
     where tenant_id = ${claim.tenant_id} and payment_id = ${claim.payment_id}`;
}

/**
 * One payment to its end; false when it is still in doubt, or waits for its customer and has time left. Safe to run
 * beside any other driver of the payment.
 */
export async function completePayment(service: PaymentService, claim: Claim): Promise<boolean> {
  const { tenant_id: tenantId, payment_id: paymentId } = claim;
  const row = await readPayment(service, tenantId, paymentId);
  if (PAYMENT_STATUSES[row.status].final) return false;
  if (row.status === "requires_action" && row.challenge!.expiresAtMs > service.clock.nowMs()) return false;
  const charge = row.provider === null ? null : await learnOutcome(service, row);
  if (charge?.outcome.outcome === "unknown" && row.status !== "processing") {
    await askAgainLater(service, claim);
    return false;
  }
  const payment = openPaymentOf(service, row);
  let answer: PaymentAnswer;
  try {
    answer = row.provider === null
      ? await service.settle({
        payment,
        // Nobody confirmed a challenged one in time: what is held for it is free again.
        outcome: row.status === "requires_action" ? { outcome: "voided" } : PAID_BY_WALLET,
        attempt: null,
        feeMinor: 0n,
        next: null,
      })
      : (await driveCharge(service, await chargeInProgress(service, row, payment), charge)).answer;
  } catch (error) {
    if (isAlreadySettled(error)) return false;
    throw error;
  }
  service.events.outcome(answer.status, answer.decline?.by ?? null);
  return PAYMENT_STATUSES[answer.status].final;
}

/** A stored payment that is still open, as settling takes it. */
export function openPaymentOf(service: PaymentService, row: PaymentRow): OpenPayment {
  return {
    tenantId: row.tenantId,
    paymentId: row.paymentId,
    principal: row.principal,
    idempotencyKey: row.idempotencyKey,
    method: row.method,
    amountMinor: row.amountMinor,
    currency: row.currency,
    customerId: row.customerId,
    merchantId: row.merchantId,
    provider: row.provider,
    holdId: row.method === "wallet" ? `hold_${row.paymentId.slice(4)}` : null,
    answer: answerOf(service, row),
  };
}

/** Where a payment that somebody left stands: at its present provider, under its present key. */
export async function chargeInProgress(
  service: PaymentService,
  row: PaymentRow,
  payment: OpenPayment,
): Promise<ChargeInProgress> {
  const facts = await factsOf(service, row);
  return {
    payment,
    facts,
    route: {
      provider: row.provider!,
      feeMinor: service.provider(row.provider!).feeMinor(facts),
      ...expectationOf(row),
    },
    chargeNumber: row.chargeNumber,
    attempt: row.attempts.length + 1,
    // Whoever was in doubt is told how it ended, and not charged elsewhere after all.
    mayFailOver: service.settings.failover && row.status === "processing",
    isFirst: false,
  };
}

async function factsOf(service: PaymentService, row: PaymentRow): Promise<ChargeFacts> {
  await service.routing.of(row.tenantId);
  return chargeFactsOf(row, await service.references.of(row));
}

/**
 * What became of the charge at the present provider. Its memory comes first. Where it has none, one whose charge went
 * unanswered is voided, so that no late charge can follow what the customer is told; and for one that a crash
 * left, this answers null: it is charged now, under its own key.
 *
 * A challenge that nobody passed in time is voided as well, and so is one whose answer got lost.
 */
async function learnOutcome(service: PaymentService, row: PaymentRow): Promise<ChargeResult | null> {
  const { providerTimeoutMs } = service.settings;
  const provider = service.provider(row.provider!);
  const key = providerKeyOf(row.tenantId, row.paymentId, row.chargeNumber);
  const result = timedResult(service.clock);
  try {
    const found = await provider.findCharge(key, providerTimeoutMs);
    const isOpen = found === null || found.outcome === "requires_action";
    if (row.status === "processing") return found && result(found, "found_by_key");
    if (!isOpen) return result(found, "found_by_key");
    return result(
      await provider.voidKey(key, providerTimeoutMs),
      row.status === "requires_action" ? "challenge_expired" : "voided_after_no_reply",
    );
  } catch (error) {
    if (error instanceof ProviderTimeout) return result({ outcome: "unknown" }, "no_reply_to_look_up");
    throw error;
  }
}

const FORGET_INTERVAL_MS = 3_600_000;

/** Runs {@link completeOpenPayments} and {@link completeRefunds} again and again until it is stopped, and each hour {@link forgetExpiredKeys}. */
export class Completer extends Rounds {
  constructor(service: PaymentService, pauseMs: number, onError: (error: unknown) => void) {
    let forgetAtMs = 0;
    super({
      work: async (isStopped) => {
        await completeOpenPayments(service, isStopped);
        if (!isStopped()) await completeRefunds(service);
        const nowMs = service.clock.monotonicMs();
        if (!isStopped() && nowMs >= forgetAtMs) {
          forgetAtMs = nowMs + FORGET_INTERVAL_MS;
          await forgetExpiredKeys(service);
          await forgetOldWebhooks(service);
        }
      },
      pauseMs,
      onError,
    });
  }
}
