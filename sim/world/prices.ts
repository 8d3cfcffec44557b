import { CURRENCIES } from "../../src/core/money.ts";
import { CURRENCY_CODES } from "./countries.ts";

export const SMALLEST_PRICE_USD = 0.5;
export const LARGEST_PRICE_USD = 6000;

const EXPONENT = Uint8Array.from(CURRENCY_CODES, (code) => CURRENCIES[code].exponent);
const REFERENCE_USD = Float64Array.from(CURRENCY_CODES, (code) => CURRENCIES[code].referenceUsd);

/**
 * A price in US dollars as the price tag in a currency has it: 19.99, 20.00, 1,480 yen, 3.250 dinars. Honest people
 * and thieves pay the same price tags, so the form of an amount tells nothing. `style` is uniform over [0, 1).
 */
export function priceTagMinor(priceUsd: number, currency: number, style: number): number {
  const bounded = Math.min(LARGEST_PRICE_USD, Math.max(SMALLEST_PRICE_USD, priceUsd));
  const major = bounded / REFERENCE_USD[currency];
  const exponent = EXPONENT[currency];
  if (exponent === 0) return Math.max(10, Math.round(major / 10) * 10);
  if (exponent === 3) return Math.max(50, Math.round(major * 20) * 50);
  if (style < 0.35) return Math.max(49, Math.round(major) * 100 - 1);
  if (style < 0.55) return Math.max(50, Math.round(major) * 100);
  if (style < 0.65) return Math.max(50, Math.round(major * 2) * 50);
  return Math.max(1, Math.round(major * 100));
}

/** Merchants price in their own currency; those that sell abroad mostly show the customer's. */
export function currencyOfSale(merchantCurrency: number, customerCurrency: number, uniform: number): number {
  return merchantCurrency !== customerCurrency && uniform < 0.6 ? customerCurrency : merchantCurrency;
}
