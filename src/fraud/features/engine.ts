import { assert } from "../../core/assert.ts";
import { FEATURES } from "./catalogue.ts";
import type { EntityKind, EntityRef, PaymentEvent } from "./event.ts";
import { type EventFacts, eventFacts } from "./event_facts.ts";
import type { FeatureStates } from "./feature_states.ts";
import { COMMON } from "./layout.ts";
import { observeCard, observeCustomer, observeDevice, observeMerchant } from "./observe_states.ts";
import {
  readCard,
  readCustomer,
  readDevice,
  readEvent,
  readMerchant,
  readWithoutCard,
} from "./read_states.ts";
import { newState } from "./state.ts";

/** The entities whose history a payment reads and extends, in a fixed order; absent ones left out. */
export function entitiesOf(event: PaymentEvent): EntityRef[] {
  const refs: EntityRef[] = [{ kind: "customer", id: event.customerId }];
  if (event.cardId !== null) refs.push({ kind: "card", id: event.cardId });
  if (event.deviceId !== null) refs.push({ kind: "device", id: event.deviceId });
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
  const merchant = states.find("merchant", event.merchantId);
  if (customer) readCustomer(vector, later(customer, facts, event, "customer"), facts);
  if (card) readCard(vector, later(card, facts, event, "card"), facts);
  else if (event.cardId === null) readWithoutCard(vector);
  if (device) readDevice(vector, later(device, facts, event, "device"), facts);
  if (merchant) readMerchant(vector, later(merchant, facts, event, "merchant"), facts);
  return vector;
}

/**
 * Adds the payment to the history of each entity it touches, creating states as needed. Each state depends on
 * its own entity's payments in their order and on nothing else.
 */
export function observe(event: PaymentEvent, states: FeatureStates): void {
  const facts = factsOf(event);
  observeCustomer(stateOf("customer", event.customerId, facts, event, states), facts);
  if (event.cardId !== null) observeCard(stateOf("card", event.cardId, facts, event, states), facts);
  if (event.deviceId !== null) observeDevice(stateOf("device", event.deviceId, facts, event, states), facts);
  observeMerchant(stateOf("merchant", event.merchantId, facts, event, states), facts);
}

let latest: { event: PaymentEvent; facts: EventFacts } | undefined;

// Reading and observing one event, which is how every caller does it, hashes its ids once.
function factsOf(event: PaymentEvent): EventFacts {
  if (latest?.event === event) return latest.facts;
  const facts = eventFacts(event);
  latest = { event, facts };
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
  const lastMs = state[COMMON.lastEventAtMs];
  assert(
    facts.atMs > lastMs,
    `Payment "${event.paymentId}" at ${facts.atMs} is not later than the last event of its ${kind} (${lastMs}).`,
  );
  return state;
}
