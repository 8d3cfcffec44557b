import { DomainError, showValue } from "./errors.ts";

/**
 * Money is an integer of minor units with its currency. It is converted once at each edge: {@link parseAmount}
 * on the way in, {@link formatAmount} on the way out. Nothing here is a float except {@link toReferenceUsd},
 * which feeds statistics and never a posting.
 */
export interface Money {
  readonly amountMinor: bigint;
  readonly currency: string;
}

interface Currency {
  /** Digits after the decimal point (ISO 4217 exponent). */
  readonly exponent: number;
  /** US dollars for one major unit; a fixed reference for features and statistics, never for booking. */
  readonly referenceUsd: number;
}

/** The currencies this server books. Exponents from ISO 4217; reference rates are fixed at 2026-01-02. */
export const CURRENCIES: Readonly<Record<string, Currency>> = {
  USD: { exponent: 2, referenceUsd: 1 },
  EUR: { exponent: 2, referenceUsd: 1.17 },
  GBP: { exponent: 2, referenceUsd: 1.35 },
  CHF: { exponent: 2, referenceUsd: 1.26 },
  CAD: { exponent: 2, referenceUsd: 0.73 },
  AUD: { exponent: 2, referenceUsd: 0.67 },
  SEK: { exponent: 2, referenceUsd: 0.108 },
  MXN: { exponent: 2, referenceUsd: 0.056 },
  BRL: { exponent: 2, referenceUsd: 0.18 },
  INR: { exponent: 2, referenceUsd: 0.0111 },
  SGD: { exponent: 2, referenceUsd: 0.78 },
  JPY: { exponent: 0, referenceUsd: 0.0064 },
  KRW: { exponent: 0, referenceUsd: 0.00069 },
  KWD: { exponent: 3, referenceUsd: 3.25 },
  BHD: { exponent: 3, referenceUsd: 2.65 },
};

/** The largest amount of one payment or transfer: one minor unit under 10^12, so it is exact in every JSON parser. */
export const MAX_AMOUNT_MINOR = 999_999_999_999n;

const DECIMAL = /^(\d+)(?:\.(\d+))?$/;
/** More digits before the point are above {@link MAX_AMOUNT_MINOR} in every currency. */
const WHOLE_MAX_DIGITS = 15;

/** The currency's entry, or `unknown_currency`. Codes are upper case, as ISO 4217 writes them. */
export function currencyOf(code: unknown): Currency {
  const currency = typeof code === "string" && Object.hasOwn(CURRENCIES, code) ? CURRENCIES[code] : undefined;
  if (currency) return currency;
  throw new DomainError("unknown_currency", `Unknown currency ${showValue(code)}.`, {
    field: "currency",
    nextMove: `Use one of ${Object.keys(CURRENCIES).join(", ")}, in upper case.`,
  });
}

/**
 * Major units as a caller writes them (a JSON number or a decimal string such as `"100.00"`) to minor units.
 *
 * Exact or refused: nothing is rounded. Throws `invalid_amount`, `amount_too_large` or `unknown_currency`.
 *
 * @param field the argument it was given as, for the error
 */
export function parseAmount(input: unknown, currencyCode: string, field = "amount"): bigint {
  const { exponent } = currencyOf(currencyCode);
  const example = exponent === 0 ? "100" : `100.${"0".repeat(exponent)}`;
  const invalid = (why: string) =>
    new DomainError(
      "invalid_amount",
      `Cannot take ${showAmount(input)} as ${
        field === "amount" ? "an amount of" : `${field} in`
      } ${currencyCode}: ${why}.`,
      {
        field,
        nextMove:
          `Send a positive decimal in major units with at most ${exponent} digits after the point, for example ${example}.`,
      },
    );
  const tooLarge = () =>
    new DomainError(
      "amount_too_large",
      `Cannot take ${showAmount(input)} ${currencyCode}: one payment is at most ${
        formatAmount(MAX_AMOUNT_MINOR, currencyCode)
      }.`,
      {
        field,
        nextMove: `Send at most ${formatAmount(MAX_AMOUNT_MINOR, currencyCode)} ${currencyCode}.`,
      },
    );

  let text: string;
  if (typeof input === "number") {
    if (Number.isNaN(input)) throw invalid("it is not a number");
    // Above 2^53 the JSON parser has already lost the caller's digits; 1e309 arrives as Infinity.
    if (Math.abs(input) >= Number.MAX_SAFE_INTEGER) throw tooLarge();
    if (input < 0 || Object.is(input, -0)) throw invalid("it is negative");
    // The shortest decimal that reads back as this double is what the caller wrote, up to 15 digits.
    text = String(input);
    if (text.includes("e")) throw invalid("it is smaller than the currency's smallest unit");
  } else if (typeof input === "string") {
    text = input;
  } else {
    throw invalid("it is neither a number nor a decimal string");
  }
  const match = DECIMAL.exec(text);
  if (!match) {
    if (DECIMAL.test(text.replace(/^-/, ""))) throw invalid("it is negative");
    throw invalid("only the digits 0 to 9 and one decimal point are allowed");
  }
  if (match[1].replace(/^0+/, "").length > WHOLE_MAX_DIGITS) throw tooLarge();
  const fraction = match[2] ?? "";
  if (fraction.length > exponent) {
    throw invalid(
      exponent === 0
        ? `${currencyCode} has no digits after the decimal point`
        : `${currencyCode} has ${exponent} digits after the decimal point, not ${fraction.length}`,
    );
  }
  const amountMinor = BigInt(match[1] + fraction.padEnd(exponent, "0"));
  if (amountMinor === 0n) throw invalid("it is zero");
  if (amountMinor > MAX_AMOUNT_MINOR) throw tooLarge();
  return amountMinor;
}

/** Minor units to a decimal string in major units: `10000` USD to `"100.00"`, `-5` KWD to `"-0.005"`. */
export function formatAmount(amountMinor: bigint, currencyCode: string): string {
  const { exponent } = currencyOf(currencyCode);
  const negative = amountMinor < 0n;
  const digits = (negative ? -amountMinor : amountMinor).toString().padStart(exponent + 1, "0");
  const whole = digits.slice(0, digits.length - exponent);
  const text = exponent === 0 ? whole : `${whole}.${digits.slice(digits.length - exponent)}`;
  return negative ? `-${text}` : text;
}

/**
 * Minor units in US dollars at the fixed reference rate. For statistics and features only: never book this.
 */
export function toReferenceUsd(amountMinor: bigint | number, currencyCode: string): number {
  const { exponent, referenceUsd } = currencyOf(currencyCode);
  return (Number(amountMinor) / 10 ** exponent) * referenceUsd;
}

function showAmount(input: unknown): string {
  if (typeof input === "number") return Object.is(input, -0) ? "-0" : String(input);
  return showValue(input);
}
