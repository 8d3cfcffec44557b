/** One entry of a wallet: a transfer's effect on it. */
export interface WalletEntry {
  readonly transferId: string;
  readonly atMs: number;
  /** Signed: positive came in. */
  readonly amountMinor: bigint;
  readonly kind: EntryKind;
  /** The other side: a merchant, another wallet, or the outside. */
  readonly counterparty: string;
  /** The merchant's, for a payment or its refund. */
  readonly category: string | null;
  readonly memo: string | null;
  /** The payment's, or of a refund that of the payment it gives back; of a top-up the card's. */
  readonly paymentId: string | null;
}

export const ENTRY_KINDS = ["payment", "transfer", "top_up", "refund", "other"] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

export type Direction = "in" | "out";

export function directionOf({ amountMinor }: Pick<WalletEntry, "amountMinor">): Direction {
  return amountMinor > 0n ? "in" : "out";
}
