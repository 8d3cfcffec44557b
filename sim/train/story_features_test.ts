import { expect } from "expect";
import { FEATURE_INDEX, type FeatureName } from "../../src/fraud/features/catalogue.ts";
import { generateWorld } from "../world/world.ts";
import { makeDataset } from "./make_dataset.ts";
import { rocAuc } from "./metrics.ts";
import { splitDays } from "./split.ts";

/** What each story's header says it should be caught by. */
const SHOULD_CATCH: Readonly<Record<string, readonly FeatureName[]>> = {
  card_testing: [
    "merchant_new_customer_surge",
    "merchant_small_surge",
    "new_device_for_customer",
    "new_merchant_for_customer",
  ],
  stolen_card_spree: [
    "new_device_for_customer",
    "amount_vs_customer",
    "resale_category",
    "customer_usd_surge",
    "card_new_merchants_24h",
    "device_other_customers",
    "country_not_cards",
  ],
};

Deno.test("each fraud story shows in the features that its header names, and in none of them alone", () => {
  const world = generateWorld({ seed: 2, days: 30, customers: 2500, startMs: Date.UTC(2026, 0, 5) });
  const { test } = makeDataset(world, splitDays(30), 0.01);
  for (const [story, names] of Object.entries(SHOULD_CATCH)) {
    const rows = Array.from({ length: test.length }, (_, row) => row)
      .filter((row) => test.story[row] === story || test.story[row] === null);
    const fraud = rows.map((row) => test.fraud[row]);
    for (const name of names) {
      const area = rocAuc(rows.map((row) => test.vector(row)[FEATURE_INDEX[name]]), fraud);
      expect({ story, name, shows: area > 0.52, gives: area > 0.99 })
        .toEqual({ story, name, shows: true, gives: false });
    }
  }
});
