import { assert } from "../core/assert.ts";
import { type Account, accountOf } from "./accounts.ts";

export interface Posting {
  readonly account: Account;
  /** Signed: positive adds to what the account's owner may claim. */
  readonly amountMinor: bigint;
}

export interface Capture {
  readonly amountMinor: bigint;
  readonly feeMinor: bigint;
  readonly currency: string;
  readonly merchantId: string;
  readonly source: { kind: "provider"; provider: string } | { kind: "wallet"; customerId: string };
}

/**
 * The postings of a captured payment: the source gives the whole amount, the merchant receives it less the fee.
 * The server and the bulk loader of simulated history both book through here.
 */
export function capturePostings(capture: Capture): Posting[] {
  const { amountMinor, feeMinor, currency, merchantId, source } = capture;
  assert(amountMinor > 0n, `A capture is positive, not ${amountMinor}`);
  assert(feeMinor >= 0n && feeMinor <= amountMinor, `A fee of ${feeMinor} is outside 0 to ${amountMinor}`);
  const from = source.kind === "provider"
    ? accountOf("provider", source.provider, currency)
    : accountOf("wallet", source.customerId, currency);
  const postings: Posting[] = [{ account: from, amountMinor: -amountMinor }];
  const netMinor = amountMinor - feeMinor;
  if (netMinor > 0n) {
    postings.push({ account: accountOf("merchant", merchantId, currency), amountMinor: netMinor });
  }
  if (feeMinor > 0n) {
    assert(source.kind === "provider", "Only a provider charges a fee");
    postings.push({ account: accountOf("fees", source.provider, currency), amountMinor: feeMinor });
  }
  assert(postings.reduce((sum, posting) => sum + posting.amountMinor, 0n) === 0n, "Postings sum to zero");
  return postings;
}
