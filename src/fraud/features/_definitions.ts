import { type FeatureName, FEATURES } from "./catalogue.ts";
import type { LabelEvent, PaymentEvent } from "./event.ts";

/*
 * Every feature once more, straight from its definition: from the list of all payments before it and of all labels
 * known by then. Quadratic and slow, for tests; shares with the engine nothing but the names and cold values.
 */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

type Key = "customerId" | "cardId" | "deviceId" | "addressId" | "merchantId";
type Term = (event: PaymentEvent) => number;

/** @param past payments before `now` in their order. @param known labels known by `now`, in the order they became so */
export function defineFeatures(
  now: PaymentEvent,
  past: readonly PaymentEvent[],
  known: readonly LabelEvent[],
): Record<FeatureName, number> {
  const v = Object.fromEntries(FEATURES.map(({ name, coldValue }) => [name, coldValue])) as Record<
    FeatureName,
    number
  >;
  const at = now.occurredAtMs;
  const own = (key: Key) => now[key] === null ? [] : past.filter((event) => event[key] === now[key]);
  const faded = (windowMs: number, sinceMs: number) => Math.exp((sinceMs - at) / windowMs);
  const sum = (events: readonly PaymentEvent[], windowMs: number, term: Term = () => 1) =>
    events.reduce((total, event) => total + term(event) * faded(windowMs, event.occurredAtMs), 0);
  const labelsOf = (key: Key) =>
    now[key] === null ? [] : known.filter(({ payment }) => payment[key] === now[key]);
  const labelSum = (labels: readonly LabelEvent[], windowMs: number) =>
    labels.reduce((total, label) => total + faded(windowMs, label.knownAtMs), 0);
  const frauds = (key: Key) => labelsOf(key).filter(({ fraud }) => fraud);
  const age = (sinceMs: number) => Math.min(365, Math.max(0, (at - sinceMs) / DAY));
  const firstOf = (events: readonly PaymentEvent[]) => events[0].occurredAtMs;
  const idle = (events: readonly PaymentEvent[]) => (at - events.at(-1)!.occurredAtMs) / HOUR;
  const daysSinceKnown = (labels: readonly LabelEvent[]) =>
    labels.length === 0
      ? 365
      : age(Math.max(...labels.map(({ payment }) => wholeSecondsMs(payment.occurredAtMs))));
  const usd: Term = (event) => event.amountUsd;
  const small: Term = (event) => event.amountUsd <= 5 ? 1 : 0;
  const foreign: Term = (event) => differ(event.country, event.customerCountry);
  /** Whether a payment brings its entity an id that is not among the last `capacity` different ones. */
  const brings =
    (key: Key, id: (event: PaymentEvent) => string | null, capacity: number): Term => (event) => {
      const before = past.slice(0, past.indexOf(event)).filter((earlier) => earlier[key] === event[key]);
      return id(event) !== null && !recent(before, id, capacity).includes(id(event)!) ? 1 : 0;
    };
  const isNew = (
    events: readonly PaymentEvent[],
    id: (event: PaymentEvent) => string | null,
    capacity: number,
  ) => events.length > 0 && id(now) !== null && !recent(events, id, capacity).includes(id(now)!) ? 1 : 0;
  const perPeriod = (periodMs: number, sum30d: number, ageMs: number) =>
    sum30d * periodMs / Math.max(periodMs, 30 * DAY * (1 - Math.exp(-ageMs / (30 * DAY))));

  v.amount_usd = now.amountUsd;
  v.amount_ln = Math.log(now.amountUsd);
  v.amount_small = small(now);
  v.resale_category = ["electronics", "gift_cards", "jewellery"].includes(now.merchantCategory ?? "") ? 1 : 0;
  const date = new Date(at);
  const angle = (event: PaymentEvent) => 2 * Math.PI * (event.occurredAtMs % DAY) / DAY;
  v.hour_sin = Math.sin(angle(now));
  v.hour_cos = Math.cos(angle(now));
  v.weekend = [0, 6].includes(date.getUTCDay()) ? 1 : 0;
  v.night = date.getUTCHours() <= 6 ? 1 : 0;
  v.device_missing = now.deviceId === null ? 1 : 0;
  v.address_missing = now.addressId === null ? 1 : 0;
  v.country_not_customers = foreign(now);
  v.country_not_cards = differ(now.country, now.cardCountry);
  v.country_not_merchants = differ(now.country, now.merchantCountry);
  v.merchant_not_customers_country = differ(now.customerCountry, now.merchantCountry);
  v.merchant_category = code(now.merchantCategory);
  v.merchant_country = code(now.merchantCountry);
  v.payment_country = code(now.country);
  v.customer_country = code(now.customerCountry);
  if (now.customerSinceMs !== null) v.account_age_days = age(now.customerSinceMs);

  const customer = own("customerId");
  if (customer.length > 0) {
    if (now.customerSinceMs === null) v.account_age_days = age(firstOf(customer));
    v.customer_count_10m = sum(customer, 10 * MINUTE);
    v.customer_count_1h = sum(customer, HOUR);
    v.customer_count_24h = sum(customer, DAY);
    v.customer_count_7d = sum(customer, 7 * DAY);
    v.customer_count_30d = sum(customer, 30 * DAY);
    v.customer_usd_24h = sum(customer, DAY, usd);
    v.customer_usd_7d = sum(customer, 7 * DAY, usd);
    v.customer_mean_24h = mean(customer, DAY, usd);
    v.customer_mean_7d = mean(customer, 7 * DAY, usd);
    v.customer_mean_30d = mean(customer, 30 * DAY, usd);
    const ageMs = at - firstOf(customer);
    v.customer_count_surge = (v.customer_count_24h + 1) / (1 + perPeriod(DAY, v.customer_count_30d, ageMs));
    v.customer_usd_surge = (v.customer_usd_24h + now.amountUsd) /
      (20 + perPeriod(DAY, sum(customer, 30 * DAY, usd), ageMs));
    v.customer_idle_hours = idle(customer);
    v.customer_foreign_share = mean(customer, 30 * DAY, foreign);
    const weight = weightAtLast(customer);
    const rhythm = (event: PaymentEvent) => Math.cos(angle(event) - angle(now));
    v.hour_vs_customer_habit = weight * mean(customer, 30 * DAY, rhythm) / (weight + 1);
    v.customer_new_devices_7d = sum(customer, 7 * DAY, brings("customerId", (e) => e.deviceId, 8));
    v.customer_new_merchants_24h = sum(customer, DAY, brings("customerId", (e) => e.merchantId, 16));
    v.new_device_for_customer = isNew(customer, (e) => e.deviceId, 8);
    v.new_merchant_for_customer = isNew(customer, (e) => e.merchantId, 16);
    v.new_category_for_customer = isNew(customer, (e) => e.merchantCategory, 8);
    v.new_country_for_customer = isNew(customer, (e) => e.country, 4);
    v.new_address_for_customer = isNew(customer, (e) => e.addressId, 4);
    v.amount_vs_customer = deviations(customer, now);
    v.amount_vs_usual = now.amountUsd / usualUsd(customer);
    const genuine = labelsOf("customerId").filter(({ fraud }) => !fraud);
    v.amount_vs_known_genuine = genuine.length === 0
      ? v.amount_vs_usual
      : now.amountUsd * labelSum(genuine, 90 * DAY) /
        genuine.reduce((total, l) => total + l.payment.amountUsd * faded(90 * DAY, l.knownAtMs), 0);
    const unusual: Term = (event) => {
      const before = customer.slice(0, customer.indexOf(event));
      return before.length > 0 && event.amountUsd / usualUsd(before) >= 2.2 ? 1 : 0;
    };
    v.customer_unusual_3d = sum(customer, 3 * DAY, unusual);
    v.customer_unusual_7d = sum(customer, 7 * DAY, unusual);
    v.customer_unusual_14d = sum(customer, 14 * DAY, unusual);
    v.customer_known_frauds_30d = labelSum(frauds("customerId"), 30 * DAY);
    v.customer_known_fraud_days = daysSinceKnown(frauds("customerId"));
  }

  const card = own("cardId");
  if (card.length > 0) {
    v.card_count_10m = sum(card, 10 * MINUTE);
    v.card_count_1h = sum(card, HOUR);
    v.card_count_24h = sum(card, DAY);
    v.card_usd_24h = sum(card, DAY, usd);
    v.card_small_1h = sum(card, HOUR, small);
    v.card_small_24h = sum(card, DAY, small);
    v.card_new_merchants_24h = sum(card, DAY, brings("cardId", (e) => e.merchantId, 8));
    v.card_new_devices_24h = sum(card, DAY, brings("cardId", (e) => e.deviceId, 4));
    v.card_idle_hours = idle(card);
    v.card_age_days = age(firstOf(card));
    v.new_device_for_card = isNew(card, (e) => e.deviceId, 4);
    v.card_country_changed = now.country !== null && card.at(-1)!.country !== now.country ? 1 : 0;
    v.amount_vs_card = deviations(card, now);
    v.card_known_frauds_30d = labelSum(frauds("cardId"), 30 * DAY);
    v.card_known_fraud_days = daysSinceKnown(frauds("cardId"));
  } else if (now.cardId === null) {
    v.card_idle_hours = v.customer_idle_hours;
    v.card_age_days = v.account_age_days;
  }

  const others = (events: readonly PaymentEvent[]) =>
    recent(events, (e) => e.customerId, 8).filter((id) => id !== now.customerId).length;
  const device = own("deviceId");
  if (device.length > 0) {
    v.device_count_1h = sum(device, HOUR);
    v.device_count_24h = sum(device, DAY);
    v.device_usd_24h = sum(device, DAY, usd);
    v.device_small_1h = sum(device, HOUR, small);
    v.device_other_customers = others(device);
    v.device_new_customers_24h = sum(device, DAY, brings("deviceId", (e) => e.customerId, 8));
    v.device_new_customers_7d = sum(device, 7 * DAY, brings("deviceId", (e) => e.customerId, 8));
    v.device_new_cards_24h = sum(device, DAY, brings("deviceId", (e) => e.cardId, 8));
    v.device_age_days = age(firstOf(device));
    v.device_known_frauds_30d = labelSum(frauds("deviceId"), 30 * DAY);
    v.device_known_fraud_days = daysSinceKnown(frauds("deviceId"));
  }

  const address = own("addressId");
  if (address.length > 0) {
    v.address_count_24h = sum(address, DAY);
    v.address_other_customers = others(address);
    v.address_new_customers_7d = sum(address, 7 * DAY, brings("addressId", (e) => e.customerId, 8));
    v.address_age_days = age(firstOf(address));
    v.address_known_frauds_30d = labelSum(frauds("addressId"), 30 * DAY);
    v.address_known_fraud_days = daysSinceKnown(frauds("addressId"));
  }

  const merchant = own("merchantId");
  if (merchant.length > 0) {
    const surge = (term: Term) =>
      (sum(merchant, HOUR, term) + 1) /
      (1 + perPeriod(HOUR, sum(merchant, 30 * DAY, term), at - firstOf(merchant)));
    v.merchant_count_surge = surge(() => 1);
    v.merchant_small_surge = surge(small);
    v.merchant_new_customer_surge = surge(brings("merchantId", (e) => e.customerId, 16));
    v.merchant_foreign_surge = surge(foreign);
    v.merchant_small_share = mean(merchant, 30 * DAY, small);
    v.merchant_age_days = age(firstOf(merchant));
    v.amount_vs_merchant = deviations(merchant, now);
    v.merchant_count_24h = sum(merchant, DAY);
    v.merchant_count_7d = sum(merchant, 7 * DAY);
    v.merchant_count_30d = sum(merchant, 30 * DAY);
    const fraudulent = frauds("merchantId");
    v.merchant_known_frauds_24h = labelSum(fraudulent, DAY);
    v.merchant_known_frauds_7d = labelSum(fraudulent, 7 * DAY);
    v.merchant_known_frauds_30d = labelSum(fraudulent, 30 * DAY);
    const share = (found: number, of: number) => (found + 5 * 0.002) / (of + 5);
    v.merchant_risk_24h = share(v.merchant_known_frauds_24h, v.merchant_count_24h);
    v.merchant_risk_7d = share(v.merchant_known_frauds_7d, v.merchant_count_7d);
    v.merchant_risk_30d = share(v.merchant_known_frauds_30d, v.merchant_count_30d);
    v.merchant_known_labels_30d = labelSum(labelsOf("merchantId"), 30 * DAY);
    v.merchant_known_fraud_days = daysSinceKnown(fraudulent);
    v.merchant_known_genuine_days = daysSinceKnown(labelsOf("merchantId").filter(({ fraud }) => !fraud));
    const run = fraudRun(labelsOf("merchantId"));
    const ordinaryOf = ({ payment, knownAtMs }: LabelEvent) =>
      ordinary(
        payment.amountUsd / usualUsd(past.filter((event) =>
          event.customerId === payment.customerId && event.occurredAtMs < knownAtMs
        )),
      );
    const daysOfRun = (labels: readonly LabelEvent[]) =>
      labels.length === 0
        ? 365
        : age(Math.min(...labels.map(({ payment }) => wholeSecondsMs(payment.occurredAtMs))));
    v.merchant_fraud_run = run.length;
    v.merchant_fraud_run_ordinary = run.reduce((total, label) => total + ordinaryOf(label), 0);
    v.merchant_fraud_run_days = daysOfRun(run);
    v.merchant_fraud_run_ordinary_days = daysOfRun(run.filter((label) => ordinaryOf(label) >= 0.5));
  }
  return v;
}

/** Of labels in the order they became known: the known frauds that no later payment known to be genuine has ended. */
function fraudRun(labels: readonly LabelEvent[]): LabelEvent[] {
  let run: LabelEvent[] = [];
  let lastS = -Infinity;
  const second = ({ payment }: LabelEvent) => Math.floor(payment.occurredAtMs / 1000);
  for (const label of labels) {
    if (!label.fraud) {
      if (run.length > 0 && second(label) > Math.min(...run.map(second))) run = [];
      continue;
    }
    if (second(label) - lastS > 30 * 86_400) run = [];
    run.push(label);
    lastS = Math.max(lastS, second(label));
  }
  return run;
}

function usualUsd(payments: readonly PaymentEvent[]): number {
  let [usual, weight] = [0, 0];
  for (const { amountUsd } of payments) {
    const first = weight < 5;
    const counts = first || amountUsd <= 2 * usual ? 1 : 0.1;
    weight = Math.min(USUAL_WEIGHT_MAX, weight + counts);
    usual += counts * ((first ? amountUsd : Math.min(amountUsd, 3 * usual)) - usual) / weight;
  }
  return usual;
}

const USUAL_WEIGHT_MAX = 200;

/** 1 up to the usual, falling to 0 at three times of it. */
function ordinary(ratio: number): number {
  return ratio <= 1 ? 1 : ratio >= 3 ? 0 : 1 - (ratio - 1) / 2;
}

/** Of the last `capacity` different ids, as seen by one entity. */
function recent(
  events: readonly PaymentEvent[],
  id: (event: PaymentEvent) => string | null,
  capacity: number,
): string[] {
  const seen: string[] = [];
  for (let i = events.length - 1; i >= 0 && seen.length < capacity; i--) {
    const one = id(events[i]);
    if (one !== null && !seen.includes(one)) seen.push(one);
  }
  return seen;
}

/** Weighted by age as of the last payment: as of now the weights are smaller, and their ratios the same. */
function mean(events: readonly PaymentEvent[], windowMs: number, term: Term): number {
  const last = events.at(-1)!.occurredAtMs;
  const weights = events.map((event) => Math.exp((event.occurredAtMs - last) / windowMs));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return events.reduce((sum, event, i) => sum + term(event) * weights[i], 0) / total;
}

function weightAtLast(events: readonly PaymentEvent[]): number {
  const last = events.at(-1)!.occurredAtMs;
  return events.reduce((sum, event) => sum + Math.exp((event.occurredAtMs - last) / (30 * DAY)), 0);
}

function deviations(events: readonly PaymentEvent[], now: PaymentEvent): number {
  const ln: Term = (event) => Math.log(event.amountUsd);
  const centre = mean(events, 30 * DAY, ln);
  const variance = mean(events, 30 * DAY, (event) => (ln(event) - centre) ** 2);
  const weight = weightAtLast(events);
  const weightNow = weight * Math.exp((events.at(-1)!.occurredAtMs - now.occurredAtMs) / (30 * DAY));
  return (ln(now) - centre) / Math.sqrt((variance * weight + 0.8 * 3) / (weight + 3)) * weightNow /
    (weightNow + 1);
}

function differ(one: string | null, other: string | null): number {
  return one === null || other === null || one === other ? 0 : 1;
}

function wholeSecondsMs(ms: number): number {
  return ms - ms % 1000;
}

/** The upper 24 bits of FNV-1a over UTF-16 code units, mixed as MurmurHash3 ends; in whole numbers of any size. */
function code(name: string | null): number {
  if (name === null) return 0;
  const times = (hash: bigint, factor: bigint) => hash * factor % 2n ** 32n;
  let hash = 2_166_136_261n;
  for (let i = 0; i < name.length; i++) hash = times(hash ^ BigInt(name.charCodeAt(i)), 16_777_619n);
  hash = times(hash ^ hash / 2n ** 16n, 2_246_822_507n);
  hash = times(hash ^ hash / 2n ** 13n, 3_266_489_909n);
  return Number((hash ^ hash / 2n ** 16n) / 256n) || 1;
}
