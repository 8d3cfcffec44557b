/**
 * The one catalogue of outcomes a caller can act on. A code is stable: agents branch on it. `retriable` says
 * whether the same call may succeed later without a change.
 */
export const ERROR_CATALOGUE = {
  invalid_arguments: { retriable: false, about: "An argument is missing, unknown or of the wrong form." },
  invalid_amount: {
    retriable: false,
    about: "The amount is not a positive decimal that the currency can express.",
  },
  amount_too_large: { retriable: false, about: "The amount is above the limit for one payment." },
  unknown_currency: { retriable: false, about: "The currency is not one this server books." },
  card_number_in_text: { retriable: false, about: "A text to be stored holds a full card number." },
  unknown_customer: { retriable: false, about: "No such customer in this tenant." },
  unknown_merchant: { retriable: false, about: "No such merchant in this tenant." },
  unknown_payment_method: { retriable: false, about: "No such payment method for this customer." },
  unknown_payment: { retriable: false, about: "No such payment in this tenant." },
  unknown_wallet: { retriable: false, about: "No such wallet in this tenant." },
  insufficient_funds: { retriable: false, about: "The wallet does not hold the amount." },
  invalid_approval_token: {
    retriable: false,
    about: "The token approves no call of this caller with these arguments.",
  },
  refund_exceeds_captured: {
    retriable: false,
    about: "More would be given back than was captured, less what was or is being refunded.",
  },
  idempotency_key_reused: { retriable: false, about: "The key was used with other arguments." },
  idempotency_key_in_flight: { retriable: true, about: "The first call with this key has not finished yet." },
  invalid_state: { retriable: false, about: "The action is not allowed in the present state." },
  simulated_time_refused: { retriable: false, about: "This caller may not choose the time of a payment." },
  unknown_tool: { retriable: false, about: "No such tool." },
  forbidden: { retriable: false, about: "The token's scopes do not allow this tool." },
  rate_limited: { retriable: true, about: "Too many calls from this principal." },
  overloaded: { retriable: true, about: "The queue of payments is full; nothing was stored." },
  shutting_down: { retriable: true, about: "The server is draining; nothing was stored." },
  internal: { retriable: true, about: "A fault of the server; the request id finds it in the log." },
} as const satisfies Record<string, { retriable: boolean; about: string }>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;

/**
 * An outcome the caller can act on. The message says what failed, on which value, and the next move:
 * `Cannot capture 1200 of payment "pay_7": 1000 is held. Capture at most 1000.`
 */
export class DomainError extends Error {
  override name = "DomainError";
  readonly code: ErrorCode;
  /** What the caller should do next, one sentence. */
  readonly nextMove: string;
  /** The argument that is at fault, when one is. */
  readonly field?: string;

  constructor(code: ErrorCode, message: string, options: { nextMove: string; field?: string }) {
    super(message);
    this.code = code;
    this.nextMove = options.nextMove;
    this.field = options.field;
  }

  get retriable(): boolean {
    return ERROR_CATALOGUE[this.code].retriable;
  }
}

/** The next move after `overloaded`, with which nothing is done. */
export function againLater(idempotencyKey: string | null): string {
  return idempotencyKey === null
    ? "Nothing was done: repeat the call in a second."
    : "Repeat the call with the same idempotency key in a second.";
}

const SHOWN_VALUE_MAX_CHARS = 60;

/** A caller's value as an error message may show it: JSON, cut short, never a whole document. */
export function showValue(value: unknown): string {
  let text: string;
  try {
    text = typeof value === "bigint" ? value.toString() : JSON.stringify(value) ?? String(value);
  } catch {
    text = String(value);
  }
  return text.length > SHOWN_VALUE_MAX_CHARS ? `${text.slice(0, SHOWN_VALUE_MAX_CHARS)}…` : text;
}
