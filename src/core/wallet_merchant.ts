/**
 * Whose card payments fill wallets: each tenant gets it with its first top-up. What it collects goes on to the wallet, so
 * such a payment's money is not the merchant's to give back.
 */
export const WALLET_MERCHANT_ID = "merch_wallet";

/** What its row says of it, whoever writes the row first: the server, or who loads a history. */
export const WALLET_MERCHANT = {
  merchantId: WALLET_MERCHANT_ID,
  name: "Wallet top-up",
  category: "wallet",
  country: "US",
  currency: "USD",
} as const;
