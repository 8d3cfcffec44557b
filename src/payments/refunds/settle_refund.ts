import { toRfc3339 } from "../../core/clock.ts";
import { againAfterLostRace } from "../../db/lost_race.ts";
import type { Posting } from "../../ledger/capture_postings.ts";
import { refundPostings } from "../../ledger/refund_postings.ts";
import {
  lockAccounts,
  openAccounts,
  post,
  postHold,
  type Transaction,
  voidHold,
} from "../../ledger/transfers.ts";
import { ProviderTimeout, type RefundReply, type RefundRequest } from "../../providers/provider.ts";
import { type PaymentStatus, providerKeyOf } from "../payment.ts";
import type { PaymentService } from "../payment_service.ts";
import {
  auditRefund,
  lockPayment,
  lockRefund,
  storeAnswer,
  type StoredRefund,
  updateRefund,
} from "./store_refund.ts";
import { endsAt, moneyMovesAt, readRefundClocks } from "./refund_time.ts";
import {
  paymentPart,
  REFUND_STATUSES,
  type RefundAnswer,
  type RefundedPayment,
  refundHoldId,
  refundKeyOf,
  refundTransferId,
} from "./refund.ts";

/** While a provider gives no answer it is asked again after 2, 4, 8 … seconds, at last each minute. */
const RECHECK_MIN_MS = 2_000;
const RECHECK_MAX_MS = 60_000;

type Outcome = RefundReply | { readonly outcome: "unknown" };

/**
 * Asks the provider to give the money back and books what came of it. Safe to run again and beside itself: the
 * provider refunds once for a key, and the refund's row decides who books. A wallet's payment needs no provider.
 *
 * @returns the refund's answer as it is afterwards
 */
export async function driveRefund(
  service: PaymentService,
  tenantId: string,
  refundId: string,
): Promise<RefundAnswer> {
  const [row] = await service.pool.of(tenantId)<Record<string, string | number | null>[]>`
    select r.status, r.answer, r.amount_minor::text as amount, r.currency, r.provider, r.payment_id, p.charge_number,
           p.payment_method_id
      from refunds r join payments p using (tenant_id, payment_id)
     where r.tenant_id = ${tenantId} and r.refund_id = ${refundId}`;
  if (row.status !== "processing" && row.status !== "in_doubt") return JSON.parse(row.answer as string);
  const outcome = row.provider === null ? BY_WALLET : await askProvider(service, row.provider as string, {
    key: refundKeyOf(tenantId, refundId),
    chargeKey: providerKeyOf(tenantId, row.payment_id as string, row.charge_number as number),
    amountMinor: BigInt(row.amount!),
    currency: row.currency as string,
    paymentMethodId: row.payment_method_id as string | null,
  });
  return await againAfterLostRace(() => settleRefund(service, tenantId, refundId, outcome));
}

/** There is no provider that could refuse, and no id of it. */
const BY_WALLET = { outcome: "refunded", refundId: null } as const;

async function askProvider(
  service: PaymentService,
  provider: string,
  request: RefundRequest,
): Promise<Outcome> {
  try {
    return await service.provider(provider).refund(request, service.settings.providerTimeoutMs);
  } catch (error) {
    if (!(error instanceof ProviderTimeout)) throw error;
    return { outcome: "unknown" };
  }
}

/** Transaction 2: ledger, payment, refund, answer and audit, together or not at all. */
async function settleRefund(
  service: PaymentService,
  tenantId: string,
  refundId: string,
  outcome: Outcome | typeof BY_WALLET,
): Promise<RefundAnswer> {
  const clocks = await readRefundClocks(service, tenantId);
  const { nowMs } = clocks;
  return await service.pool.of(tenantId).begin(async (sql): Promise<RefundAnswer> => {
    const refund = await lockRefund(sql, tenantId, refundId);
    if (refund.status !== "processing" && refund.status !== "in_doubt") return refund.answer;
    const endsAtMs = endsAt(refund, clocks, service.graceMs);
    const payment = await lockPayment(sql, tenantId, refund.paymentId);
    switch (outcome.outcome) {
      case "unknown":
        return await leaveInDoubt(sql, refund, payment, nowMs);
      case "refunded": {
        const movedAtMs = await book(sql, refund, payment, { nowMs, endsAtMs });
        const refundedMinor = payment.refundedMinor + refund.amountMinor;
        const status: PaymentStatus = refundedMinor === payment.capturedMinor
          ? "refunded"
          : "partially_refunded";
        await sql`
          update payments set refunded_minor = ${refundedMinor.toString()}, status = ${status}
           where tenant_id = ${tenantId} and payment_id = ${refund.paymentId}`;
        return await end(sql, refund, nowMs, {
          ...refund.answer,
          occurred_at: toRfc3339(movedAtMs),
          status: "succeeded",
          provider_refund_id: outcome.refundId,
          borne_by: {
            merchant_minor: Number(refund.amountMinor - refund.feeReturnedMinor),
            provider_fee_minor: Number(refund.feeReturnedMinor),
          },
          payment: paymentPart(payment, { status, refundedMinor }),
        });
      }
      case "refused": {
        if (refund.amountMinor > refund.feeReturnedMinor) {
          await voidHold(sql, {
            tenantId,
            holdId: refundHoldId(refundId),
            transferId: refundTransferId(refundId),
            atMs: nowMs,
          });
        }
        return await end(sql, refund, nowMs, {
          ...refund.answer,
          occurred_at: toRfc3339(endsAtMs),
          status: "failed",
          failure_code: outcome.code,
          payment: paymentPart(payment, { promisedMinor: payment.promisedMinor - refund.amountMinor }),
        });
      }
    }
  }) as RefundAnswer;
}

async function leaveInDoubt(
  sql: Transaction,
  refund: StoredRefund,
  payment: RefundedPayment,
  nowMs: number,
): Promise<RefundAnswer> {
  const answer: RefundAnswer = {
    ...refund.answer,
    status: "in_doubt",
    payment: paymentPart(payment),
    next_move: REFUND_STATUSES.in_doubt.nextMove,
  };
  const afterMs = Math.min(
    RECHECK_MAX_MS,
    RECHECK_MIN_MS * 2 ** Math.min(Math.max(0, refund.checks - 1), 10),
  );
  await updateRefund(sql, refund, {
    status: "in_doubt",
    answer,
    feeReturnedMinor: refund.feeReturnedMinor,
    nextCheckAtMs: nowMs + afterMs,
    finishedAtMs: null,
  });
  if (refund.status === "processing") {
    await auditRefund(sql, refund, "in_doubt", "refund.in_doubt", refund.principal, nowMs, {});
  }
  return answer;
}

/**
 * @returns when the money moved by the tenant's clock: a wallet's entry lies there; between providers and merchants the
 *   ledger is kept by the real one, as it is for what they captured
 */
async function book(
  sql: Transaction,
  refund: StoredRefund,
  payment: RefundedPayment,
  { nowMs, endsAtMs }: { nowMs: number; endsAtMs: number },
): Promise<number> {
  const { tenantId, refundId, amountMinor, feeReturnedMinor, currency } = refund;
  const postings: Posting[] = refundPostings({
    amountMinor,
    feeReturnedMinor,
    currency,
    merchantId: payment.merchantId,
    source: payment.provider === null
      ? { kind: "wallet", customerId: payment.customerId }
      : { kind: "provider", provider: payment.provider },
  });
  const accounts = postings.map(({ account }) => account);
  await openAccounts(sql, tenantId, accounts);
  // Before the wallet's entries are looked at: none may come in between.
  await lockAccounts(sql, tenantId, accounts);
  const movedAtMs = await moneyMovesAt(sql, refundId, payment, endsAtMs);
  const transfer = {
    tenantId,
    transferId: refundTransferId(refundId),
    memo: `refund of ${payment.paymentId}`,
    atMs: payment.provider === null ? movedAtMs : nowMs,
  };
  if (amountMinor === feeReturnedMinor) await post(sql, { ...transfer, postings });
  else await postHold(sql, { ...transfer, holdId: refundHoldId(refundId), to: postings.slice(1) });
  return movedAtMs;
}

async function end(
  sql: Transaction,
  refund: StoredRefund,
  nowMs: number,
  settled: RefundAnswer,
): Promise<RefundAnswer> {
  const answer = { ...settled, next_move: REFUND_STATUSES[settled.status].nextMove };
  await updateRefund(sql, refund, {
    status: answer.status,
    answer,
    feeReturnedMinor: refund.feeReturnedMinor,
    nextCheckAtMs: null,
    finishedAtMs: nowMs,
  });
  await storeAnswer(sql, refund.tenantId, refund.refundId, refund.idempotencyKey, answer);
  await auditRefund(sql, refund, "ended", `refund.${answer.status}`, refund.principal, nowMs, {
    payment_id: refund.paymentId,
    amount_minor: Number(refund.amountMinor),
    provider_refund_id: answer.provider_refund_id,
    failure_code: answer.failure_code,
  });
  return answer;
}
