import { CURRENCIES } from "../../../src/core/money.ts";
import { walletHabitOf } from "../../world/wallet_habits.ts";
import type { World } from "../../world/world.ts";

/** In the evening nobody leaves the wallet with less than this and half a week's usual spending. */
const RESERVE_USD = 40;
const RESERVE_WEEKS = 0.5;
/** Whoever fills the wallet does so for so long. */
const FILLED_FOR_WEEKS = 2;

/** What a customer keeps in the wallet, and fills it with, in minor units of its currency. */
export function fillAmountsOf(
  { society, customers }: World,
  customer: number,
): { reserveMinor: number; fillMinor: number } {
  const { currency } = customers[customer];
  const weekUsd = walletHabitOf(society, customer)?.weekUsd ?? 0;
  return {
    reserveMinor: minorOf(RESERVE_USD + RESERVE_WEEKS * weekUsd, currency),
    fillMinor: minorOf(RESERVE_USD + FILLED_FOR_WEEKS * weekUsd, currency),
  };
}

/** The next round sum from here on: of some ten dollars. */
export function roundUpMinor(amountMinor: number, currency: string): number {
  const { exponent, referenceUsd } = CURRENCIES[currency];
  const unit = 10 ** (1 + Math.max(0, Math.round(Math.log10(1 / referenceUsd))) + exponent);
  return Math.ceil(amountMinor / unit) * unit;
}

/** Whole major units. */
export function minorOf(usd: number, currency: string): number {
  const { exponent, referenceUsd } = CURRENCIES[currency];
  return Math.round(usd / referenceUsd) * 10 ** exponent;
}
