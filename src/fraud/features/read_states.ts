import { categoryCode } from "./category_code.ts";
import { FEATURE_INDEX as F, MAX_AGE_DAYS, PRIOR_FRAUD_SHARE } from "./catalogue.ts";
import type { PaymentEvent } from "./event.ts";
import { differ, type EventFacts } from "./event_facts.ts";
import { ADDRESS, CAPACITY, CARD, COMMON, CUSTOMER, DEVICE, MERCHANT } from "./layout.ts";
import { recentSetHas, recentSetSize } from "./recent_set.ts";
import { ratioToUsual } from "./usual_amount.ts";
import { DAY_MS, decay, HOUR_MS, type Window } from "./windows.ts";

/*
 * How each kind of entity speaks about a payment before it is observed. `vector` arrives holding the cold values,
 * so a state that is absent leaves its features at them.
 */

/** Features that need no history. */
export function readEvent(vector: Float64Array, event: PaymentEvent, facts: EventFacts): void {
  vector[F.amount_usd] = facts.amountUsd;
  vector[F.amount_ln] = facts.amountLn;
  vector[F.amount_small] = facts.small;
  vector[F.resale_category] = event.merchantCategory !== null && RESALE_CATEGORIES.has(event.merchantCategory)
    ? 1
    : 0;
  vector[F.hour_sin] = facts.hourSin;
  vector[F.hour_cos] = facts.hourCos;
  vector[F.weekend] = facts.weekend;
  vector[F.night] = facts.night;
  if (event.customerSinceMs !== null) {
    vector[F.account_age_days] = ageDays(facts.atMs - event.customerSinceMs);
  }
  vector[F.device_missing] = event.deviceId === null ? 1 : 0;
  vector[F.address_missing] = event.addressId === null ? 1 : 0;
  vector[F.country_not_customers] = facts.foreign;
  vector[F.country_not_cards] = differ(event.cardCountry, event.country);
  vector[F.country_not_merchants] = differ(event.merchantCountry, event.country);
  vector[F.merchant_not_customers_country] = differ(event.merchantCountry, event.customerCountry);
  vector[F.merchant_category] = categoryCode(event.merchantCategory);
  vector[F.merchant_country] = categoryCode(event.merchantCountry);
  vector[F.payment_country] = categoryCode(event.country);
  vector[F.customer_country] = categoryCode(event.customerCountry);
}

export function readCustomer(
  vector: Float64Array,
  state: Float64Array,
  event: PaymentEvent,
  facts: EventFacts,
): void {
  const elapsedMs = facts.atMs - state[COMMON.lastEventAtMs];
  const ageMs = facts.atMs - state[COMMON.firstEventAtMs];
  const d24h = decay(elapsedMs, "24h");
  const d7d = decay(elapsedMs, "7d");
  const d30d = decay(elapsedMs, "30d");
  const count24h = state[CUSTOMER.count24h] * d24h;
  const count30d = state[CUSTOMER.count30d] * d30d;
  const usd24h = state[CUSTOMER.usd24h] * d24h;
  if (event.customerSinceMs === null) vector[F.account_age_days] = ageDays(ageMs);
  vector[F.customer_count_10m] = state[CUSTOMER.count10m] * decay(elapsedMs, "10m");
  vector[F.customer_count_1h] = state[CUSTOMER.count1h] * decay(elapsedMs, "1h");
  vector[F.customer_count_24h] = count24h;
  vector[F.customer_count_7d] = state[CUSTOMER.count7d] * d7d;
  vector[F.customer_count_30d] = count30d;
  vector[F.customer_usd_24h] = usd24h;
  vector[F.customer_usd_7d] = state[CUSTOMER.usd7d] * d7d;
  // Numerator and denominator decay alike, so the mean is that of the last payment's instant.
  vector[F.customer_mean_24h] = state[CUSTOMER.usd24h] / state[CUSTOMER.count24h];
  vector[F.customer_mean_7d] = state[CUSTOMER.usd7d] / state[CUSTOMER.count7d];
  vector[F.customer_mean_30d] = state[CUSTOMER.usd30d] / state[CUSTOMER.count30d];
  vector[F.customer_count_surge] = (count24h + 1) / (1 + usualPer(DAY_MS, count30d, ageMs));
  // 20 US dollars keep the ratio of a customer who hardly spends within bounds.
  vector[F.customer_usd_surge] = (usd24h + facts.amountUsd) /
    (20 + usualPer(DAY_MS, state[CUSTOMER.usd30d] * d30d, ageMs));
  vector[F.customer_idle_hours] = elapsedMs / HOUR_MS;
  vector[F.customer_foreign_share] = state[CUSTOMER.foreign30d] / state[CUSTOMER.count30d];
  vector[F.customer_new_devices_7d] = state[CUSTOMER.newDevices7d] * d7d;
  vector[F.customer_new_merchants_24h] = state[CUSTOMER.newMerchants24h] * d24h;
  vector[F.new_device_for_customer] = isNew(
    state,
    CUSTOMER.devices,
    CAPACITY.customerDevices,
    facts.deviceHash,
  );
  vector[F.new_merchant_for_customer] = isNew(
    state,
    CUSTOMER.merchants,
    CAPACITY.customerMerchants,
    facts.merchantHash,
  );
  vector[F.new_category_for_customer] = isNew(
    state,
    CUSTOMER.categories,
    CAPACITY.customerCategories,
    facts.categoryHash,
  );
  vector[F.new_country_for_customer] = isNew(
    state,
    CUSTOMER.countries,
    CAPACITY.customerCountries,
    facts.countryHash,
  );
  vector[F.new_address_for_customer] = isNew(
    state,
    CUSTOMER.addresses,
    CAPACITY.customerAddresses,
    facts.addressHash,
  );
  vector[F.amount_vs_customer] = deviations(
    facts.amountLn,
    state[CUSTOMER.count30d],
    state[CUSTOMER.ln30d],
    state[CUSTOMER.lnSquared30d],
    count30d,
  );
  // Over the count, not over its own length: a customer who pays at all hours has no habit to break.
  vector[F.hour_vs_customer_habit] =
    (state[CUSTOMER.hourCos30d] * facts.hourCos + state[CUSTOMER.hourSin30d] * facts.hourSin) /
    (state[CUSTOMER.count30d] + 1);
  vector[F.customer_unusual_3d] = state[CUSTOMER.unusual3d] * decay(elapsedMs, "3d");
  vector[F.customer_unusual_7d] = state[CUSTOMER.unusual7d] * d7d;
  vector[F.customer_unusual_14d] = state[CUSTOMER.unusual14d] * decay(elapsedMs, "14d");
  const toUsual = ratioToUsual(state, facts.amountUsd);
  vector[F.amount_vs_usual] = toUsual;
  vector[F.amount_vs_known_genuine] = state[CUSTOMER.genuine90d] > 0
    ? facts.amountUsd * state[CUSTOMER.genuine90d] / state[CUSTOMER.genuineUsd90d]
    : toUsual;
  vector[F.customer_known_frauds_30d] = knownIn(state, COMMON.fraud30d, "30d", facts);
  vector[F.customer_known_fraud_days] = daysSince(state[CUSTOMER.lastFraudS], facts);
}

export function readCard(vector: Float64Array, state: Float64Array, facts: EventFacts): void {
  const elapsedMs = facts.atMs - state[COMMON.lastEventAtMs];
  const d1h = decay(elapsedMs, "1h");
  const d24h = decay(elapsedMs, "24h");
  vector[F.card_count_10m] = state[CARD.count10m] * decay(elapsedMs, "10m");
  vector[F.card_count_1h] = state[CARD.count1h] * d1h;
  vector[F.card_count_24h] = state[CARD.count24h] * d24h;
  vector[F.card_usd_24h] = state[CARD.usd24h] * d24h;
  vector[F.card_small_1h] = state[CARD.small1h] * d1h;
  vector[F.card_small_24h] = state[CARD.small24h] * d24h;
  vector[F.card_new_merchants_24h] = state[CARD.newMerchants24h] * d24h;
  vector[F.card_new_devices_24h] = state[CARD.newDevices24h] * d24h;
  vector[F.card_idle_hours] = elapsedMs / HOUR_MS;
  vector[F.card_age_days] = ageDays(facts.atMs - state[COMMON.firstEventAtMs]);
  vector[F.new_device_for_card] = isNew(state, CARD.devices, CAPACITY.cardDevices, facts.deviceHash);
  vector[F.card_country_changed] = facts.countryHash === 0 || state[CARD.lastCountry] === facts.countryHash
    ? 0
    : 1;
  vector[F.card_known_frauds_30d] = knownIn(state, COMMON.fraud30d, "30d", facts);
  vector[F.card_known_fraud_days] = daysSince(state[CARD.lastFraudS], facts);
  vector[F.amount_vs_card] = deviations(
    facts.amountLn,
    state[CARD.count30d],
    state[CARD.ln30d],
    state[CARD.lnSquared30d],
    state[CARD.count30d] * decay(elapsedMs, "30d"),
  );
}

export function readDevice(vector: Float64Array, state: Float64Array, facts: EventFacts): void {
  const elapsedMs = facts.atMs - state[COMMON.lastEventAtMs];
  const d1h = decay(elapsedMs, "1h");
  const d24h = decay(elapsedMs, "24h");
  vector[F.device_count_1h] = state[DEVICE.count1h] * d1h;
  vector[F.device_count_24h] = state[DEVICE.count24h] * d24h;
  vector[F.device_usd_24h] = state[DEVICE.usd24h] * d24h;
  vector[F.device_small_1h] = state[DEVICE.small1h] * d1h;
  vector[F.device_other_customers] = recentSetSize(
    state,
    DEVICE.customers,
    CAPACITY.deviceCustomers,
    facts.customerHash,
  );
  vector[F.device_new_customers_24h] = state[DEVICE.newCustomers24h] * d24h;
  vector[F.device_new_customers_7d] = state[DEVICE.newCustomers7d] * decay(elapsedMs, "7d");
  vector[F.device_new_cards_24h] = state[DEVICE.newCards24h] * d24h;
  vector[F.device_age_days] = ageDays(facts.atMs - state[COMMON.firstEventAtMs]);
  vector[F.device_known_frauds_30d] = knownIn(state, COMMON.fraud30d, "30d", facts);
  vector[F.device_known_fraud_days] = daysSince(state[DEVICE.lastFraudS], facts);
}

export function readAddress(vector: Float64Array, state: Float64Array, facts: EventFacts): void {
  const elapsedMs = facts.atMs - state[COMMON.lastEventAtMs];
  vector[F.address_count_24h] = state[ADDRESS.count24h] * decay(elapsedMs, "24h");
  vector[F.address_other_customers] = recentSetSize(
    state,
    ADDRESS.customers,
    CAPACITY.addressCustomers,
    facts.customerHash,
  );
  vector[F.address_new_customers_7d] = state[ADDRESS.newCustomers7d] * decay(elapsedMs, "7d");
  vector[F.address_age_days] = ageDays(facts.atMs - state[COMMON.firstEventAtMs]);
  vector[F.address_known_frauds_30d] = knownIn(state, COMMON.fraud30d, "30d", facts);
  vector[F.address_known_fraud_days] = daysSince(state[ADDRESS.lastFraudS], facts);
}

export function readMerchant(vector: Float64Array, state: Float64Array, facts: EventFacts): void {
  const elapsedMs = facts.atMs - state[COMMON.lastEventAtMs];
  const ageMs = facts.atMs - state[COMMON.firstEventAtMs];
  const d1h = decay(elapsedMs, "1h");
  const d30d = decay(elapsedMs, "30d");
  const surge = (slot1h: number, slot30d: number) =>
    (state[slot1h] * d1h + 1) / (1 + usualPer(HOUR_MS, state[slot30d] * d30d, ageMs));
  vector[F.merchant_count_surge] = surge(MERCHANT.count1h, MERCHANT.count30d);
  vector[F.merchant_small_surge] = surge(MERCHANT.small1h, MERCHANT.small30d);
  vector[F.merchant_new_customer_surge] = surge(MERCHANT.newCustomers1h, MERCHANT.newCustomers30d);
  vector[F.merchant_foreign_surge] = surge(MERCHANT.foreign1h, MERCHANT.foreign30d);
  vector[F.merchant_small_share] = state[MERCHANT.small30d] / state[MERCHANT.count30d];
  vector[F.merchant_age_days] = ageDays(ageMs);
  const count24h = state[MERCHANT.count24h] * decay(elapsedMs, "24h");
  const count7d = state[MERCHANT.count7d] * decay(elapsedMs, "7d");
  const count30d = state[MERCHANT.count30d] * d30d;
  vector[F.merchant_count_24h] = count24h;
  vector[F.merchant_count_7d] = count7d;
  vector[F.merchant_count_30d] = count30d;
  vector[F.amount_vs_merchant] = deviations(
    facts.amountLn,
    state[MERCHANT.count30d],
    state[MERCHANT.ln30d],
    state[MERCHANT.lnSquared30d],
    count30d,
  );
  const fraud24h = knownIn(state, MERCHANT.fraud24h, "24h", facts);
  const fraud7d = knownIn(state, MERCHANT.fraud7d, "7d", facts);
  const fraud30d = knownIn(state, COMMON.fraud30d, "30d", facts);
  vector[F.merchant_known_frauds_24h] = fraud24h;
  vector[F.merchant_known_frauds_7d] = fraud7d;
  vector[F.merchant_known_frauds_30d] = fraud30d;
  vector[F.merchant_risk_24h] = smoothedShare(fraud24h, count24h);
  vector[F.merchant_risk_7d] = smoothedShare(fraud7d, count7d);
  vector[F.merchant_risk_30d] = smoothedShare(fraud30d, count30d);
  vector[F.merchant_known_labels_30d] = knownIn(state, MERCHANT.labels30d, "30d", facts);
  vector[F.merchant_known_fraud_days] = daysSince(state[MERCHANT.lastFraudS], facts);
  vector[F.merchant_known_genuine_days] = daysSince(state[MERCHANT.lastGenuineS], facts);
  vector[F.merchant_fraud_run] = state[MERCHANT.runCount];
  vector[F.merchant_fraud_run_ordinary] = state[MERCHANT.runOrdinary];
  vector[F.merchant_fraud_run_days] = daysSince(state[MERCHANT.runFromS], facts);
  vector[F.merchant_fraud_run_ordinary_days] = daysSince(state[MERCHANT.runOrdinaryFromS], facts);
}

/**
 * A payment without a card (a wallet) is not a payment with a card never seen: the customer's own age and pauses
 * stand in for the card's, so that it does not look like a card just stolen.
 */
export function readWithoutCard(vector: Float64Array): void {
  vector[F.card_idle_hours] = vector[F.customer_idle_hours];
  vector[F.card_age_days] = vector[F.account_age_days];
}

/** Merchant categories whose goods a thief can sell on. */
export const RESALE_CATEGORIES: ReadonlySet<string> = new Set(["electronics", "gift_cards", "jewellery"]);

function ageDays(ageMs: number): number {
  return Math.min(MAX_AGE_DAYS, Math.max(0, ageMs / DAY_MS));
}

/** 1 for an id that the set does not hold; 0 for the id of nothing. */
function isNew(state: Float64Array, start: number, capacity: number, hash: number): number {
  return hash === 0 || recentSetHas(state, start, capacity, hash) ? 0 : 1;
}

/** A decayed sum of labels, which stands as of the last label. */
function knownIn(state: Float64Array, slot: number, window: Window, facts: EventFacts): number {
  return state[slot] === 0 ? 0 : state[slot] * decay(facts.atMs - state[COMMON.lastLabelAtMs], window);
}

/** Of a payment in whole seconds since the epoch; 0 means that there was none. */
function daysSince(atS: number, facts: EventFacts): number {
  return atS === 0 ? MAX_AGE_DAYS : ageDays(facts.atMs - atS * 1000);
}

/** Five payments of an ordinary merchant stand beside the merchant's own, or one fraud among one would be all. */
function smoothedShare(frauds: number, payments: number): number {
  return (frauds + PRIOR_PAYMENTS * PRIOR_FRAUD_SHARE) / (payments + PRIOR_PAYMENTS);
}

const PRIOR_PAYMENTS = 5;

/** What a period of `periodMs` holds at the entity's own rate over 30 days, corrected for a short history. */
function usualPer(periodMs: number, sum30d: number, ageMs: number): number {
  const windowMs = 30 * DAY_MS;
  // A history shorter than the window fills only 1 − exp(−age / window) of it.
  const coveredMs = Math.max(periodMs, windowMs * (1 - decay(ageMs, "30d")));
  return (sum30d * periodMs) / coveredMs;
}

/**
 * How many standard deviations `value` lies from the decayed mean. Mean and variance are ratios of sums that
 * decay alike, so they are taken as last stored; only `weightNow` ages. With little weight the deviation is
 * pulled to 0 and the variance to that of a typical shopper, as three payments do not make a habit.
 */
function deviations(
  value: number,
  weight: number,
  sum: number,
  sumSquared: number,
  weightNow: number,
): number {
  const PRIOR_WEIGHT = 3;
  const PRIOR_VARIANCE = 0.8;
  const mean = sum / weight;
  const variance = Math.max(0, sumSquared / weight - mean * mean);
  const pooled = (variance * weight + PRIOR_VARIANCE * PRIOR_WEIGHT) / (weight + PRIOR_WEIGHT);
  return ((value - mean) / Math.sqrt(pooled)) * (weightNow / (weightNow + 1));
}
