import { expect } from "expect";
import { FEATURE_INDEX, type FeatureName } from "../../src/fraud/features/catalogue.ts";
import { rocAuc } from "../../src/fraud/measures/metrics.ts";
import { streamFeatures } from "./stream_features.ts";
import { worldSource } from "./world_source.ts";

/** What each story's header says it should be caught by. */
const SHOULD_CATCH: Readonly<Record<string, readonly FeatureName[]>> = {
  card_testing: [
    "merchant_new_customer_surge",
    "merchant_count_surge",
    "merchant_small_surge",
    "new_device_for_customer",
    "new_merchant_for_customer",
    "device_other_customers",
  ],
  stolen_card_spree: [
    "customer_usd_surge",
    "amount_vs_customer",
    "resale_category",
    "card_new_devices_24h",
    "new_merchant_for_customer",
    "card_new_merchants_24h",
    "country_not_cards",
    "card_count_1h",
  ],
  account_takeover: [
    "new_device_for_customer",
    "customer_new_devices_7d",
    "amount_vs_customer",
    "new_country_for_customer",
    "customer_count_surge",
  ],
  compromised_merchant: [
    "new_device_for_card",
    "new_merchant_for_customer",
    "resale_category",
    "device_other_customers",
    "device_new_cards_24h",
  ],
  collusive_merchant: [
    "new_device_for_customer",
    "new_device_for_card",
    "new_merchant_for_customer",
    "new_category_for_customer",
    "amount_vs_merchant",
    "amount_vs_customer",
  ],
  synthetic_identity: ["amount_vs_customer", "customer_usd_surge", "customer_usd_7d"],
  device_ring: [
    "device_other_customers",
    "device_new_customers_7d",
    "device_new_cards_24h",
    "new_merchant_for_customer",
    "address_new_customers_7d",
    "new_address_for_customer",
  ],
};

Deno.test("each fraud story shows in the features that its header names, and in none of them alone", () => {
  const payments = streamFeatures(
    worldSource({ seed: 7, days: 50, customers: 10_000, startMs: Date.UTC(2026, 0, 5) }),
  );
  // The first days only warm the features up.
  const later = payments.rowAt(Date.UTC(2026, 0, 11));
  for (const [story, names] of Object.entries(SHOULD_CATCH)) {
    const rows = Uint32Array.from({ length: payments.length - later }, (_, i) => later + i)
      .filter((row) => payments.fraud(row) === 0 || payments.story(row) === story);
    const fraud = Uint8Array.from(rows, (row) => payments.fraud(row));
    expect({ story, enough: fraud.reduce((sum, value) => sum + value, 0) > 40 }).toEqual({
      story,
      enough: true,
    });
    for (const name of names) {
      const values = Float64Array.from(rows, (row) => payments.feature(row, FEATURE_INDEX[name]));
      const area = rocAuc(values, fraud);
      expect({ story, name, shows: area > 0.52, gives: area > 0.99 })
        .toEqual({ story, name, shows: true, gives: false });
    }
  }
});
