/** A charge as its provider names it. */
export interface ChargeName {
  readonly provider: string;
  readonly key: string;
}

/** A charge that the providers have made, and what is left of it. */
export interface CapturedCharge extends ChargeName {
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly refundedMinor: bigint;
}
