import { Buffer } from "node:buffer";
import type { TransactionSql } from "postgres";
import type { Sql } from "../db/pool.ts";
import { FEATURES } from "../fraud/features/catalogue.ts";
import { observe, observeLabel, readFeatures } from "../fraud/features/engine.ts";
import type { EntityKind } from "../fraud/features/event.ts";
import { FeatureStates } from "../fraud/features/feature_states.ts";
import { encodeState } from "../fraud/features/state.ts";
import { storedEvent, storedEventColumns, type StoredEventRow, storedEventTables } from "./stored_event.ts";

export interface FeatureCheck {
  /** All payments, in the order in which they occurred. */
  payments: number;
  /** What became known of them, in the same order. */
  labels: number;
  /** Those that the server screened: their stored vectors were compared. */
  vectors: number;
  differingVectors: number;
  /** Screened by a version of the server whose model saw other features than this one's: nothing to compare with. */
  otherVectors: number;
  /** Entities that have a state, stored or rebuilt or both. */
  states: number;
  differingStates: number;
  /** Up to ten differences in words. */
  examples: string[];
}

const CURSOR_ROWS = 2_000;
const EXAMPLES_MAX = 10;

/**
 * Rebuilds every fraud feature from the payments and their labels alone, through the same engine but offline and from
 * nothing, and compares each stored vector and each stored state with the rebuilt one, bit for bit. One snapshot:
 * a running server does not look inconsistent.
 *
 * One tenant after the other, and one cursor after the other: the snapshot has a single connection, on which a cursor
 * opened beside another would wait for that one's end for ever.
 *
 * @param cursorRows how many rows are fetched at once
 */
export async function checkFeatures(sql: Sql, cursorRows = CURSOR_ROWS): Promise<FeatureCheck> {
  return await sql.begin("isolation level repeatable read read only", async (snapshot) => {
    const check = new Check();
    const tenants = await snapshot<{ tenant_id: string }[]>`
      select distinct tenant_id from payments order by tenant_id`;
    for (const { tenant_id: tenantId } of tenants) {
      const states = new FeatureStates();
      for await (const rows of historyInOrder(snapshot, tenantId, cursorRows)) {
        for (const row of rows) replay(row, states, check);
      }
      await compareStates(snapshot, tenantId, states, check, cursorRows);
    }
    await countStrayStates(snapshot, check);
    return check.result;
  }) as FeatureCheck;
}

/** A payment, or a label of it: then `at_ms` is when it became known. */
interface Row extends StoredEventRow {
  readonly at_ms: number;
  /** Null for the payment itself. */
  readonly label: boolean | null;
  readonly principal: string;
  readonly feature_vector: Uint8Array | null;
}

/** Labels come before payments of the same instant: those knew them. */
function historyInOrder(
  snapshot: TransactionSql,
  tenantId: string,
  cursorRows: number,
): AsyncIterable<Row[]> {
  const sql = snapshot as unknown as Sql;
  return snapshot<Row[]>`
    select * from (
      select ${
    storedEventColumns(sql)
  }, p.occurred_at_ms::float8 as at_ms, null::boolean as label, p.principal,
             p.feature_vector
        from ${storedEventTables(sql)}
       where p.tenant_id = ${tenantId}
      union all
      select ${storedEventColumns(sql)}, l.known_at_ms::float8, l.fraud, p.principal, null
        from ${
    storedEventTables(sql)
  } join payment_labels l on l.tenant_id = p.tenant_id and l.payment_id = p.payment_id
       where p.tenant_id = ${tenantId}
    ) history
    order by at_ms, label is null, payment_id`.cursor(cursorRows);
}

/** Simulated history was loaded, not screened: it has no vector, and its people's states nevertheless. */
const UNSCREENED_PRINCIPAL = "simulation";

function replay(row: Row, states: FeatureStates, check: Check): void {
  const name = `${row.tenant_id}/${row.payment_id}`;
  if (row.label === null) check.result.payments++;
  else check.result.labels++;
  const event = storedEvent(row);
  if (event === null) return check.vector(`${name} names a customer, merchant or card that is not there`);
  if (row.label !== null) {
    try {
      observeLabel({ payment: event, knownAtMs: row.at_ms, fraud: row.label }, states);
    } catch (error) {
      check.vector(`the label of ${name} cannot be rebuilt: ${(error as Error).message}`);
    }
    return;
  }
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
  const { byteLength } = row.feature_vector;
  if (byteLength !== rebuilt.byteLength && byteLength % Float64Array.BYTES_PER_ELEMENT === 0) {
    check.result.otherVectors++;
    return;
  }
  check.result.vectors++;
  const bytes = Buffer.from(rebuilt.buffer, rebuilt.byteOffset, rebuilt.byteLength);
  if (!bytes.equals(row.feature_vector)) {
    check.vector(`${name} ${firstDifference(rebuilt, row.feature_vector)}`);
  }
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
  cursorRows: number,
): Promise<void> {
  const seen = new Set<string>();
  const stored = snapshot<{ kind: EntityKind; entity_id: string; state: Uint8Array }[]>`
    select kind, entity_id, state from feature_states where tenant_id = ${tenantId}`.cursor(cursorRows);
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
    labels: 0,
    vectors: 0,
    differingVectors: 0,
    otherVectors: 0,
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
