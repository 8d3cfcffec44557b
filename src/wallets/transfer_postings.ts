import { type Account, accountOf } from "../ledger/accounts.ts";
import type { Posting } from "../ledger/capture_postings.ts";
import type { PlannedTransfer } from "./transfer.ts";

/** Where money changes its currency: it takes one and gives the other, and may owe either. */
export function conversionAccount(currency: string): Account {
  return accountOf("external", "conversion", currency);
}

/** A transfer's postings; across currencies each one sums to zero through the conversion account. */
export function transferPostings(
  { from, to, debitedMinor, creditedMinor, rate }: PlannedTransfer,
): Posting[] {
  const legs = [{ account: from, amountMinor: -debitedMinor }, { account: to, amountMinor: creditedMinor }];
  if (rate === null) return legs;
  return [
    legs[0],
    { account: conversionAccount(from.currency), amountMinor: debitedMinor },
    { account: conversionAccount(to.currency), amountMinor: -creditedMinor },
    legs[1],
  ];
}
