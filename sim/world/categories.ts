/** What merchants sell, how often people buy it and what it costs. */
export interface Category {
  readonly name: string;
  /** Relative number of payments. */
  readonly popularity: number;
  readonly medianUsd: number;
  /** Deviation of the logarithm of a merchant's prices around its own median. */
  readonly spread: number;
  /** Share of its merchants that sell to the whole world. */
  readonly globalShare: number;
}

export const CATEGORIES: readonly Category[] = [
  { name: "grocery", popularity: 20, medianUsd: 32, spread: 0.6, globalShare: 0 },
  { name: "restaurants", popularity: 16, medianUsd: 21, spread: 0.6, globalShare: 0 },
  { name: "transport", popularity: 12, medianUsd: 7, spread: 0.7, globalShare: 0.1 },
  { name: "digital", popularity: 11, medianUsd: 9, spread: 0.7, globalShare: 0.8 },
  { name: "gaming", popularity: 8, medianUsd: 5, spread: 0.9, globalShare: 0.8 },
  { name: "fashion", popularity: 9, medianUsd: 55, spread: 0.6, globalShare: 0.4 },
  { name: "health", popularity: 6, medianUsd: 24, spread: 0.6, globalShare: 0.1 },
  { name: "home", popularity: 6, medianUsd: 48, spread: 0.8, globalShare: 0.2 },
  { name: "electronics", popularity: 5, medianUsd: 110, spread: 0.9, globalShare: 0.5 },
  { name: "gift_cards", popularity: 3, medianUsd: 45, spread: 0.6, globalShare: 0.6 },
  { name: "travel", popularity: 3, medianUsd: 190, spread: 0.8, globalShare: 0.7 },
  { name: "donations", popularity: 2.5, medianUsd: 12, spread: 0.9, globalShare: 0.5 },
  { name: "jewellery", popularity: 1, medianUsd: 150, spread: 0.8, globalShare: 0.3 },
];
