export interface WorldConfig {
  readonly seed: number;
  /** Days of history. Customers sign up during them; the future goes on with the customers there are. */
  readonly days: number;
  readonly customers: number;
  /** Midnight UTC of day 0. */
  readonly startMs: number;
  /** How many days the stream may go on after the history. Default {@link DEFAULT_LIVE_DAYS}. */
  readonly liveDays?: number;
}

export const DEFAULT_LIVE_DAYS = 365;

export interface SimCustomer {
  readonly customerId: string;
  readonly name: string;
  readonly email: string;
  readonly country: string;
  readonly currency: string;
  readonly sinceMs: number;
}

export interface SimMerchant {
  readonly merchantId: string;
  readonly name: string;
  readonly category: string;
  readonly country: string;
  readonly currency: string;
  /** Takes customers of every country. */
  readonly global: boolean;
  readonly medianUsd: number;
  readonly spread: number;
}

export interface SimCard {
  readonly paymentMethodId: string;
  readonly customerId: string;
  readonly network: "visa" | "mastercard" | "amex" | "discover";
  readonly issuer: string;
  readonly issuerCountry: string;
  readonly last4: string;
}

export interface SimPayment {
  /** Grows along the stream and names the payment in every run: day × 10^7 + place in the day. */
  readonly index: number;
  readonly occurredAtMs: number;
  readonly customerId: string;
  readonly paymentMethodId: string;
  readonly merchantId: string;
  /** Null when the payer's browser tells nothing. */
  readonly deviceId: string | null;
  readonly ipAddress: string;
  readonly country: string;
  readonly currency: string;
  readonly amountMinor: number;
  readonly method: "card";
  /** What really happened. Only the scoreboard may look: nobody in the world knows it. */
  readonly truth: { readonly fraud: boolean; readonly story: string | null };
  /** When a report about the payment arrives; null when none ever does. */
  readonly labelKnownAtMs: number | null;
  /** What the report says. Some are wrong, both ways. Means nothing before `labelKnownAtMs`. */
  readonly labelFraud: boolean;
}

/** A payment before it has a place in the stream and a label. Numbers are positions in the world's arrays. */
export interface DraftPayment {
  readonly occurredAtMs: number;
  readonly customer: number;
  readonly card: number;
  readonly merchant: number;
  readonly deviceId: string | null;
  readonly country: string;
  readonly currency: string;
  readonly amountMinor: number;
  readonly story: string | null;
}
