import { FEATURE_INDEX, type FeatureName } from "./features/catalogue.ts";

/** A hard limit that no score argues with: it declines by itself. */
export interface Rule {
  readonly name: string;
  readonly feature: FeatureName;
  readonly atLeast: number;
  readonly about: string;
}

export const RULES: readonly Rule[] = [
  {
    name: "card_burst",
    feature: "card_count_10m",
    atLeast: 15,
    about: "Fifteen or more recent payments with one card: no person pays that often in minutes.",
  },
  {
    name: "device_many_cards",
    feature: "device_new_cards_24h",
    atLeast: 10,
    about: "Ten or more cards first seen on one device within about a day.",
  },
];

/** The rules that the vector breaks. */
export function brokenRules(vector: Float64Array): Rule[] {
  return RULES.filter((rule) => vector[FEATURE_INDEX[rule.feature]] >= rule.atLeast);
}
