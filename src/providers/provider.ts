/**
 * What the payments domain asks of a provider (an acquirer). A provider charges at most once for one key, for
 * ever, and can be asked by key what happened.
 */
export interface ChargeRequest {
  /** Derived from the payment; the provider charges at most once for it. */
  readonly key: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly paymentMethodId: string;
  readonly network: string;
  readonly issuerCountry: string;
  readonly merchantCountry: string;
}

export type ChargeReply =
  | { readonly outcome: "approved"; readonly chargeId: string }
  | { readonly outcome: "declined"; readonly code: DeclineCode }
  /** The key was voided before a charge was made: none will ever be made for it. */
  | { readonly outcome: "voided" };

/** Issuer answers, in the words the card networks' codes stand for. `soft` ones may succeed later or elsewhere. */
export const DECLINE_CODES = {
  insufficient_funds: { soft: true, message: "The card does not have the funds." },
  do_not_honor: { soft: true, message: "The issuer declined without a reason." },
  limit_exceeded: { soft: true, message: "The amount is above the card's limit." },
  expired_card: { soft: false, message: "The card has expired." },
  lost_or_stolen: { soft: false, message: "The card was reported lost or stolen." },
  generic_decline: { soft: false, message: "The card was declined." },
} as const satisfies Record<string, { soft: boolean; message: string }>;

export type DeclineCode = keyof typeof DECLINE_CODES;

/** No reply within the time: what happened is unknown, not failed. */
export class ProviderTimeout extends Error {
  override name = "ProviderTimeout";
}

export interface Provider {
  readonly name: string;
  /** Resolves with the definite outcome, or rejects with {@link ProviderTimeout}: then it is unknown. */
  charge(request: ChargeRequest, timeoutMs: number): Promise<ChargeReply>;
  /** What happened for a key; null when the provider has never finished a charge for it. Same timeout rule. */
  findCharge(key: string, timeoutMs: number): Promise<ChargeReply | null>;
  /** Makes sure no charge will ever be made for the key; tells what happened if one was made before. */
  voidKey(key: string, timeoutMs: number): Promise<ChargeReply>;
  /** The provider's fee for a captured amount, rounded up to the minor unit in the provider's favour. */
  feeMinor(amountMinor: bigint, currency: string, crossBorder: boolean): bigint;
}
