import { DAY_MS, HOUR_MS } from "../../src/fraud/features/windows.ts";
import { type CategoryName } from "../world/categories.ts";
import { CHANNEL } from "../world/types.ts";
import type { Story } from "./story.ts";

/**
 * Synthetic identity.
 *
 * Who: nobody. A name, a birthday and an address that were put together, and somebody with patience behind them.
 * Why: credit. The identity pays small sums on time for weeks until its limit has grown, then buys and never pays.
 * How it shows: a young account that has paid small sums begins to buy dear goods within days, on its own device.
 * The small payments before were honestly paid and count as genuine.
 *   bust_out: goods that sell on, within two days, up to the limit;
 *   furnishing: dear goods of all kinds over a week;
 *   vouchers: gift cards of middling sums, one after the other for two or three hours. Rare until the others are
 *   declined.
 * Looks alike: somebody who has just moved to the country or out of the parents' house and buys furniture.
 * Should be caught by: account_age_days with amount_vs_customer, customer_usd_surge and customer_usd_7d.
 */
export const syntheticIdentity: Story = {
  name: "synthetic_identity",
  affairsPerCustomerDay: 3e-5,
  tactics: [
    { name: "bust_out", share: 0.56, worth: 1, twins: 0.35 },
    { name: "furnishing", share: 0.4, worth: 0.4, twins: 1 },
    { name: "vouchers", share: 0.04, worth: 0.9, twins: 0.2 },
  ],
  longestDays: 9,
  reporting: { reportedShare: 0.7, misfiledShare: 0.25 },
  tell: (scene) => {
    const { draw, tactic, lives, society } = scene;
    const customer = youngAccount(scene);
    if (customer === null) return;
    const device = lives.phoneOn(customer, scene.day);
    const quick = tactic === "bust_out";
    const vouchers = tactic === "vouchers";
    const level = vouchers ? draw.between(1, 1.5) : draw.between(1.6, 3.2);
    const purchases = vouchers ? draw.integer(7, 11) : draw.integer(3, 7);
    let atMs = scene.atUsualHour(customer, scene.beginsAtMs());
    for (let i = 0; i < purchases; i++) {
      scene.pay({
        atMs,
        customer,
        merchant: scene.shopFor(customer, vouchers ? ["gift_cards"] : quick ? RESALE : FURNITURE),
        device,
        level: level * Math.sqrt(society.people.level[customer]),
        channel: CHANNEL.app,
      });
      atMs += (vouchers ? 2 : 10) * 60_000 +
        Math.floor(draw.exponential((quick ? 5 : vouchers ? 0.2 : 22) * HOUR_MS));
      if (atMs - society.startMs > (scene.day + 8) * DAY_MS) break;
    }
  },
};

/** An account of less than three months; of a few, the youngest, so that a world without growth has one too. */
function youngAccount(scene: Parameters<Story["tell"]>[0]): number | null {
  const { sinceDay } = scene.society.people;
  let best: number | null = null;
  for (let attempt = 0; attempt < 25; attempt++) {
    const customer = scene.drawCustomer();
    if (customer === null) return best;
    if (best === null || sinceDay[customer] > sinceDay[best]) best = customer;
    if (scene.day - sinceDay[best] < 90) return best;
  }
  return best;
}

const RESALE: readonly CategoryName[] = ["electronics", "electronics", "jewellery", "gift_cards"];
const FURNITURE: readonly CategoryName[] = ["home", "home", "electronics", "fashion", "travel"];
