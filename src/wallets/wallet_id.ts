import { DomainError } from "../core/errors.ts";
import { CURRENCIES } from "../core/money.ts";
import { type Account, accountOf } from "../ledger/accounts.ts";

/**
 * A wallet's id is its account's: `wallet:cust_123:USD`. So it can be made from a customer and a currency without a
 * look-up. Money may also go to a merchant's account: `merchant:merch_1:USD`.
 */
export function parseWalletId(id: string): Account | null {
  const match = /^(wallet|merchant):(.+):([A-Z]{3})$/.exec(id);
  if (match === null || !Object.hasOwn(CURRENCIES, match[3])) return null;
  return accountOf(match[1] as "wallet" | "merchant", match[2], match[3]);
}

/** Another tenant's wallet looks exactly like one that does not exist. */
export function unknownWallet(field: string, walletId: string): DomainError {
  return new DomainError("unknown_wallet", `There is no wallet "${walletId}".`, {
    field,
    nextMove: 'A wallet is named wallet:<customer_id>:<currency>, such as "wallet:cust_123:USD"; ' +
      "get_wallet_balance lists a customer's wallets.",
  });
}
