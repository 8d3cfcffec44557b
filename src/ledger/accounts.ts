/**
 * The chart of accounts. An account's id is made of what it is for, so it can be named without a look-up, and
 * two payments that need the same new account agree on it.
 */
export type AccountKind = "wallet" | "merchant" | "provider" | "fees" | "external";

export interface Account {
  readonly accountId: string;
  readonly ownerId: string;
  readonly kind: AccountKind;
  readonly currency: string;
}

/** Only what stands for somebody outside may go negative: a customer or a merchant never owes. */
export const MAY_GO_NEGATIVE = {
  wallet: false,
  merchant: false,
  provider: true, // negative: what the provider has collected and not yet paid out
  fees: true, // positive: what providers have charged; negative only after fees are given back
  external: true, // the world outside: where a wallet's money came from
} as const satisfies Record<AccountKind, boolean>;

export function accountOf(kind: AccountKind, ownerId: string, currency: string): Account {
  return { accountId: `${kind}:${ownerId}:${currency}`, ownerId, kind, currency };
}
