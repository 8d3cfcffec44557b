import { HOUR_MS } from "../../src/fraud/features/windows.ts";
import { type CategoryName } from "../world/categories.ts";
import type { Story } from "./story.ts";

/**
 * Card testing.
 *
 * Who: a gang with a list of stolen card numbers, most of them dead.
 * Why: to learn which still work before they are sold. The amount does not matter as long as nobody notices it.
 * How it shows: many cards pay something small at one to three merchants within hours, each from a device new to it.
 *   script: a quick program, a device for every two or three cards, the same small sums;
 *   drip: slow, a device a card, the merchant's own prices;
 *   top_up: no device at all, ordinary sums at shops that sell credit, every few minutes. Rare until the others are
 *   declined.
 * Looks alike: a game's launch, a flash sale, a class that pays from the school's computers, a fund-raising night.
 * Should be caught by: merchant_new_customer_surge, merchant_count_surge and merchant_small_surge together with
 * new_device_for_customer and new_merchant_for_customer; device_other_customers for scripts,
 * device_missing for top-ups.
 */
export const cardTesting: Story = {
  name: "card_testing",
  affairsPerCustomerDay: 7.5e-5,
  tactics: [
    { name: "script", share: 0.56, worth: 1, twins: 0.12 },
    { name: "drip", share: 0.4, worth: 0.4, twins: 0.9 },
    { name: "top_up", share: 0.04, worth: 0.9, twins: 0.15 },
  ],
  longestDays: 2,
  reporting: { reportedShare: 0.75, misfiledShare: 0.04 },
  tell: (scene) => {
    const { draw, tactic } = scene;
    const cards = draw.integer(4, 12);
    const meanPauseMs = tactic === "script" ? 4 * 60_000 : tactic === "drip" ? 40 * 60_000 : 3 * 60_000;
    const cardsPerDevice = tactic === "script" ? draw.integer(2, 4) : 1;
    const targets = tactic === "top_up" ? TOP_UPS : TARGETS;
    const merchants = Array.from({ length: draw.integer(1, 2) }, () => scene.onlineShop(targets));
    const [low, high] = draw.pick([[0.6, 2], [1, 5], [2, 9]]);
    let atMs = scene.beginsAtMs();
    let device = scene.strangeDevice();
    for (let i = 0; i < cards; i++) {
      atMs += 4_000 + Math.floor(draw.exponential(meanPauseMs));
      const customer = scene.drawCustomer();
      if (customer === null) return;
      if (i % cardsPerDevice === 0) device = scene.strangeDevice();
      const merchant = draw.pick(merchants);
      const hides = draw.chance(0.85);
      const tries = draw.chance(0.2) ? 2 : 1;
      for (let t = 0; t < tries; t++) {
        scene.pay({
          atMs: atMs + t * draw.integer(15_000, HOUR_MS / 15),
          customer,
          merchant,
          device: tactic === "top_up" ? 0 : device,
          priceUsd: tactic === "script"
            ? draw.between(low, high)
            : tactic === "top_up"
            ? draw.pick([10, 15, 20, 25]) * draw.between(0.98, 1.02)
            : undefined,
          level: 0.7,
          country: hides ? undefined : scene.anyCountry(),
          network: scene.proxy(),
        });
      }
    }
  },
};

const TARGETS: readonly CategoryName[] = ["donations", "digital", "gaming"];
const TOP_UPS: readonly CategoryName[] = ["gift_cards", "transport"];
