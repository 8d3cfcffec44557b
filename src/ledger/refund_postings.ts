import { assert } from "../core/assert.ts";
import { accountOf } from "./accounts.ts";
import type { Capture, Posting } from "./capture_postings.ts";

/** A capture that is given back, in part or whole. */
export interface Refund extends Omit<Capture, "feeMinor"> {
  /** What the provider gives back of its fee. */
  readonly feeReturnedMinor: bigint;
}

/**
 * The postings of a refund, the capture's the other way round: the merchant gives what it got of the amount, the provider
 * its share of the fee, and the source has the whole back. The first posting is the merchant's, where it gives anything.
 */
export function refundPostings(refund: Refund): Posting[] {
  const { amountMinor, feeReturnedMinor, currency, merchantId, source } = refund;
  assert(amountMinor > 0n, `A refund is positive, not ${amountMinor}`);
  assert(feeReturnedMinor >= 0n && feeReturnedMinor <= amountMinor, "A fee is a part of what is given back");
  assert(feeReturnedMinor === 0n || source.kind === "provider", "Only a provider has charged a fee");
  const to = source.kind === "provider"
    ? accountOf("provider", source.provider, currency)
    : accountOf("wallet", source.customerId, currency);
  const postings: Posting[] = [];
  const fromMerchantMinor = amountMinor - feeReturnedMinor;
  if (fromMerchantMinor > 0n) {
    postings.push({ account: accountOf("merchant", merchantId, currency), amountMinor: -fromMerchantMinor });
  }
  if (feeReturnedMinor > 0n && source.kind === "provider") {
    postings.push({ account: accountOf("fees", source.provider, currency), amountMinor: -feeReturnedMinor });
  }
  postings.push({ account: to, amountMinor });
  return postings;
}

/**
 * What a provider gives back of its fee with one more refund: in proportion, rounded down over all refunds together, so
 * the provider keeps the part of a unit until the last refund gives back the rest. The merchant ends where it began.
 *
 * @param before what other refunds give back, made or under way
 */
export function feeReturnedMinor(
  capture: { readonly capturedMinor: bigint; readonly feeMinor: bigint },
  before: { readonly refundedMinor: bigint; readonly feeReturnedMinor: bigint },
  amountMinor: bigint,
): bigint {
  const due = capture.feeMinor * (before.refundedMinor + amountMinor) / capture.capturedMinor -
    before.feeReturnedMinor;
  return due < 0n ? 0n : due > amountMinor ? amountMinor : due;
}
