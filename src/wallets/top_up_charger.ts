/** A card charge that fills a wallet, as the approval path of payments makes it. */
export interface TopUpCharge {
  readonly tenantId: string;
  readonly principal: string;
  /** Derived from the top-up: a repeated charge is the same charge. */
  readonly idempotencyKey: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly customerId: string;
  /** Who is paid: the merchant that stands for wallets. */
  readonly merchantId: string;
  /** Null for the customer's own card. */
  readonly paymentMethodId: string | null;
  readonly simulatedAtMs: number | null;
}

export interface ChargedTopUp {
  readonly paymentId: string;
  readonly status:
    | "processing"
    | "requires_action"
    | "in_doubt"
    | "succeeded"
    | "partially_refunded"
    | "refunded"
    | "declined"
    | "failed";
  /** The payment's own time, which is the top-up's. */
  readonly occurredAtMs: number;
  readonly feeMinor: bigint;
  readonly riskScore: number | null;
  readonly decline: {
    readonly by: string;
    readonly code: string;
    readonly message: string;
    /** Whether the same card may be accepted later. */
    readonly retriable: boolean;
  } | null;
  /** What the card's holder has to do first; null unless `requires_action`. */
  readonly challenge: {
    readonly askedBy: "issuer" | "risk";
    readonly about: string;
    readonly expiresAtMs: number;
  } | null;
}

/** Wallets do not know payments: whoever puts the two together passes this in. */
export interface TopUpCharger {
  /**
   * Makes the charge, or says what has become of it. Throws the payment's own domain errors, such as
   * `unknown_payment_method`.
   *
   * @param challengeAnswer what the card's holder answered to its challenge; null where nobody has. A charge that waits
   *   for no answer takes no notice of it.
   */
  charge(charge: TopUpCharge, challengeAnswer: string | null): Promise<ChargedTopUp>;
}
