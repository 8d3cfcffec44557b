import { HOUR_MS } from "../../src/fraud/features/windows.ts";
import { type CategoryName } from "../world/categories.ts";
import { CHANNEL } from "../world/types.ts";
import type { Story } from "./story.ts";

/**
 * Account takeover.
 *
 * Who: somebody with the customer's password, from a leak or a false letter of the bank.
 * Why: the stored card pays without its number, and the shop trusts an old account.
 * How it shows: another device from one day on, the stored card, a new address; the owner's own payments go on.
 *   moved_in: a new phone in the app; first something small, then the account's usual shops, dearer, sent elsewhere;
 *   session: the victim's own browser, borrowed by a program, through a connection abroad, a few minutes apart, at
 *   whichever hour the program runs;
 *   drain: through the owner's own phone, gift cards of middling sums one after the other, for three to five hours. Rare
 *   until the others are declined.
 * Looks alike: a new phone and a new flat; a night at a hotel; a child with the parents' account.
 * Should be caught by: new_device_for_customer and customer_new_devices_7d with amount_vs_customer for moved_in;
 * new_country_for_customer and hour_vs_customer_habit for session; customer_count_1h with resale_category for
 * drain.
 */
export const accountTakeover: Story = {
  name: "account_takeover",
  affairsPerCustomerDay: 7e-5,
  tactics: [
    { name: "moved_in", share: 0.58, worth: 0.8, twins: 0.9 },
    { name: "session", share: 0.38, worth: 1, twins: 0.25 },
    { name: "drain", share: 0.04, worth: 0.9, twins: 0.2 },
  ],
  longestDays: 8,
  reporting: { reportedShare: 0.85, misfiledShare: 0.06 },
  tell: (scene) => {
    const { draw, tactic, lives, society } = scene;
    const customer = scene.drawCustomer();
    if (customer === null) return;
    const session = tactic === "session";
    const drains = tactic === "drain";
    const device = session || drains ? lives.phoneOn(customer, scene.day) : scene.freshDevice();
    const country = session ? scene.anyCountry() : undefined;
    const network = scene.proxy();
    const address = draw.chance(0.7) ? scene.dropAddress() : undefined;
    const level = Math.sqrt(society.people.level[customer]);
    const purchases = drains ? draw.integer(8, 14) : draw.integer(2, 6);
    const meanPauseHours = session ? 0.1 : drains ? 0.25 : 16;
    let atMs = scene.beginsAtMs();
    for (let i = 0; i < purchases; i++) {
      const first = i === 0 && tactic === "moved_in";
      scene.pay({
        atMs,
        customer,
        merchant: drains
          ? scene.onlineShop(CREDIT)
          : draw.chance(session ? 0.25 : 0.5)
          ? scene.favouriteOf(customer)
          : scene.shopFor(customer, GOODS),
        device,
        level: (first ? 0.25 : drains ? 0.8 : draw.between(1, 2.2)) * level,
        country,
        network,
        address,
        channel: session ? CHANNEL.online : CHANNEL.app,
      });
      atMs += (session ? 1 : 5) * 60_000 + Math.floor(draw.exponential(meanPauseHours * HOUR_MS));
    }
  },
};

const CREDIT: readonly CategoryName[] = ["gift_cards"];
const GOODS: readonly CategoryName[] = ["electronics", "fashion", "gift_cards", "travel", "home"];
