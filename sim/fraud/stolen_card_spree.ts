import { DAY_MS, HOUR_MS } from "../../src/fraud/features/windows.ts";
import { type CategoryName } from "../world/categories.ts";
import { CHANNEL } from "../world/types.ts";
import type { Story } from "./story.ts";

/**
 * Stolen card spree.
 *
 * Who: a thief with the details of one working card, alone or in a gang that shares machines.
 * Why: goods that sell on: gift cards, electronics, jewellery.
 * How it shows: one to seven purchases within two days, from a device new to the card, sent elsewhere; two in five
 * thieves have the card itself, and where they choose a shop to walk into they pay there, without a device: so do some
 * one in seven affairs.
 *   bold: dear goods that sell on, within hours, at any hour, often from abroad, some from a gang's machine;
 *   patient: ordinary prices at ordinary shops, in the hours in which the victim pays, over a day or two;
 *   burst: a program that shows no device buys at ordinary shops for ordinary sums, six to ten times within an hour.
 *   Rare until the others are declined.
 * Looks alike: the cardholder with a new phone before a birthday or on a journey, a shopping afternoon, a card lent
 * within the family.
 * Should be caught by: customer_usd_surge, amount_vs_customer and resale_category together with
 * card_new_devices_24h, new_merchant_for_customer, card_new_merchants_24h; country_not_cards when the thief does not
 * hide it; card_count_1h with device_missing for bursts.
 */
export const stolenCardSpree: Story = {
  name: "stolen_card_spree",
  affairsPerCustomerDay: 1.9e-4,
  tactics: [
    { name: "bold", share: 0.52, worth: 1, twins: 0.14 },
    { name: "patient", share: 0.44, worth: 0.4, twins: 1.5 },
    { name: "burst", share: 0.04, worth: 0.9, twins: 0.2 },
  ],
  longestDays: 4,
  reporting: { reportedShare: 0.92, misfiledShare: 0.04 },
  tell: (scene) => {
    const { draw, tactic, society } = scene;
    const customer = scene.drawCustomer();
    if (customer === null) return;
    const bold = tactic === "bold";
    const burst = tactic === "burst";
    const kind = draw.uniform();
    const device = burst || kind > 0.9
      ? 0
      : bold && kind < 0.35
      ? scene.sharedMachine()
      : scene.strangeDevice();
    // The card itself was stolen or copied, not its number alone: then it also pays in shops.
    const hasPlastic = !burst && draw.chance(0.4);
    const country = draw.chance(bold ? 0.45 : 0.05) ? scene.anyCountry() : undefined;
    const slot = draw.integer(0, society.cards.slots[customer] - 1);
    const greed = (bold ? draw.between(1, 2.6) : draw.between(0.8, 1.5)) *
      Math.sqrt(society.people.level[customer]);
    const network = scene.proxy();
    const address = draw.chance(0.6) ? scene.dropAddress() : undefined;
    const beginsAtMs = scene.beginsAtMs();
    let atMs = bold ? beginsAtMs : scene.atUsualHour(customer, beginsAtMs);
    const meanPauseMs = bold ? 1.2 * HOUR_MS : burst ? HOUR_MS / 10 : 14 * HOUR_MS;
    const untilMs = atMs + 2 * DAY_MS;
    const most = burst ? draw.integer(6, 10) : 1 + Math.min(6, draw.poisson(bold ? 2.8 : 1.5));
    for (let left = most; left > 0 && atMs < untilMs; left--) {
      const merchant = draw.chance(bold ? 0.75 : burst ? 0.1 : 0.35)
        ? scene.shopFor(customer, RESALE)
        : draw.chance(0.2)
        ? scene.favouriteOf(customer)
        : scene.shopFor(customer);
      scene.pay({
        atMs,
        customer,
        merchant,
        device,
        level: greed,
        channel: hasPlastic && draw.chance(society.merchants.inStoreShare[merchant])
          ? CHANNEL.inStore
          : undefined,
        country,
        network,
        address,
        slot,
      });
      atMs += 60_000 + Math.floor(draw.exponential(meanPauseMs));
    }
  },
};

const RESALE: readonly CategoryName[] = ["gift_cards", "electronics", "electronics", "jewellery"];
