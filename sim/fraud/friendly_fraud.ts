import { CATEGORIES, type CategoryName } from "../world/categories.ts";
import { TRAIT } from "../world/customers.ts";
import type { Reporting } from "../world/labels.ts";
import { CHANNEL } from "../world/types.ts";

/**
 * Friendly fraud.
 *
 * Who: the cardholder. Three in a hundred deny a purchase now and then that they made themselves.
 * Why: goods or a game for nothing; a child's purchase; regret. The bank pays it back when nobody can prove otherwise.
 * How it shows: hardly. It is an ordinary payment online, from the usual device, at the usual hour, for goods that
 * leave no trace or sell well. What gives the person away is the past: earlier purchases that were denied.
 * Looks alike: the same person's other purchases, of which 98 in 100 are never denied.
 * Should be caught by: the customer's earlier chargebacks, once they are known (customer_known_frauds_30d,
 * customer_known_fraud_days), and a little by device_missing = 0, new_device_for_customer = 0 and merchant_small_share. Most of it is out of reach.
 *
 * The posterior is exact, given the trait: every such payment is denied with the same chance.
 */
export function friendlyFraudChance(traits: number, channel: number, category: number): number {
  if (channel === CHANNEL.inStore || DENIED_CATEGORIES[category] === 0) return 0;
  return (traits & TRAIT.denier) !== 0 ? DENIER_CHANCE : OTHERS_CHANCE;
}

const DENIER_CHANCE = 0.018;
const OTHERS_CHANCE = 0.00004;

const DENIED: readonly CategoryName[] = [
  "digital",
  "gaming",
  "electronics",
  "fashion",
  "gift_cards",
  "travel",
];
const DENIED_CATEGORIES = Uint8Array.from(
  CATEGORIES,
  ({ name }) => (DENIED as readonly string[]).includes(name) ? 1 : 0,
);

/** It is a denial that makes it fraud, so all of it is reported; a third ends as a quarrel with the merchant. */
export const FRIENDLY_FRAUD_REPORTING: Reporting = { reportedShare: 1, misfiledShare: 0.33 };
