import { DAY_MS, HOUR_MS } from "../../src/fraud/features/windows.ts";
import { type CategoryName } from "../world/categories.ts";
import { CHANNEL } from "../world/types.ts";
import type { Story } from "./story.ts";

/**
 * Ring sharing devices and addresses.
 *
 * Who: one person, or a few, with the accounts of several: rented, bought or made up.
 * Why: welcome offers and limits count for each account; what one account loses, the next makes good.
 * How it shows: accounts that have nothing to do with each other come through the same device, the same connection or
 * the same address.
 *   one_machine: three to six accounts on two machines within three days;
 *   one_address: a device each, but everything is sent to one address, over ten days;
 *   relay: no device, an address each, the same shop in turn every few minutes. Rare until the others are declined.
 * Looks alike: a shared flat, students in a hall, an office that orders together, a family with one tablet.
 * Should be caught by: device_other_customers, device_new_customers_7d and device_new_cards_24h for machines, with
 * new_merchant_for_customer; address_new_customers_7d and new_address_for_customer for addresses. The connection
 * (ipAddress) is read by no feature.
 */
export const deviceRing: Story = {
  name: "device_ring",
  affairsPerCustomerDay: 2.6e-5,
  tactics: [
    { name: "one_machine", share: 0.56, worth: 1, twins: 0.4 },
    { name: "one_address", share: 0.4, worth: 0.5, twins: 0.8 },
    { name: "relay", share: 0.04, worth: 0.9, twins: 0.15 },
  ],
  longestDays: 12,
  reporting: { reportedShare: 0.8, misfiledShare: 0.1 },
  tell: (scene) => {
    const { draw, tactic, society } = scene;
    const somebody = draw.integer(0, society.people.count - 1);
    const members = scene.drawPeople(draw.integer(3, 6), society.residents(society.people.city[somebody]));
    const machines = [scene.strangeDevice(), scene.strangeDevice()];
    const address = scene.dropAddress();
    const network = scene.proxy();
    const goods = draw.pick(GOODS);
    const relay = tactic === "relay";
    const relayShop = scene.onlineShop([goods]);
    const beginsAtMs = scene.beginsAtMs();
    let relayedAtMs = beginsAtMs;
    for (const customer of members) {
      const device = relay ? 0 : tactic === "one_machine" ? draw.pick(machines) : scene.strangeDevice();
      const days = tactic === "one_machine" ? 3 : 10;
      let atMs = relay ? relayedAtMs : beginsAtMs + Math.floor(draw.uniform() * days * DAY_MS);
      relayedAtMs += 60_000 + Math.floor(draw.exponential(HOUR_MS / 15));
      for (let left = relay ? 3 : draw.integer(1, 3); left > 0; left--) {
        scene.pay({
          atMs,
          customer,
          merchant: relay ? relayShop : scene.shopFor(customer, [goods]),
          device,
          level: draw.between(0.8, 1.7),
          network,
          address: relay ? scene.dropAddress() : address,
          channel: tactic === "one_machine" ? CHANNEL.online : CHANNEL.app,
        });
        atMs += 60_000 + Math.floor(draw.exponential((relay ? 0.1 : 8) * HOUR_MS));
      }
    }
  },
};

const GOODS: readonly CategoryName[] = ["fashion", "electronics", "digital", "gaming", "home", "travel"];
