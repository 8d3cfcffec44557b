import { assert } from "../../core/assert.ts";
import { FEATURES } from "./catalogue.ts";
import type { EntityKind, EntityRef, LabelEvent, PaymentEvent } from "./event.ts";
import { type EventFacts, eventFacts } from "./event_facts.ts";
import type { FeatureStates } from "./feature_states.ts";
import {
  observeAddressLabel,
  observeCardLabel,
  observeCustomerLabel,
  observeDeviceLabel,
  observeMerchantLabel,
} from "./known_fraud.ts";
import {
  observeAddress,
  observeCard,
  observeCustomer,
  observeDevice,
  observeMerchant,
} from "./observe_states.ts";
import {
  readAddress,
  readCard,
  readCustomer,
  readDevice,
  readEvent,
  readMerchant,
  readWithoutCard,
} from "./read_states.ts";
import { earliestLabelMs, earliestPaymentMs, newState } from "./state.ts";

/** The entities whose history a payment reads and extends, in a fixed order; absent ones left out. */
export function entitiesOf(event: PaymentEvent): EntityRef[] {
  const refs: EntityRef[] = [{ kind: "customer", id: event.customerId }];
  if (event.cardId !== null) refs.push({ kind: "card", id: event.cardId });
  if (event.deviceId !== null) refs.push({ kind: "device", id: event.deviceId });
  if (event.addressId !== null) refs.push({ kind: "address", id: event.addressId });
  refs.push({ kind: "merchant", id: event.merchantId });
  return refs;
}

/**
 * The vector a payment is judged by, from what was known before it: call it before {@link observe}. Changes
 * nothing. An absent state leaves its features at their cold values.
 */
export function readFeatures(event: PaymentEvent, states: FeatureStates): Float64Array {
  const facts = factsOf(event);
  const vector = COLD_VECTOR.slice();
  readEvent(vector, event, facts);
  const customer = states.find("customer", event.customerId);
  const card = states.find("card", event.cardId);
  const device = states.find("device", event.deviceId);
  const address = states.find("address", event.addressId);
  const merchant = states.find("merchant", event.merchantId);
  if (customer) readCustomer(vector, later(customer, facts, event, "customer"), event, facts);
  if (card) readCard(vector, later(card, facts, event, "card"), facts);
  else if (event.cardId === null) readWithoutCard(vector);
  if (device) readDevice(vector, later(device, facts, event, "device"), facts);
  if (address) readAddress(vector, later(address, facts, event, "address"), facts);
  if (merchant) readMerchant(vector, later(merchant, facts, event, "merchant"), facts);
  return vector;
}

/**
 * Adds the payment to the history of each entity it touches, creating states as needed. Each state depends on
 * its own entity's payments and labels in their order; of another's it takes nothing but what a label's merchant
 * takes of its customer, who has the same label at the same instant.
 */
export function observe(event: PaymentEvent, states: FeatureStates): void {
  const facts = factsOf(event);
  observeCustomer(stateOf("customer", event.customerId, facts, event, states), facts);
  if (event.cardId !== null) observeCard(stateOf("card", event.cardId, facts, event, states), facts);
  if (event.deviceId !== null) observeDevice(stateOf("device", event.deviceId, facts, event, states), facts);
  if (event.addressId !== null) {
    observeAddress(stateOf("address", event.addressId, facts, event, states), facts);
  }
  observeMerchant(stateOf("merchant", event.merchantId, facts, event, states), facts);
}

/**
 * Adds what became known of a payment to the history of each entity that the payment touched. The payment was
 * observed before, and is labelled once: who brings labels sees to it that none comes twice.
 */
export function observeLabel(label: LabelEvent, states: FeatureStates): void {
  const { customerId, cardId, deviceId, addressId, merchantId } = label.payment;
  const customer = known("customer", customerId, label, states);
  const merchant = known("merchant", merchantId, label, states);
  // Before the customer's own, although it reads only what no label changes.
  observeMerchantLabel(merchant, customer, label);
  observeCustomerLabel(customer, label);
  if (cardId !== null) observeCardLabel(known("card", cardId, label, states), label);
  if (deviceId !== null) observeDeviceLabel(known("device", deviceId, label, states), label);
  if (addressId !== null) observeAddressLabel(known("address", addressId, label, states), label);
}

/** From when on the payment fits into the histories of all it touches, at the earliest when it was asked for. */
export function earliestMs(event: PaymentEvent, states: FeatureStates): number {
  return latest(event, event.occurredAtMs, states, earliestPaymentMs);
}

/** As {@link earliestMs} for a label of the payment that is brought at `knownAtMs`. */
export function earliestKnownMs(event: PaymentEvent, knownAtMs: number, states: FeatureStates): number {
  return latest(event, knownAtMs, states, earliestLabelMs);
}

function latest(
  { customerId, cardId, deviceId, addressId, merchantId }: PaymentEvent,
  askedMs: number,
  states: FeatureStates,
  earliestOf: (state: Float64Array) => number,
): number {
  const of = (state: Float64Array | undefined) => state === undefined ? -Infinity : earliestOf(state);
  return Math.max(
    askedMs,
    of(states.find("customer", customerId)),
    of(states.find("card", cardId)),
    of(states.find("device", deviceId)),
    of(states.find("address", addressId)),
    of(states.find("merchant", merchantId)),
  );
}

function known(kind: EntityKind, id: string, label: LabelEvent, states: FeatureStates): Float64Array {
  const state = states.find(kind, id);
  const { paymentId } = label.payment;
  assert(state, `A label of payment "${paymentId}" came before its ${kind} was observed.`);
  assert(
    Number.isInteger(label.knownAtMs) && label.knownAtMs >= earliestLabelMs(state),
    `The label of payment "${paymentId}" at ${label.knownAtMs} is not later than the last event of its ${kind}.`,
  );
  return state;
}

let hashed: { event: PaymentEvent; facts: EventFacts } | undefined;

// Reading and observing one event, which is how every caller does it, hashes its ids once.
function factsOf(event: PaymentEvent): EventFacts {
  if (hashed?.event === event) return hashed.facts;
  const facts = eventFacts(event);
  hashed = { event, facts };
  return facts;
}

const COLD_VECTOR = Float64Array.from(FEATURES, (feature) => feature.coldValue);

function stateOf(
  kind: EntityKind,
  id: string,
  facts: EventFacts,
  event: PaymentEvent,
  states: FeatureStates,
): Float64Array {
  const known = states.find(kind, id);
  if (known) return later(known, facts, event, kind);
  const fresh = newState(kind, facts.atMs);
  states.set({ kind, id }, fresh);
  return fresh;
}

// An event out of order would grow a decayed sum instead of shrinking it, silently and for good.
function later(
  state: Float64Array,
  facts: EventFacts,
  event: PaymentEvent,
  kind: EntityKind,
): Float64Array {
  assert(
    facts.atMs >= earliestPaymentMs(state),
    `Payment "${event.paymentId}" at ${facts.atMs} is not later than the last event of its ${kind} (${
      earliestPaymentMs(state) - 1
    }).`,
  );
  return state;
}
