import type { DeclineCode, RefusalCode } from "./decline_codes.ts";

export { DECLINE_CODES, type DeclineCode } from "./decline_codes.ts";

/** What a charge's price depends on. */
export interface ChargeTerms {
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly network: string;
  readonly issuerCountry: string;
  readonly merchantCountry: string;
}

export interface ChargeRequest extends ChargeTerms {
  /** Derived from the payment and the number of the charge; the provider charges at most once for it. */
  readonly key: string;
  /** 1 at the payment's first provider, 2 at the one it failed over to. */
  readonly chargeNumber: number;
  readonly paymentMethodId: string;
  /** The payment's own time, simulated or not: issuers and acquirers differ by the hour. */
  readonly occurredAtMs: number;
  /** Whether the merchant insists that the customer passes a 3-D Secure challenge. */
  readonly mandateChallenge: boolean;
}

export type ChargeReply =
  | {
    readonly outcome: "approved";
    readonly chargeId: string;
    /** How 3-D Secure went, where the issuer asked for it. */
    readonly authentication?: "frictionless" | "challenged";
  }
  | { readonly outcome: "declined"; readonly code: DeclineCode }
  /** Not taken by the provider, and never will be under this key. */
  | { readonly outcome: "refused"; readonly code: RefusalCode }
  /** The key was voided before a charge was made: none will ever be made for it. */
  | { readonly outcome: "voided" }
  /** The issuer wants the customer to pass a challenge; {@link Provider.completeChallenge} goes on from here. */
  | { readonly outcome: "requires_action"; readonly challengeId: string };

/** A charge as the provider keeps it: what verify_payment holds against our own books. */
export interface ChargeStatement {
  readonly reply: ChargeReply;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly refundedMinor: bigint;
  readonly createdAtMs: number;
}

export interface RefundRequest {
  /** The provider refunds at most once for it. */
  readonly key: string;
  /** Of the charge that is refunded. */
  readonly chargeKey: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  /** What was charged; a test method may order how its refunds go. */
  readonly paymentMethodId: string | null;
}

export type RefundReply =
  | { readonly outcome: "refunded"; readonly refundId: string }
  | { readonly outcome: "refused"; readonly code: "exceeds_charge" | "no_such_charge" | "other_currency" };

/** No reply within the time, or none that says what happened: it is unknown, not failed. */
export class ProviderTimeout extends Error {
  override name = "ProviderTimeout";
}

/**
 * The call has reached nobody who could have charged by it, and never will. Of an earlier call with the same key it
 * says nothing.
 */
export class NothingCharged extends ProviderTimeout {
  override name = "NothingCharged";
}

/**
 * What the payments domain asks of a provider (an acquirer). A provider charges at most once for one key, for
 * ever, and can be asked by key what happened. Every call rejects with {@link ProviderTimeout} when its outcome is
 * unknown. In this process it is `SimulatedAcquirer`, over HTTP `RemoteProvider`; one contract test runs on both.
 */
export interface Provider {
  readonly name: string;
  /** Whether it offers 3-D Secure. */
  readonly threeDSecure: boolean;
  charge(request: ChargeRequest, timeoutMs: number): Promise<ChargeReply>;
  /**
   * Goes on with a charge that answered `requires_action`. `answer` is what the customer gave; the wrong one is a
   * decline. Repeated, it says what the first answer led to. Null when the key was never seen.
   */
  completeChallenge(key: string, answer: string, timeoutMs: number): Promise<ChargeReply | null>;
  /** What happened for a key; null when the provider has never finished a charge for it. */
  findCharge(key: string, timeoutMs: number): Promise<ChargeReply | null>;
  /** The same with what was charged and given back. */
  readStatement(key: string, timeoutMs: number): Promise<ChargeStatement | null>;
  /** Makes sure no charge will ever be made for the key; tells what happened if one was made before. */
  voidKey(key: string, timeoutMs: number): Promise<ChargeReply>;
  /** Gives back a part or all of a captured charge; never more than was captured, also when raced. */
  refund(request: RefundRequest, timeoutMs: number): Promise<RefundReply>;
  /** The provider's fee for a captured amount, rounded up to the minor unit in the provider's favour. */
  feeMinor(terms: ChargeTerms): bigint;
}
