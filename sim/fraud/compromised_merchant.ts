import { DAY_MS, HOUR_MS } from "../../src/fraud/features/windows.ts";
import { type CategoryName } from "../world/categories.ts";
import { FAVOURITES } from "../world/customers.ts";
import type { Story } from "./story.ts";

/**
 * Compromised merchant.
 *
 * Who: somebody who reads along at one shop's checkout, and those to whom the card numbers are sold.
 * Why: cards by the dozen that work, with names and addresses.
 * How it shows: customers of one shop, none of whom knows another, are robbed within two weeks, each of one to three
 * purchases elsewhere, and all by buyers with the same taste.
 *   resold: another device for each card, one kind of goods, ordinary prices;
 *   batch: a few machines for all the cards, within two days, dear goods;
 *   reorder: a program that shows no device orders again at the very shop that was read, three to five times for each
 *   card within the hour. Rare until the others are declined.
 * Looks alike: the members of a club, a firm's or a school's parents who buy for the same journey.
 * Should be caught by: new_device_for_card with new_merchant_for_customer and resale_category; device_other_customers
 * and device_new_cards_24h for batches; card_count_1h with device_missing for reorders, and a merchant's delayed
 * risk (merchant_risk_30d).
 */
export const compromisedMerchant: Story = {
  name: "compromised_merchant",
  affairsPerCustomerDay: 3.2e-5,
  tactics: [
    { name: "resold", share: 0.55, worth: 0.5, twins: 0.7 },
    { name: "batch", share: 0.41, worth: 1, twins: 0.14 },
    { name: "reorder", share: 0.04, worth: 0.9, twins: 0.2 },
  ],
  longestDays: 18,
  reporting: { reportedShare: 0.88, misfiledShare: 0.04 },
  tell: (scene) => {
    const { draw, tactic, society } = scene;
    const known = scene.drawCustomer();
    if (known === null) return;
    const read = scene.favouriteOf(known);
    const { favourites } = society.people;
    const victims = scene.drawPeople(
      draw.integer(4, 9),
      society.residents(society.people.city[known]),
      (customer) => favourites.subarray(customer * FAVOURITES, (customer + 1) * FAVOURITES).includes(read),
    );
    const batch = tactic === "batch";
    const reorder = tactic === "reorder";
    const taste = draw.pick(TASTES);
    const machines = [scene.sharedMachine(), scene.strangeDevice()];
    const addresses = [scene.dropAddress(), scene.dropAddress()];
    const beginsAtMs = scene.beginsAtMs();
    for (const customer of victims) {
      const device = reorder ? 0 : batch ? draw.pick(machines) : scene.strangeDevice();
      const network = scene.proxy();
      let atMs = beginsAtMs + Math.floor(draw.uniform() * (batch ? 1.5 : 12) * DAY_MS);
      for (let left = reorder ? draw.integer(3, 5) : draw.integer(1, 3); left > 0; left--) {
        scene.pay({
          atMs,
          customer,
          merchant: reorder ? read : scene.shopFor(customer, [taste]),
          device,
          level: batch ? draw.between(1.2, 2.2) : draw.between(0.8, 1.6),
          network,
          address: draw.pick(addresses),
        });
        atMs += 60_000 + Math.floor(draw.exponential((batch ? 1 : reorder ? 0.15 : 9) * HOUR_MS));
      }
    }
  },
};

const TASTES: readonly CategoryName[] = ["electronics", "fashion", "travel", "gift_cards", "home"];
