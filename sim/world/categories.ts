import { runningSums } from "./draw.ts";

/** What merchants sell, how often people buy it, where and what it costs. */
export interface Category {
  readonly name: string;
  /** Relative number of payments. */
  readonly popularity: number;
  readonly medianUsd: number;
  /** Deviation of the logarithm of a merchant's prices around its own median. */
  readonly spread: number;
  /** Share of its merchants that sell to the whole world, and only online. */
  readonly globalShare: number;
  /** Share of a local merchant's payments that are made in the shop. */
  readonly inStoreShare: number;
  /** Local hours in which a shop is open. A shop that closes at 26 closes at two at night. */
  readonly opens: number;
  readonly closes: number;
  /** How much more of it is bought in a month than on average: presents in December, journeys in summer. */
  readonly seasonal: Readonly<Record<number, number>>;
}

const PRESENTS = { 11: 1.3, 12: 1.9 };

export const CATEGORIES: readonly Category[] = [
  category("grocery", 20, 32, 0.6, 0, 0.85, [7, 22]),
  category("restaurants", 16, 21, 0.6, 0, 0.7, [10, 26]),
  category("transport", 12, 7, 0.7, 0.1, 0.4, [0, 24]),
  category("digital", 11, 9, 0.7, 0.8, 0, [0, 24]),
  category("gaming", 8, 5, 0.9, 0.8, 0, [0, 24]),
  category("fashion", 9, 55, 0.6, 0.4, 0.5, [10, 20], PRESENTS),
  category("health", 6, 24, 0.6, 0.1, 0.8, [8, 20]),
  category("home", 6, 48, 0.8, 0.2, 0.5, [9, 20]),
  category("electronics", 5, 110, 0.9, 0.5, 0.3, [10, 20], PRESENTS),
  category("gift_cards", 3, 45, 0.6, 0.6, 0.3, [9, 22], PRESENTS),
  category("travel", 3, 190, 0.8, 0.7, 0.1, [0, 24], { 6: 1.4, 7: 1.8, 8: 1.6 }),
  category("donations", 2.5, 12, 0.9, 0.5, 0, [0, 24], { 12: 1.6 }),
  category("jewellery", 1, 150, 0.8, 0.3, 0.6, [10, 19], PRESENTS),
];

function category(
  name: string,
  popularity: number,
  medianUsd: number,
  spread: number,
  globalShare: number,
  inStoreShare: number,
  [opens, closes]: readonly [number, number],
  seasonal: Readonly<Record<number, number>> = {},
): Category {
  return { name, popularity, medianUsd, spread, globalShare, inStoreShare, opens, closes, seasonal };
}

export type CategoryName =
  | "grocery"
  | "restaurants"
  | "transport"
  | "digital"
  | "gaming"
  | "fashion"
  | "health"
  | "home"
  | "electronics"
  | "gift_cards"
  | "travel"
  | "donations"
  | "jewellery";

export function categoryNumber(name: CategoryName): number {
  return CATEGORIES.findIndex((category) => category.name === name);
}

/** Running sums of popularity in each month, January first; the thirteenth is an average month. */
export const POPULARITY_BY_MONTH: readonly Float64Array[] = Array.from(
  { length: 13 },
  (_, month) =>
    runningSums(CATEGORIES.map(({ popularity, seasonal }) => popularity * (seasonal[month + 1] ?? 1))),
);
export const AVERAGE_MONTH = 12;
