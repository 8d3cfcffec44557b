import { CURRENCIES } from "../../src/core/money.ts";
import type { Random } from "../../src/core/random.ts";
import type { SimMerchant } from "./types.ts";

const SMALLEST_PRICE_USD = 0.5;
const LARGEST_PRICE_USD = 6000;

/** What something at the merchant costs a customer who spends `generosity` times the usual. US dollars. */
export function drawPriceUsd(merchant: SimMerchant, generosity: number, random: Random): number {
  return merchant.medianUsd * generosity * Math.exp(merchant.spread * random.normal());
}

/**
 * A price in US dollars as the price tag in `currency` has it: 19.99, 20.00, 1,480 yen, 3.250 dinars. Honest
 * people and thieves pay the same price tags, so the form of an amount tells nothing.
 */
export function priceTagMinor(priceUsd: number, currency: string, random: Random): number {
  const { exponent, referenceUsd } = CURRENCIES[currency];
  const bounded = Math.min(LARGEST_PRICE_USD, Math.max(SMALLEST_PRICE_USD, priceUsd));
  const major = bounded / referenceUsd;
  const style = random.uniform();
  if (exponent === 0) return Math.max(10, Math.round(major / 10) * 10);
  if (exponent === 3) return Math.max(50, Math.round(major * 20) * 50);
  if (style < 0.35) return Math.max(49, Math.round(major) * 100 - 1);
  if (style < 0.55) return Math.max(50, Math.round(major) * 100);
  if (style < 0.65) return Math.max(50, Math.round(major * 2) * 50);
  return Math.max(1, Math.round(major * 100));
}

/** Merchants price in their own currency; those that sell abroad mostly show the customer's. */
export function currencyOfSale(merchant: SimMerchant, customerCurrency: string, random: Random): string {
  return merchant.currency !== customerCurrency && random.chance(0.6) ? customerCurrency : merchant.currency;
}
