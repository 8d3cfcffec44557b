import type { EventFacts } from "./event_facts.ts";
import { ADDRESS, CAPACITY, CARD, COMMON, CUSTOMER, DEVICE, MERCHANT } from "./layout.ts";
import { recentSetAdd } from "./recent_set.ts";
import { isUnusual, observeUsual } from "./usual_amount.ts";
import { decay } from "./windows.ts";

/*
 * How each kind of entity remembers a payment. Each function reads and writes the entity's own state and the
 * payment, nothing else: so the order of payments that share no entity cannot matter, and a rebuild that keeps
 * only each entity's own order gives the same bits. Labels are in known_fraud.ts.
 */

export function observeCustomer(state: Float64Array, facts: EventFacts): void {
  const elapsedMs = facts.atMs - state[COMMON.lastEventAtMs];
  const d24h = decay(elapsedMs, "24h");
  const d7d = decay(elapsedMs, "7d");
  const d30d = decay(elapsedMs, "30d");
  const newDevice = facts.deviceHash !== 0 &&
    recentSetAdd(state, CUSTOMER.devices, CAPACITY.customerDevices, facts.deviceHash);
  const newMerchant = recentSetAdd(state, CUSTOMER.merchants, CAPACITY.customerMerchants, facts.merchantHash);
  if (facts.countryHash !== 0) {
    recentSetAdd(state, CUSTOMER.countries, CAPACITY.customerCountries, facts.countryHash);
  }
  if (facts.categoryHash !== 0) {
    recentSetAdd(state, CUSTOMER.categories, CAPACITY.customerCategories, facts.categoryHash);
  }
  if (facts.addressHash !== 0) {
    recentSetAdd(state, CUSTOMER.addresses, CAPACITY.customerAddresses, facts.addressHash);
  }
  const unusual = isUnusual(state, facts.amountUsd);

  state[CUSTOMER.count10m] = state[CUSTOMER.count10m] * decay(elapsedMs, "10m") + 1;
  state[CUSTOMER.count1h] = state[CUSTOMER.count1h] * decay(elapsedMs, "1h") + 1;
  state[CUSTOMER.count24h] = state[CUSTOMER.count24h] * d24h + 1;
  state[CUSTOMER.count7d] = state[CUSTOMER.count7d] * d7d + 1;
  state[CUSTOMER.count30d] = state[CUSTOMER.count30d] * d30d + 1;
  state[CUSTOMER.usd24h] = state[CUSTOMER.usd24h] * d24h + facts.amountUsd;
  state[CUSTOMER.usd7d] = state[CUSTOMER.usd7d] * d7d + facts.amountUsd;
  state[CUSTOMER.usd30d] = state[CUSTOMER.usd30d] * d30d + facts.amountUsd;
  state[CUSTOMER.ln30d] = state[CUSTOMER.ln30d] * d30d + facts.amountLn;
  state[CUSTOMER.lnSquared30d] = state[CUSTOMER.lnSquared30d] * d30d + facts.amountLn * facts.amountLn;
  state[CUSTOMER.hourCos30d] = state[CUSTOMER.hourCos30d] * d30d + facts.hourCos;
  state[CUSTOMER.hourSin30d] = state[CUSTOMER.hourSin30d] * d30d + facts.hourSin;
  state[CUSTOMER.foreign30d] = state[CUSTOMER.foreign30d] * d30d + facts.foreign;
  state[CUSTOMER.newDevices7d] = state[CUSTOMER.newDevices7d] * d7d + (newDevice ? 1 : 0);
  state[CUSTOMER.newMerchants24h] = state[CUSTOMER.newMerchants24h] * d24h + (newMerchant ? 1 : 0);
  state[CUSTOMER.unusual3d] = state[CUSTOMER.unusual3d] * decay(elapsedMs, "3d") + unusual;
  state[CUSTOMER.unusual7d] = state[CUSTOMER.unusual7d] * d7d + unusual;
  state[CUSTOMER.unusual14d] = state[CUSTOMER.unusual14d] * decay(elapsedMs, "14d") + unusual;
  observeUsual(state, facts.amountUsd);
  state[COMMON.lastEventAtMs] = facts.atMs;
}

export function observeCard(state: Float64Array, facts: EventFacts): void {
  const elapsedMs = facts.atMs - state[COMMON.lastEventAtMs];
  const d1h = decay(elapsedMs, "1h");
  const d24h = decay(elapsedMs, "24h");
  const d30d = decay(elapsedMs, "30d");
  const newMerchant = recentSetAdd(state, CARD.merchants, CAPACITY.cardMerchants, facts.merchantHash);
  const newDevice = facts.deviceHash !== 0 &&
    recentSetAdd(state, CARD.devices, CAPACITY.cardDevices, facts.deviceHash);

  state[CARD.count10m] = state[CARD.count10m] * decay(elapsedMs, "10m") + 1;
  state[CARD.count1h] = state[CARD.count1h] * d1h + 1;
  state[CARD.count24h] = state[CARD.count24h] * d24h + 1;
  state[CARD.count30d] = state[CARD.count30d] * d30d + 1;
  state[CARD.usd24h] = state[CARD.usd24h] * d24h + facts.amountUsd;
  state[CARD.small1h] = state[CARD.small1h] * d1h + facts.small;
  state[CARD.small24h] = state[CARD.small24h] * d24h + facts.small;
  state[CARD.newMerchants24h] = state[CARD.newMerchants24h] * d24h + (newMerchant ? 1 : 0);
  state[CARD.newDevices24h] = state[CARD.newDevices24h] * d24h + (newDevice ? 1 : 0);
  state[CARD.ln30d] = state[CARD.ln30d] * d30d + facts.amountLn;
  state[CARD.lnSquared30d] = state[CARD.lnSquared30d] * d30d + facts.amountLn * facts.amountLn;
  state[CARD.lastCountry] = facts.countryHash;
  state[COMMON.lastEventAtMs] = facts.atMs;
}

export function observeDevice(state: Float64Array, facts: EventFacts): void {
  const elapsedMs = facts.atMs - state[COMMON.lastEventAtMs];
  const d1h = decay(elapsedMs, "1h");
  const d24h = decay(elapsedMs, "24h");
  const newCustomer = recentSetAdd(state, DEVICE.customers, CAPACITY.deviceCustomers, facts.customerHash);
  const newCard = facts.cardHash !== 0 &&
    recentSetAdd(state, DEVICE.cards, CAPACITY.deviceCards, facts.cardHash);

  state[DEVICE.count1h] = state[DEVICE.count1h] * d1h + 1;
  state[DEVICE.count24h] = state[DEVICE.count24h] * d24h + 1;
  state[DEVICE.usd24h] = state[DEVICE.usd24h] * d24h + facts.amountUsd;
  state[DEVICE.small1h] = state[DEVICE.small1h] * d1h + facts.small;
  state[DEVICE.newCustomers24h] = state[DEVICE.newCustomers24h] * d24h + (newCustomer ? 1 : 0);
  state[DEVICE.newCustomers7d] = state[DEVICE.newCustomers7d] * decay(elapsedMs, "7d") +
    (newCustomer ? 1 : 0);
  state[DEVICE.newCards24h] = state[DEVICE.newCards24h] * d24h + (newCard ? 1 : 0);
  state[COMMON.lastEventAtMs] = facts.atMs;
}

export function observeAddress(state: Float64Array, facts: EventFacts): void {
  const elapsedMs = facts.atMs - state[COMMON.lastEventAtMs];
  const newCustomer = recentSetAdd(state, ADDRESS.customers, CAPACITY.addressCustomers, facts.customerHash);
  state[ADDRESS.count24h] = state[ADDRESS.count24h] * decay(elapsedMs, "24h") + 1;
  state[ADDRESS.newCustomers7d] = state[ADDRESS.newCustomers7d] * decay(elapsedMs, "7d") +
    (newCustomer ? 1 : 0);
  state[COMMON.lastEventAtMs] = facts.atMs;
}

export function observeMerchant(state: Float64Array, facts: EventFacts): void {
  const elapsedMs = facts.atMs - state[COMMON.lastEventAtMs];
  const d1h = decay(elapsedMs, "1h");
  const d30d = decay(elapsedMs, "30d");
  const newCustomer = recentSetAdd(state, MERCHANT.customers, CAPACITY.merchantCustomers, facts.customerHash);

  state[MERCHANT.count1h] = state[MERCHANT.count1h] * d1h + 1;
  state[MERCHANT.count24h] = state[MERCHANT.count24h] * decay(elapsedMs, "24h") + 1;
  state[MERCHANT.count7d] = state[MERCHANT.count7d] * decay(elapsedMs, "7d") + 1;
  state[MERCHANT.count30d] = state[MERCHANT.count30d] * d30d + 1;
  state[MERCHANT.ln30d] = state[MERCHANT.ln30d] * d30d + facts.amountLn;
  state[MERCHANT.lnSquared30d] = state[MERCHANT.lnSquared30d] * d30d + facts.amountLn * facts.amountLn;
  state[MERCHANT.small1h] = state[MERCHANT.small1h] * d1h + facts.small;
  state[MERCHANT.small30d] = state[MERCHANT.small30d] * d30d + facts.small;
  state[MERCHANT.newCustomers1h] = state[MERCHANT.newCustomers1h] * d1h + (newCustomer ? 1 : 0);
  state[MERCHANT.newCustomers30d] = state[MERCHANT.newCustomers30d] * d30d + (newCustomer ? 1 : 0);
  state[MERCHANT.foreign1h] = state[MERCHANT.foreign1h] * d1h + facts.foreign;
  state[MERCHANT.foreign30d] = state[MERCHANT.foreign30d] * d30d + facts.foreign;
  state[COMMON.lastEventAtMs] = facts.atMs;
}
