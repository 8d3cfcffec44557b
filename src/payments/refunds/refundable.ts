import { WALLET_MERCHANT_ID } from "../../core/wallet_merchant.ts";
import { PAYMENT_STATUSES, type PaymentStatus } from "../payment.ts";
import type { RefundStatus } from "./refund.ts";

/** Refunds whose money is given back or set aside for it. What waits for a person has nothing set aside. */
export const PROMISED: readonly RefundStatus[] = ["processing", "in_doubt", "succeeded"];

/** A top-up is not refunded: its money is in the wallet, or on the way there. */
export function fillsWallet({ merchantId }: { readonly merchantId: string }): boolean {
  return merchantId === WALLET_MERCHANT_ID;
}

/**
 * What a refund may ask for at most, in minor units. More than is left is never given back, also where several ask at
 * once: then this is what the first of them may ask for.
 *
 * @param promisedMinor the sum of the payment's refunds that are {@link PROMISED}
 */
export function refundableMinor(
  payment: { readonly merchantId: string; readonly status: PaymentStatus; readonly capturedMinor: bigint },
  promisedMinor: bigint,
): bigint {
  if (fillsWallet(payment) || !PAYMENT_STATUSES[payment.status].captured) return 0n;
  return payment.capturedMinor - promisedMinor;
}

/** The same from the refunds as they are listed. */
export function refundableOf(
  payment: Parameters<typeof refundableMinor>[0],
  refunds: readonly { readonly status: RefundStatus; readonly amount_minor: number }[],
): bigint {
  const promised = refunds.filter(({ status }) => PROMISED.includes(status))
    .reduce((sum, { amount_minor }) => sum + BigInt(amount_minor), 0n);
  return refundableMinor(payment, promised);
}
