/**
 * One payment as the fraud features see it: what is known when it is asked for, never what became of it.
 * The caller turns money into US dollars at the reference rate; features never see minor units.
 */
export interface PaymentEvent {
  readonly paymentId: string;
  /**
   * Integer milliseconds since the epoch. The caller promises that it is strictly later than the last event of
   * each entity the payment touches; `readFeatures` and `observe` throw when it is not.
   */
  readonly occurredAtMs: number;
  readonly customerId: string;
  /** Unique per customer and payment method for shared test methods; null when no card is involved. */
  readonly cardId: string | null;
  readonly deviceId: string | null;
  readonly merchantId: string;
  readonly amountUsd: number;
  readonly currency: string;
  /** `card` or `wallet`. */
  readonly method: string;
  readonly merchantCategory: string;
  readonly merchantCountry: string;
  /** ISO 3166 alpha-2 code of where the payment comes from. */
  readonly country: string;
  readonly customerCountry: string;
  readonly cardCountry: string | null;
  readonly customerSinceMs: number;
}

/** What keeps a history of its own. A payment touches one of each kind at most. */
export type EntityKind = "customer" | "card" | "device" | "merchant";

export interface EntityRef {
  readonly kind: EntityKind;
  readonly id: string;
}
