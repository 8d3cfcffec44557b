import { createHash } from "node:crypto";
import { UNKNOWN_CODE } from "./category_code.ts";
import { SMALL_AMOUNT_USD } from "./event_facts.ts";
import { type Feature, feature } from "./feature.ts";
import { LAYOUT_VERSION, LAYOUTS } from "./layout.ts";
import { WINDOW_MS } from "./windows.ts";

/** Bumped when the meaning of a feature changes and neither the catalogue nor the layout shows it. */
const ENGINE_VERSION = 2;

/** An idle time or age nobody reaches, so that "never" and "long ago" look alike. Days. */
export const MAX_AGE_DAYS = 365;

/** Share of fraud that a merchant of whom nothing is known is taken to have. */
export const PRIOR_FRAUD_SHARE = 0.002;

/**
 * Every feature, in the vector's order. "Usual" is the decayed mean over 30 days; a surge compares the present
 * window with what the entity's own 30-day rate would give; "new" means not among the last few that the state
 * remembers (layout.ts: CAPACITY).
 */
export const FEATURES = [
  feature("amount_ln", "ln usd", "now", 0, "Logarithm of the amount"),
  feature("amount_usd", "usd", "now", 0, "The amount"),
  feature("amount_small", "flag", "now", 0, `The amount is at most ${SMALL_AMOUNT_USD} US dollars`),
  feature("amount_vs_customer", "z", "30d", 0, "Amount against the customer's usual, in deviations of logs"),
  feature("amount_vs_card", "z", "30d", 0, "Amount against the card's usual, in deviations of logs"),
  feature(
    "amount_vs_usual",
    "ratio",
    "now",
    1,
    "Amount against the customer's usual, a mean that outliers hardly move",
  ),
  feature(
    "amount_vs_known_genuine",
    "ratio",
    "90d",
    1,
    "Amount against the mean of those known to be genuine; where none is, against the usual",
  ),
  feature("amount_vs_merchant", "z", "30d", 0, "Amount against the merchant's usual, in deviations of logs"),
  feature(
    "resale_category",
    "flag",
    "now",
    0,
    "The goods are easily sold on: gift cards, electronics, jewellery",
  ),
  feature("hour_sin", "cosine", "now", 0, "Hour of day (UTC), sine"),
  feature("hour_cos", "cosine", "now", 0, "Hour of day (UTC), cosine"),
  feature("weekend", "flag", "now", 0, "Saturday or Sunday (UTC)"),
  feature("night", "flag", "now", 0, "Before 7 o'clock (UTC)"),
  feature(
    "hour_vs_customer_habit",
    "cosine",
    "30d",
    0,
    "How the hour fits the customer's hours: 1 fits, −1 opposite",
  ),

  feature("customer_count_10m", "payments", "10m", 0, "Payments of the customer"),
  feature("customer_count_1h", "payments", "1h", 0, "Payments of the customer"),
  feature("customer_count_24h", "payments", "24h", 0, "Payments of the customer"),
  feature("customer_count_7d", "payments", "7d", 0, "Payments of the customer"),
  feature("customer_count_30d", "payments", "30d", 0, "Payments of the customer"),
  feature("customer_usd_24h", "usd", "24h", 0, "Spent by the customer"),
  feature("customer_usd_7d", "usd", "7d", 0, "Spent by the customer"),
  feature("customer_mean_24h", "usd", "24h", 0, "Mean amount of the customer's payments"),
  feature("customer_mean_7d", "usd", "7d", 0, "Mean amount of the customer's payments"),
  feature("customer_mean_30d", "usd", "30d", 0, "Mean amount of the customer's payments"),
  feature("customer_unusual_3d", "payments", "3d", 0, "Payments far above the customer's usual amount"),
  feature("customer_unusual_7d", "payments", "7d", 0, "Payments far above the customer's usual amount"),
  feature("customer_unusual_14d", "payments", "14d", 0, "Payments far above the customer's usual amount"),
  feature("customer_count_surge", "ratio", "24h", 1, "Payments of the day against the customer's usual day"),
  feature("customer_usd_surge", "ratio", "24h", 1, "Spent in the day, this included, against the usual day"),
  feature("customer_idle_hours", "hours", "now", MAX_AGE_DAYS * 24, "Since the customer's last payment"),
  feature("account_age_days", "days", "now", 0, "Since the customer signed up"),
  feature("customer_foreign_share", "ratio", "30d", 0, "Share of the customer's payments from abroad"),
  feature("customer_new_devices_7d", "ids", "7d", 0, "Devices the customer began to use"),
  feature("customer_new_merchants_24h", "ids", "24h", 0, "Merchants the customer began to pay"),
  feature("new_device_for_customer", "flag", "now", 0, "The customer has history and never used this device"),
  feature(
    "new_merchant_for_customer",
    "flag",
    "now",
    0,
    "The customer has history and never paid this merchant",
  ),
  feature(
    "new_category_for_customer",
    "flag",
    "now",
    0,
    "The customer has history and never paid this category",
  ),
  feature("new_country_for_customer", "flag", "now", 0, "The customer has history and never paid from here"),
  feature(
    "new_address_for_customer",
    "flag",
    "now",
    0,
    "The customer has history and never had goods sent there",
  ),
  feature(
    "customer_known_frauds_30d",
    "payments",
    "30d",
    0,
    "Of the customer's payments, those known to be fraud",
  ),
  feature(
    "customer_known_fraud_days",
    "days",
    "now",
    MAX_AGE_DAYS,
    "Since the customer's last payment known to be fraud",
  ),

  feature("card_count_10m", "payments", "10m", 0, "Payments with the card"),
  feature("card_count_1h", "payments", "1h", 0, "Payments with the card"),
  feature("card_count_24h", "payments", "24h", 0, "Payments with the card"),
  feature("card_usd_24h", "usd", "24h", 0, "Spent with the card"),
  feature("card_small_1h", "payments", "1h", 0, "Small payments with the card"),
  feature("card_small_24h", "payments", "24h", 0, "Small payments with the card"),
  feature("card_new_merchants_24h", "ids", "24h", 0, "Merchants the card began to pay"),
  feature("card_new_devices_24h", "ids", "24h", 0, "Devices the card began to be used from"),
  feature("card_idle_hours", "hours", "now", MAX_AGE_DAYS * 24, "Since the card's last payment"),
  feature("card_age_days", "days", "now", 0, "Since the card's first payment"),
  feature("new_device_for_card", "flag", "now", 0, "The card has history, none of it from this device"),
  feature("card_country_changed", "flag", "now", 0, "The card's last payment came from another country"),
  feature("card_known_frauds_30d", "payments", "30d", 0, "Of the card's payments, those known to be fraud"),
  feature(
    "card_known_fraud_days",
    "days",
    "now",
    MAX_AGE_DAYS,
    "Since the card's last payment known to be fraud",
  ),

  feature("device_missing", "flag", "now", 0, "The payment names no device"),
  feature("device_count_1h", "payments", "1h", 0, "Payments from the device"),
  feature("device_count_24h", "payments", "24h", 0, "Payments from the device"),
  feature("device_usd_24h", "usd", "24h", 0, "Spent from the device"),
  feature("device_small_1h", "payments", "1h", 0, "Small payments from the device"),
  feature("device_other_customers", "ids", "now", 0, "Other customers among the last 8 seen on the device"),
  feature("device_new_customers_24h", "ids", "24h", 0, "Customers first seen on the device"),
  feature("device_new_customers_7d", "ids", "7d", 0, "Customers first seen on the device"),
  feature("device_new_cards_24h", "ids", "24h", 0, "Cards first seen on the device"),
  feature("device_age_days", "days", "now", 0, "Since the device's first payment"),
  feature(
    "device_known_frauds_30d",
    "payments",
    "30d",
    0,
    "Of the device's payments, those known to be fraud",
  ),
  feature(
    "device_known_fraud_days",
    "days",
    "now",
    MAX_AGE_DAYS,
    "Since the device's last payment known to be fraud",
  ),

  feature("address_missing", "flag", "now", 0, "The payment names no address that something is sent to"),
  feature("address_count_24h", "payments", "24h", 0, "Payments for goods sent to the address"),
  feature("address_other_customers", "ids", "now", 0, "Other customers among the last 8 of the address"),
  feature("address_new_customers_7d", "ids", "7d", 0, "Customers who first had goods sent to the address"),
  feature("address_age_days", "days", "now", 0, "Since the address's first payment"),
  feature(
    "address_known_frauds_30d",
    "payments",
    "30d",
    0,
    "Of the address's payments, those known to be fraud",
  ),
  feature(
    "address_known_fraud_days",
    "days",
    "now",
    MAX_AGE_DAYS,
    "Since the address's last payment known to be fraud",
  ),

  feature("merchant_count_surge", "ratio", "1h", 1, "Payments of the hour against the merchant's usual hour"),
  feature("merchant_small_surge", "ratio", "1h", 1, "Small payments of the hour against the usual hour"),
  feature("merchant_small_share", "ratio", "30d", 0, "Share of the merchant's payments that are small"),
  feature(
    "merchant_new_customer_surge",
    "ratio",
    "1h",
    1,
    "New customers of the hour against the usual hour",
  ),
  feature(
    "merchant_foreign_surge",
    "ratio",
    "1h",
    1,
    "Payments from abroad in the hour against the usual hour",
  ),
  feature("merchant_age_days", "days", "now", 0, "Since the merchant's first payment"),
  feature("merchant_count_24h", "payments", "24h", 0, "Payments at the merchant"),
  feature("merchant_count_7d", "payments", "7d", 0, "Payments at the merchant"),
  feature("merchant_count_30d", "payments", "30d", 0, "Payments at the merchant"),
  feature(
    "merchant_known_frauds_24h",
    "payments",
    "24h",
    0,
    "Payments at the merchant that became known to be fraud",
  ),
  feature(
    "merchant_known_frauds_7d",
    "payments",
    "7d",
    0,
    "Payments at the merchant that became known to be fraud",
  ),
  feature(
    "merchant_known_frauds_30d",
    "payments",
    "30d",
    0,
    "Payments at the merchant that became known to be fraud",
  ),
  feature(
    "merchant_risk_24h",
    "ratio",
    "24h",
    PRIOR_FRAUD_SHARE,
    "Known frauds by payments at the merchant, smoothed",
  ),
  feature(
    "merchant_risk_7d",
    "ratio",
    "7d",
    PRIOR_FRAUD_SHARE,
    "Known frauds by payments at the merchant, smoothed",
  ),
  feature(
    "merchant_risk_30d",
    "ratio",
    "30d",
    PRIOR_FRAUD_SHARE,
    "Known frauds by payments at the merchant, smoothed",
  ),
  feature(
    "merchant_known_labels_30d",
    "payments",
    "30d",
    0,
    "Payments at the merchant that became known to be fraud or genuine",
  ),
  feature(
    "merchant_known_fraud_days",
    "days",
    "now",
    MAX_AGE_DAYS,
    "Since the merchant's last payment known to be fraud",
  ),
  feature(
    "merchant_known_genuine_days",
    "days",
    "now",
    MAX_AGE_DAYS,
    "Since the merchant's last payment known to be genuine",
  ),
  feature(
    "merchant_fraud_run",
    "payments",
    "now",
    0,
    "Known frauds in a row, no later payment of the merchant being known to be genuine",
  ),
  feature(
    "merchant_fraud_run_ordinary",
    "payments",
    "now",
    0,
    "Of that row, those of an amount that was ordinary for its customer",
  ),
  feature("merchant_fraud_run_days", "days", "now", MAX_AGE_DAYS, "Since the row's first payment"),
  feature(
    "merchant_fraud_run_ordinary_days",
    "days",
    "now",
    MAX_AGE_DAYS,
    "Since the row's first payment of an ordinary amount",
  ),

  feature("country_not_customers", "flag", "now", 0, "Paid from outside the customer's country"),
  feature("country_not_cards", "flag", "now", 0, "Paid from outside the card's country"),
  feature("country_not_merchants", "flag", "now", 0, "Paid from outside the merchant's country"),
  feature(
    "merchant_not_customers_country",
    "flag",
    "now",
    0,
    "The merchant is not in the customer's country",
  ),

  feature("merchant_category", "category", "now", UNKNOWN_CODE, "What the merchant sells"),
  feature("merchant_country", "category", "now", UNKNOWN_CODE, "Where the merchant is"),
  feature("payment_country", "category", "now", UNKNOWN_CODE, "Where the payment comes from"),
  feature("customer_country", "category", "now", UNKNOWN_CODE, "Where the customer is at home"),
] as const satisfies readonly Feature[];

export type FeatureName = typeof FEATURES[number]["name"];

/** Where each feature stands in the vector. */
export const FEATURE_INDEX = Object.freeze(
  Object.fromEntries(FEATURES.map((entry, index) => [entry.name, index])),
) as Readonly<Record<FeatureName, number>>;

/** Whether a place in the vector holds a category's code and no measure. */
export function isCategory(place: number): boolean {
  return FEATURES[place].unit === "category";
}

/**
 * 16 hex digits that change when a feature, a window or the layout of the states does. A model carries the hash
 * it was trained with; the server refuses another.
 */
export const FEATURE_HASH: string = createHash("sha256")
  .update(JSON.stringify({ FEATURES, LAYOUT_VERSION, LAYOUTS, WINDOW_MS, ENGINE_VERSION }))
  .digest("hex")
  .slice(0, 16);
