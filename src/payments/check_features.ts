import { Buffer } from "node:buffer";
import type { TransactionSql } from "postgres";
import { toReferenceUsd } from "../core/money.ts";
import type { Sql } from "../db/pool.ts";
import { FEATURES } from "../fraud/features/catalogue.ts";
import { observe, readFeatures } from "../fraud/features/engine.ts";
import type { EntityKind, PaymentEvent } from "../fraud/features/event.ts";
import { FeatureStates } from "../fraud/features/feature_states.ts";
import { encodeState } from "../fraud/features/state.ts";
import { testPaymentMethod } from "../providers/test_payment_methods.ts";
import { cardIdOf } from "./references.ts";

export interface FeatureCheck {
  /** All payments, in the order in which they occurred. */
  payments: number;
  /** Those that the server screened: their stored vectors were compared. */
  vectors: number;
  differingVectors: number;
  /** Entities that have a state, stored or rebuilt or both. */
  states: number;
  differingStates: number;
  /** Up to ten differences in words. */
  examples: string[];
}

const CURSOR_ROWS = 2_000;
const EXAMPLES_MAX = 10;

/**
 * Rebuilds every fraud feature from the payments' table alone, through the same engine but offline and from
 * nothing, and compares each stored vector and each stored state with the rebuilt one, bit for bit. One snapshot:
 * a running server does not look inconsistent.
 */
export async function checkFeatures(sql: Sql): Promise<FeatureCheck> {
  return await sql.begin("isolation level repeatable read read only", async (snapshot) => {
    const check = new Check();
    let tenantId: string | null = null;
    let states = new FeatureStates();
    for await (const rows of paymentsInOrder(snapshot)) {
      for (const row of rows) {
        if (row.tenant_id !== tenantId) {
          if (tenantId !== null) await compareStates(snapshot, tenantId, states, check);
          tenantId = row.tenant_id;
          states = new FeatureStates();
        }
        replay(row, states, check);
      }
    }
    if (tenantId !== null) await compareStates(snapshot, tenantId, states, check);
    await countStrayStates(snapshot, check);
    return check.result;
  }) as FeatureCheck;
}

interface Row {
  tenant_id: string;
  payment_id: string;
  occurred_at_ms: number;
  customer_id: string;
  merchant_id: string;
  payment_method_id: string | null;
  device_id: string | null;
  address_id: string | null;
  amount_minor: string;
  currency: string;
  method: string;
  country: string;
  principal: string;
  feature_vector: Uint8Array | null;
  merchant_category: string | null;
  merchant_country: string | null;
  customer_country: string | null;
  customer_since_ms: number | null;
  issuer_country: string | null;
}

function paymentsInOrder(snapshot: TransactionSql): AsyncIterable<Row[]> {
  return snapshot<Row[]>`
    select p.tenant_id, p.payment_id, p.occurred_at_ms::float8 as occurred_at_ms, p.customer_id, p.merchant_id,
           p.payment_method_id, p.device_id, p.address_id, p.amount_minor::text as amount_minor, p.currency, p.method, p.country,
           p.principal, p.feature_vector, h.category as merchant_category, h.country as merchant_country,
           c.country as customer_country, c.since_ms::float8 as customer_since_ms, m.issuer_country
      from payments p
      left join customers c using (tenant_id, customer_id)
      left join merchants h using (tenant_id, merchant_id)
      left join payment_methods m on m.tenant_id = p.tenant_id and m.payment_method_id = p.payment_method_id
     order by p.tenant_id, p.occurred_at_ms, p.payment_id`.cursor(CURSOR_ROWS);
}

/** Simulated history was loaded, not screened: it has no vector, and its people's states nevertheless. */
const UNSCREENED_PRINCIPAL = "simulation";

function replay(row: Row, states: FeatureStates, check: Check): void {
  const name = `${row.tenant_id}/${row.payment_id}`;
  check.result.payments++;
  const event = eventOf(row);
  if (event === null) return check.vector(`${name} names a customer, merchant or card that is not there`);
  let rebuilt: Float64Array;
  try {
    rebuilt = readFeatures(event, states);
    observe(event, states);
  } catch (error) {
    return check.vector(`${name} cannot be rebuilt: ${(error as Error).message}`);
  }
  if (row.feature_vector === null) {
    if (row.principal !== UNSCREENED_PRINCIPAL) {
      check.vector(`${name} was screened, but has no stored vector`);
    }
    return;
  }
  check.result.vectors++;
  const bytes = Buffer.from(rebuilt.buffer, rebuilt.byteOffset, rebuilt.byteLength);
  if (!bytes.equals(row.feature_vector)) {
    check.vector(`${name} ${firstDifference(rebuilt, row.feature_vector)}`);
  }
}

/** The payment as the server handed it to the engine; null when it names what is not there. */
function eventOf(row: Row): PaymentEvent | null {
  const { payment_method_id: paymentMethodId, merchant_category: category } = row;
  const isTest = paymentMethodId !== null && testPaymentMethod(paymentMethodId) !== undefined;
  const cardCountry = isTest ? row.customer_country : row.issuer_country;
  if (
    category === null || row.merchant_country === null || row.customer_country === null ||
    row.customer_since_ms === null || (paymentMethodId !== null && cardCountry === null)
  ) return null;
  return {
    paymentId: row.payment_id,
    occurredAtMs: row.occurred_at_ms,
    customerId: row.customer_id,
    cardId: paymentMethodId === null ? null : cardIdOf(row.customer_id, paymentMethodId),
    deviceId: row.device_id,
    addressId: row.address_id,
    merchantId: row.merchant_id,
    amountUsd: toReferenceUsd(BigInt(row.amount_minor), row.currency),
    merchantCategory: category,
    merchantCountry: row.merchant_country,
    country: row.country,
    customerCountry: row.customer_country,
    cardCountry,
    customerSinceMs: row.customer_since_ms,
  };
}

function firstDifference(rebuilt: Float64Array, stored: Uint8Array): string {
  if (stored.byteLength !== rebuilt.byteLength) {
    return `stored ${stored.byteLength} bytes, rebuilt ${rebuilt.byteLength}`;
  }
  const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  const i = rebuilt.findIndex((value, index) => !Object.is(value, view.getFloat64(index * 8, true)));
  return `${FEATURES[i]?.name}: stored ${view.getFloat64(i * 8, true)}, rebuilt ${rebuilt[i]}`;
}

async function compareStates(
  snapshot: TransactionSql,
  tenantId: string,
  states: FeatureStates,
  check: Check,
): Promise<void> {
  const seen = new Set<string>();
  const stored = snapshot<{ kind: EntityKind; entity_id: string; state: Uint8Array }[]>`
    select kind, entity_id, state from feature_states where tenant_id = ${tenantId}`.cursor(CURSOR_ROWS);
  for await (const rows of stored) {
    for (const { kind, entity_id: id, state } of rows) {
      check.result.states++;
      seen.add(`${kind}/${id}`);
      const rebuilt = states.get({ kind, id });
      const name = `${tenantId}/${kind}/${id}`;
      if (rebuilt === undefined) check.state(`${name} has a state and no payment`);
      else if (!Buffer.from(encodeState(rebuilt)).equals(state)) {
        check.state(`${name} differs from its payments`);
      }
    }
  }
  for (const [{ kind, id }] of states.entries()) {
    if (seen.has(`${kind}/${id}`)) continue;
    check.result.states++;
    check.state(`${tenantId}/${kind}/${id} has payments and no state`);
  }
}

/** States of tenants that have no payment at all. */
async function countStrayStates(snapshot: TransactionSql, check: Check): Promise<void> {
  const rows = await snapshot<{ tenant_id: string; count: number }[]>`
    select tenant_id, count(*)::int as count from feature_states
     where tenant_id not in (select tenant_id from payments) group by tenant_id`;
  for (const { tenant_id: tenantId, count } of rows) {
    check.result.states += count;
    check.state(`${tenantId} has ${count} states and no payment`, count);
  }
}

class Check {
  readonly result: FeatureCheck = {
    payments: 0,
    vectors: 0,
    differingVectors: 0,
    states: 0,
    differingStates: 0,
    examples: [],
  };

  vector(difference: string): void {
    this.result.differingVectors++;
    this.#example(difference);
  }

  state(difference: string, count = 1): void {
    this.result.differingStates += count;
    this.#example(difference);
  }

  #example(difference: string): void {
    if (this.result.examples.length < EXAMPLES_MAX) this.result.examples.push(difference);
  }
}
