import { WALLET_MERCHANT_ID } from "../core/wallet_merchant.ts";
import { type Account, accountOf } from "./accounts.ts";
import type { Posting } from "./capture_postings.ts";

/**
 * The way of a card's money on to the wallet: what the merchant of top-ups collected, which is the amount less the
 * provider's fee, and the fee from the house, so that the wallet gets the whole amount. The server and the bulk loader of
 * simulated history both book through here.
 */
export function topUpPostings(wallet: Account, amountMinor: bigint, feeMinor: bigint): Posting[] {
  const { currency } = wallet;
  return [
    { account: accountOf("merchant", WALLET_MERCHANT_ID, currency), amountMinor: feeMinor - amountMinor },
    { account: accountOf("external", "top_up_fees", currency), amountMinor: -feeMinor },
    { account: wallet, amountMinor },
  ].filter((posting) => posting.amountMinor !== 0n);
}
