import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { type CategoryName, categoryNumber } from "../world/categories.ts";
import { CHANNEL } from "../world/types.ts";
import type { Story } from "./story.ts";

/**
 * Collusive merchant.
 *
 * Who: a shopkeeper who charges bought card numbers, or lets somebody else do it for a share.
 * Why: money without goods. The shop is gone before the chargebacks arrive.
 * How it shows: at a small shop, strangers pay more than its usual price, from devices that are none of theirs.
 *   bust_out: within a day or two, far above the usual price;
 *   trickle: five to twelve over two weeks, a little above it;
 *   round_sums: within an hour or two the whole list is charged, in round sums, without a device. Rare until the
 *   others are declined.
 * Looks alike: a shop that has been recommended, an exhibition, a sale of stock; a yearly fee.
 * Should be caught by: new_device_for_customer, new_merchant_for_customer and new_category_for_customer with
 * amount_vs_merchant; merchant_count_surge with device_missing for round sums; what became known of the merchant
 * since (merchant_risk_30d).
 */
export const collusiveMerchant: Story = {
  name: "collusive_merchant",
  affairsPerCustomerDay: 3e-5,
  tactics: [
    { name: "bust_out", share: 0.56, worth: 1, twins: 0.2 },
    { name: "trickle", share: 0.4, worth: 0.4, twins: 0.8 },
    { name: "round_sums", share: 0.04, worth: 0.9, twins: 0.2 },
  ],
  longestDays: 16,
  reporting: { reportedShare: 0.85, misfiledShare: 0.08 },
  tell: (scene) => {
    const { draw, tactic, society } = scene;
    const merchant = smallShop(scene.draw.integer(0, society.merchants.count - 1), scene);
    const days = tactic === "bust_out" ? 1.5 : tactic === "trickle" ? 14 : 0.06;
    const beginsAtMs = scene.beginsAtMs();
    const customers = scene.drawPeople(
      draw.integer(5, 12),
      null,
      (customer) => society.isServed(customer, merchant),
    );
    const level = tactic === "bust_out" ? draw.between(1.8, 4) : draw.between(1, 1.8);
    // Some shops type the numbers into their own terminal.
    const atTerminal = draw.chance(0.35);
    for (const customer of customers) {
      const round = tactic === "round_sums";
      scene.pay({
        atMs: beginsAtMs + Math.floor(draw.uniform() * days * DAY_MS),
        customer,
        merchant,
        device: round || draw.chance(0.15) ? 0 : scene.strangeDevice(),
        level,
        priceUsd: round ? draw.pick([50, 80, 100, 120, 150]) : undefined,
        network: scene.proxy(),
        channel: atTerminal ? CHANNEL.inStore : CHANNEL.online,
      });
    }
  },
};

/** Of a few draws, the shop that is furthest down its category's list and sells what need not be sent. */
function smallShop(
  first: number,
  { draw, society: { merchants } }: Parameters<Story["tell"]>[0],
): number {
  let best = first;
  for (let attempt = 0; attempt < 4; attempt++) {
    const other = draw.integer(0, merchants.count - 1);
    if (SERVICES.includes(merchants.category[other]) && other > best) best = other;
  }
  return best;
}

const NAMES: readonly CategoryName[] = ["health", "home", "fashion", "travel", "jewellery", "donations"];
const SERVICES = NAMES.map(categoryNumber);
