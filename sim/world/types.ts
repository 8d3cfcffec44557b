import type { StoryName } from "../fraud/story_names.ts";

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
  readonly latitude: number;
  readonly longitude: number;
  readonly incomeUsd: number;
}

export interface SimMerchant {
  readonly merchantId: string;
  readonly name: string;
  readonly category: string;
  readonly country: string;
  readonly currency: string;
  /** Takes customers of every country. */
  readonly global: boolean;
  readonly latitude: number;
  readonly longitude: number;
  /** Local hours. */
  readonly opens: number;
  readonly closes: number;
}

export interface SimCard {
  readonly paymentMethodId: string;
  readonly customerId: string;
  readonly network: "visa" | "mastercard" | "amex" | "discover";
  readonly issuer: string;
  readonly issuerCountry: string;
  readonly last4: string;
}

export const CHANNELS = ["in_store", "online", "app", "subscription"] as const;
export type Channel = typeof CHANNELS[number];
export const CHANNEL = { inStore: 0, online: 1, app: 2, subscription: 3 } as const;

export interface SimPayment {
  /** Grows along the stream and names the payment in every run: day × 10^7 + place in the day. */
  readonly index: number;
  readonly occurredAtMs: number;
  readonly customerId: string;
  readonly paymentMethodId: string;
  readonly merchantId: string;
  /** Null when the payer's browser tells nothing, and for plastic in a shop. */
  readonly deviceId: string | null;
  /** Where the goods go; null when nothing is sent. */
  readonly addressId: string | null;
  readonly ipAddress: string;
  readonly country: string;
  readonly currency: string;
  readonly amountMinor: number;
  readonly method: "card";
  readonly channel: Channel;
  readonly truth: PaymentTruth;
  /** When a report about the payment arrives; null when none ever does. */
  readonly labelKnownAtMs: number | null;
  /** What the report says. Some are wrong, both ways. Means nothing before `labelKnownAtMs`. */
  readonly labelFraud: boolean;
}

/** What really happened. Only the scoreboard may look: nobody in the world knows it. */
export interface PaymentTruth {
  readonly fraud: boolean;
  readonly story: StoryName | null;
  /** The story that an honest payment looks like, by the same chance as the fraud itself; null for ordinary ones. */
  readonly looksLike: StoryName | null;
  /** Payments of one hand in one affair; 0 for ordinary payments. */
  readonly episode: number;
  readonly tactic: string | null;
  /**
   * The probability of fraud that an oracle gives, who knows the hidden state (which affair the payment belongs to,
   * its tactic, the customer's traits) and the reports that had arrived, but not whose hand it was. See posterior.ts.
   */
  readonly posterior: number;
}
