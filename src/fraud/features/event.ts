/**
 * One payment as the fraud features see it: what is known when it is asked for, never what became of it.
 * The caller turns money into US dollars at the reference rate; features never see minor units. What the caller
 * does not know is null, and the features that would speak of it stay at their cold values.
 */
export interface PaymentEvent {
  readonly paymentId: string;
  /**
   * Integer milliseconds since the epoch. The caller promises that it is strictly later than the last payment of
   * each entity the payment touches, and not earlier than the last label; `readFeatures` and `observe` throw when
   * it is not. `earliestMs` says from when on a payment fits; `FeatureStream` moves payments there by itself.
   */
  readonly occurredAtMs: number;
  readonly customerId: string;
  /** Unique per customer and payment method for shared test methods; null when no card is involved. */
  readonly cardId: string | null;
  readonly deviceId: string | null;
  /** Where the goods go; null when nothing is sent, or it is not known where. */
  readonly addressId: string | null;
  readonly merchantId: string;
  readonly amountUsd: number;
  readonly merchantCategory: string | null;
  readonly merchantCountry: string | null;
  /** ISO 3166 alpha-2 code of where the payment comes from. */
  readonly country: string | null;
  readonly customerCountry: string | null;
  readonly cardCountry: string | null;
  /** When the customer signed up; where it is not known, the first payment stands in for it. */
  readonly customerSinceMs: number | null;
}

/** That a payment was fraud, or that it was not, as somebody came to know it later: a chargeback, a report. */
export interface LabelEvent {
  /** The payment as it was observed. */
  readonly payment: PaymentEvent;
  /**
   * When it became known, integer milliseconds since the epoch. Strictly later than the last payment and the last
   * label of each entity the payment touches: a payment at the same instant comes after it, and knows it.
   */
  readonly knownAtMs: number;
  readonly fraud: boolean;
}

/** What keeps a history of its own. A payment touches one of each kind at most. */
export type EntityKind = "customer" | "card" | "device" | "address" | "merchant";

export const ENTITY_KINDS = [
  "customer",
  "card",
  "device",
  "address",
  "merchant",
] as const satisfies readonly EntityKind[];

export interface EntityRef {
  readonly kind: EntityKind;
  readonly id: string;
}
