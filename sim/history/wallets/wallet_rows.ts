import { toRfc3339 } from "../../../src/core/clock.ts";
import { accountOf } from "../../../src/ledger/accounts.ts";
import { WALLET_MERCHANT_ID } from "../../../src/core/wallet_merchant.ts";
import type { Cell } from "../copy_rows.ts";
import type { BookedMove, BookedTopUp, WalletPayment } from "./wallet_day.ts";

/*
 * The rows of what happened to wallets, as the server leaves them of a call that named its simulated time, without a key.
 * "simulation" asked for them, as for all that was loaded: nobody screened it, and no audit row tells of it.
 */

const PRINCIPAL = "simulation";

export const PAYMENT_COLUMNS = [
  "tenant_id",
  "payment_id",
  "status",
  "method",
  "currency",
  "amount_minor",
  "captured_minor",
  "fee_minor",
  "customer_id",
  "merchant_id",
  "payment_method_id",
  "principal",
  "description",
  "country",
  "occurred_at_ms",
  "provider",
  "provider_charge_id",
  "decline_by",
  "decline_code",
  "created_at",
  "finished_at",
] as const;

export function paymentRow(
  tenantId: string,
  payment: WalletPayment,
  movedTo: ReadonlyMap<string, number>,
): readonly Cell[] {
  const { currency, amountMinor, customerId, country, occurredAtMs, event: { paymentId } } = payment;
  const isTopUp = payment.kind === "top_up";
  const succeeded = isTopUp ? payment.booking.approved : payment.paid;
  return [
    tenantId,
    paymentId,
    succeeded ? "succeeded" : "declined",
    isTopUp ? "card" : "wallet",
    currency,
    amountMinor,
    succeeded ? amountMinor : 0,
    isTopUp ? payment.booking.feeMinor : 0,
    customerId,
    isTopUp ? WALLET_MERCHANT_ID : payment.merchantId,
    isTopUp ? payment.paymentMethodId : null,
    PRINCIPAL,
    isTopUp ? "Wallet top-up" : payment.description,
    country,
    movedTo.get(paymentId) ?? occurredAtMs,
    isTopUp ? payment.booking.provider : null,
    isTopUp ? payment.booking.chargeId : null,
    succeeded ? null : isTopUp ? "issuer" : "wallet",
    succeeded ? null : isTopUp ? payment.booking.code : "wallet_insufficient_funds",
    toRfc3339(occurredAtMs),
    toRfc3339(occurredAtMs + (isTopUp ? Math.round(payment.booking.latencyMs) : 0)),
  ];
}

export const TOP_UP_COLUMNS = [
  "tenant_id",
  "top_up_id",
  "status",
  "account_id",
  "customer_id",
  "currency",
  "amount_minor",
  "payment_method_id",
  "payment_id",
  "principal",
  "request_hash",
  "simulated_at_ms",
  "occurred_at_ms",
  "next_check_at",
  "created_at",
  "finished_at",
] as const;

export function topUpRow(tenantId: string, topUp: BookedTopUp): readonly Cell[] {
  const { topUpId, customerId, currency, amountMinor, paymentMethodId, booking, occurredAtMs } = topUp;
  const finishedAt = toRfc3339(occurredAtMs + Math.round(booking.latencyMs));
  return [
    tenantId,
    topUpId,
    booking.approved ? "succeeded" : "declined",
    accountOf("wallet", customerId, currency).accountId,
    customerId,
    currency,
    amountMinor,
    paymentMethodId,
    booking.paymentId,
    PRINCIPAL,
    "",
    occurredAtMs,
    occurredAtMs,
    finishedAt,
    toRfc3339(occurredAtMs),
    finishedAt,
  ];
}

export const MOVE_COLUMNS = [
  "tenant_id",
  "transfer_id",
  "status",
  "from_account_id",
  "to_account_id",
  "currency",
  "amount_minor",
  "to_currency",
  "to_amount_minor",
  "amount_usd",
  "memo",
  "principal",
  "request_hash",
  "risk_score",
  "occurred_at_ms",
  "created_at",
  "finished_at",
] as const;

export function moveRow(tenantId: string, move: BookedMove): readonly Cell[] {
  const { transferId, fromCustomerId, toCustomerId, currency, amountMinor, occurredAtMs } = move;
  return [
    tenantId,
    transferId,
    "posted",
    accountOf("wallet", fromCustomerId, currency).accountId,
    accountOf("wallet", toCustomerId, currency).accountId,
    currency,
    amountMinor,
    currency,
    amountMinor,
    move.amountUsd,
    move.memo,
    PRINCIPAL,
    "",
    move.riskScore,
    occurredAtMs,
    toRfc3339(occurredAtMs),
    toRfc3339(occurredAtMs),
  ];
}
