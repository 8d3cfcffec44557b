import { accountTakeover } from "./account_takeover.ts";
import { cardTesting } from "./card_testing.ts";
import { collusiveMerchant } from "./collusive_merchant.ts";
import { compromisedMerchant } from "./compromised_merchant.ts";
import { deviceRing } from "./device_ring.ts";
import { stolenCardSpree } from "./stolen_card_spree.ts";
import type { Story } from "./story.ts";
import { syntheticIdentity } from "./synthetic_identity.ts";

/**
 * The stories that are told in affairs of their own. Three more go on elsewhere: friendly_fraud marks ordinary payments
 * (world/genuine_payments.ts), refund_abuse lives in the stream of refunds, mule_network in that of transfers.
 */
export const STORIES: readonly Story[] = [
  cardTesting,
  stolenCardSpree,
  accountTakeover,
  compromisedMerchant,
  collusiveMerchant,
  syntheticIdentity,
  deviceRing,
];

export const LONGEST_AFFAIR_DAYS = Math.max(...STORIES.map(({ longestDays }) => longestDays));
