import type { Random } from "../../src/core/random.ts";
import { DAY_MS, HOUR_MS } from "../../src/fraud/features/windows.ts";
import { freshDevice } from "../world/habits.ts";
import { currencyOfSale, drawPriceUsd, priceTagMinor } from "../world/prices.ts";
import type { Society } from "../world/society.ts";
import type { DraftPayment } from "../world/types.ts";
import { planSpree, SPREE_LONGEST_DAYS } from "./stolen_card_spree.ts";
import type { Story } from "./story.ts";
import { apparentCountry, drawVictim } from "./thief.ts";

/**
 * Card testing.
 *
 * Who: the buyer of a list of stolen card numbers, with a script.
 * Why: a card that still works sells for ten times one that may not.
 * How it shows: within hours one merchant of cheap things takes small payments from many customers who never paid
 * there, from devices never seen, each used for a few cards only. Careful scripts wait minutes between tries, use
 * the merchant's own prices and a connection in the cardholder's country; then a single try looks like a stranger
 * buying a coffee, and only the crowd gives it away. Some of the cards are spent days later (stolen_card_spree).
 * Looks alike: a sale or a game night, where customers bring their own devices.
 * Should be caught by: merchant_new_customer_surge, merchant_count_surge and merchant_small_surge together with
 * device_age_days, new_device_for_customer and new_merchant_for_customer; device_other_customers when the script
 * is careless (sim/train/story_features_test.ts holds this to be so).
 */
export const cardTesting: Story = {
  name: "card_testing",
  longestDays: 1 + SPREE_LONGEST_DAYS + 6,
  campaigns: (society, day, random) => {
    const drafts: DraftPayment[] = [];
    const campaigns = random.poisson(society.customers.length * CAMPAIGNS_PER_CUSTOMER_DAY);
    for (let i = 0; i < campaigns; i++) drafts.push(...campaign(society, day, random.fork(i)));
    return drafts;
  },
};

const CAMPAIGNS_PER_CUSTOMER_DAY = 0.5 / 5000;
const TARGETS = ["donations", "digital", "gaming", "transport"];
const CASH_OUT_CHANCE = 0.12;

function campaign(society: Society, day: number, chance: Random): DraftPayment[] {
  const drafts: DraftPayment[] = [];
  const cards = chance.integer(6, 36);
  const meanPauseMs = chance.logNormal(Math.log(9 * 60_000), 1);
  const cardsPerDevice = chance.pick([1, 1, 1, 2, 4]);
  const hiddenShare = chance.pick([0.5, 0.9, 0.98]);
  const hidesDevice = chance.chance(0.15);
  const usesMerchantPrices = chance.chance(0.6);
  const merchants = Array.from(
    { length: chance.integer(1, 3) },
    () => society.shops.drawNamed(chance.pick(TARGETS), "US", chance),
  );
  let atMs = society.startMs + day * DAY_MS + chance.integer(0, 20 * HOUR_MS);
  let deviceId = freshDevice(society.devices, chance);
  for (let i = 0; i < cards; i++) {
    atMs += 4_000 + Math.floor(chance.exponential(meanPauseMs));
    const victim = drawVictim(society, atMs, chance);
    if (victim === null || atMs >= society.startMs + (day + 1) * DAY_MS) break;
    if (i % cardsPerDevice === 0) deviceId = freshDevice(society.devices, chance);
    const merchant = chance.pick(merchants);
    const card = chance.pick(society.habits[victim].cards);
    const { currency: customerCurrency } = society.customers[victim];
    const currency = currencyOfSale(society.merchants[merchant], customerCurrency, chance);
    const country = apparentCountry(society, victim, hiddenShare, chance);
    const tries = chance.chance(0.2) ? 2 : 1;
    for (let t = 0; t < tries; t++) {
      const priceUsd = usesMerchantPrices
        ? Math.min(25, drawPriceUsd(society.merchants[merchant], 0.7, chance))
        : chance.between(0.6, 9);
      drafts.push({
        occurredAtMs: atMs + t * chance.integer(15_000, 240_000),
        customer: victim,
        card,
        merchant,
        deviceId: hidesDevice ? null : deviceId,
        country,
        currency,
        amountMinor: priceTagMinor(priceUsd, currency, chance),
        story: cardTesting.name,
      });
    }
    if (chance.chance(CASH_OUT_CHANCE)) {
      const startMs = atMs + Math.floor(chance.between(0.2, 6) * DAY_MS);
      drafts.push(...planSpree(society, victim, card, startMs, chance.fork(`spree/${i}`)));
    }
  }
  return drafts;
}
