import type { PaymentEvent } from "../../../src/fraud/features/event.ts";
import type { BookedPayment } from "../book_payment.ts";

/** A wallet's first money, from outside. */
export interface OpenedWallet {
  readonly customerId: string;
  readonly currency: string;
  readonly amountMinor: number;
  readonly atMs: number;
}

/** A top-up and the card payment behind it. */
export interface BookedTopUp {
  readonly kind: "top_up";
  readonly topUpId: string;
  readonly occurredAtMs: number;
  readonly customerId: string;
  readonly currency: string;
  readonly amountMinor: number;
  readonly paymentMethodId: string;
  readonly country: string;
  readonly booking: BookedPayment;
  readonly event: PaymentEvent;
}

/** A payment from the wallet: one that it had no money for was declined. */
export interface BookedPurchase {
  readonly kind: "purchase";
  readonly paymentId: string;
  readonly occurredAtMs: number;
  readonly customerId: string;
  readonly merchantId: string;
  readonly currency: string;
  readonly amountMinor: number;
  readonly country: string;
  readonly description: string | null;
  readonly paid: boolean;
  readonly event: PaymentEvent;
}

export type WalletPayment = BookedTopUp | BookedPurchase;

/** Money that went from one wallet to another. */
export interface BookedMove {
  readonly transferId: string;
  readonly occurredAtMs: number;
  readonly fromCustomerId: string;
  readonly toCustomerId: string;
  readonly currency: string;
  readonly amountMinor: number;
  readonly amountUsd: number;
  readonly memo: string | null;
  readonly riskScore: number;
}

/** What happened to all wallets on one day of the world. */
export interface WalletDay {
  readonly day: number;
  readonly opened: readonly OpenedWallet[];
  /** In order of time. */
  readonly payments: readonly WalletPayment[];
  readonly moves: readonly BookedMove[];
}
