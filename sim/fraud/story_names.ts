/** All ways to steal that a world knows. Their order is part of every world: add at the end. */
export const STORY_NAMES = [
  "card_testing",
  "stolen_card_spree",
  "account_takeover",
  "compromised_merchant",
  "collusive_merchant",
  "friendly_fraud",
  "synthetic_identity",
  "device_ring",
  "refund_abuse",
  "mule_network",
] as const;

export type StoryName = typeof STORY_NAMES[number];

export const STORY_NUMBER = Object.fromEntries(STORY_NAMES.map((name, number) => [name, number])) as Readonly<
  Record<StoryName, number>
>;
