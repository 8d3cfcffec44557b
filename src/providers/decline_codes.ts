/**
 * Why a charge did not go through, in the words the card networks' codes stand for.
 *
 * `soft` ones may succeed later. `elsewhere` says that another acquirer may get another answer now: only these are
 * worth a second provider. A card without funds is soft, but has none anywhere.
 */
export const DECLINE_CODES = {
  insufficient_funds: { soft: true, elsewhere: false, message: "The card does not have the funds." },
  limit_exceeded: { soft: true, elsewhere: false, message: "The amount is above the card's limit." },
  velocity_exceeded: { soft: true, elsewhere: false, message: "The card was used too often today." },
  do_not_honor: { soft: true, elsewhere: true, message: "The issuer declined without a reason." },
  issuer_unavailable: { soft: true, elsewhere: true, message: "The issuer could not be reached." },
  processing_error: { soft: true, elsewhere: true, message: "The issuer could not process the charge." },
  authentication_required: {
    soft: true,
    elsewhere: true,
    message: "The issuer wants 3-D Secure, which this provider does not offer.",
  },
  authentication_failed: {
    soft: false,
    elsewhere: false,
    message: "The 3-D Secure challenge was not passed.",
  },
  expired_card: { soft: false, elsewhere: false, message: "The card has expired." },
  lost_or_stolen: { soft: false, elsewhere: false, message: "The card was reported lost or stolen." },
  restricted_card: { soft: false, elsewhere: false, message: "The card may not be used for this." },
  invalid_account: { soft: false, elsewhere: false, message: "There is no such card." },
  suspected_fraud: { soft: false, elsewhere: false, message: "The issuer suspects fraud." },
  generic_decline: { soft: false, elsewhere: false, message: "The card was declined." },
} as const satisfies Record<string, { soft: boolean; elsewhere: boolean; message: string }>;

export type DeclineCode = keyof typeof DECLINE_CODES;

/**
 * The provider itself would not take the charge: the issuer was not asked and nothing was charged. Final for the
 * key, which is stored as refused, so that no late repetition of the call can charge it after all.
 */
export const REFUSAL_CODES = {
  provider_unavailable: { message: "The provider is out of service." },
  provider_error: { message: "The provider failed before it asked the issuer." },
} as const satisfies Record<string, { message: string }>;

export type RefusalCode = keyof typeof REFUSAL_CODES;
