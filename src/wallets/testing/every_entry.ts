/** What `walletTransactionHistory()` is asked where nothing narrows its entries; tenant, wallet and limit are the caller's. */
export const EVERY_ENTRY = {
  fromMs: null,
  untilMs: null,
  direction: null,
  kind: null,
  counterparty: null,
  amountMin: null,
  amountMax: null,
  cursor: null,
} as const;
