import { byteaArray, scalarArray, textArray } from "../db/array_literal.ts";
import { againAfterLostRace } from "../db/lost_race.ts";
import type { Sql } from "../db/pool.ts";
import type { TenantSql } from "../db/tenant_pool.ts";
import { earliestKnownMs, entitiesOf, observeLabel } from "../fraud/features/engine.ts";
import type { EntityKind, PaymentEvent } from "../fraud/features/event.ts";
import { FeatureStates } from "../fraud/features/feature_states.ts";
import { decodeState, encodeState } from "../fraud/features/state.ts";
import { newStateVersion } from "./remembered_states.ts";
import { storedEvent, storedEventColumns, type StoredEventRow, storedEventTables } from "./stored_event.ts";

/** That somebody reports a payment as fraud, or as genuine. */
export interface PaymentLabel {
  readonly paymentId: string;
  readonly fraud: boolean;
  readonly reportedAtMs: number;
}

export interface AppliedLabels {
  /** New ones, which the features know from now on. */
  readonly applied: number;
  /** Of payments that had a label before: the first one stands. */
  readonly known: number;
  /** Of payments that are not there. */
  readonly unknown: number;
}

/** Labels of one transaction: the rows it locks wait for it. */
const BATCH_MAX = 500;

/**
 * Makes the labels of one tenant's payments known to the fraud features: stores each and updates the states of all that
 * the payment touched, in one transaction for up to {@link BATCH_MAX}. The same label may come any number of times, from
 * any number of servers: the first counts. A batch of payments that read its states meanwhile is run again, or waits.
 *
 * @param source who says so, for the record
 */
export async function applyLabels(
  sql: Pick<TenantSql, "begin">,
  tenantId: string,
  labels: readonly PaymentLabel[],
  source: string,
): Promise<AppliedLabels> {
  const sum = { applied: 0, known: 0, unknown: 0 };
  const first = new Map<string, PaymentLabel>();
  for (const label of labels) if (!first.has(label.paymentId)) first.set(label.paymentId, label);
  const distinct = [...first.values()].sort(inOrder);
  for (let from = 0; from < distinct.length; from += BATCH_MAX) {
    const batch = distinct.slice(from, from + BATCH_MAX);
    const result = await againAfterLostRace(() =>
      sql.begin((transaction) => applyBatch(transaction as unknown as Sql, tenantId, batch, source))
    ) as AppliedLabels;
    sum.applied += result.applied;
    sum.known += result.known;
    sum.unknown += result.unknown;
  }
  return { ...sum, known: sum.known + labels.length - distinct.length };
}

async function applyBatch(
  sql: Sql,
  tenantId: string,
  labels: readonly PaymentLabel[],
  source: string,
): Promise<AppliedLabels> {
  const events = await readEvents(sql, tenantId, labels);
  const states = await lockStates(sql, tenantId, [...events.values()]);
  // Asked after the locks: who labels the same payment at the same time has waited at its customer's state.
  const ids = textArray([...events.keys()]);
  const known = new Set(
    (await sql<{ payment_id: string }[]>`
      select payment_id from payment_labels
       where tenant_id = ${tenantId} and payment_id = any(${ids}::text[])`).map((row) => row.payment_id),
  );
  const fresh: { label: PaymentLabel; knownAtMs: number }[] = [];
  for (const label of labels) {
    const payment = events.get(label.paymentId);
    if (payment === undefined || known.has(label.paymentId)) continue;
    const knownAtMs = earliestKnownMs(payment, label.reportedAtMs, states);
    observeLabel({ payment, knownAtMs, fraud: label.fraud }, states);
    fresh.push({ label, knownAtMs });
  }
  if (fresh.length > 0) {
    await sql`
      insert into payment_labels (tenant_id, payment_id, fraud, source, reported_at_ms, known_at_ms)
      select ${tenantId}, payment_id, fraud, ${source}, reported_at_ms, known_at_ms
        from unnest(${textArray(fresh.map(({ label }) => label.paymentId))}::text[],
                    ${scalarArray(fresh.map(({ label }) => label.fraud))}::boolean[],
                    ${scalarArray(fresh.map(({ label }) => label.reportedAtMs))}::bigint[],
                    ${scalarArray(fresh.map(({ knownAtMs }) => knownAtMs))}::bigint[])
                    u (payment_id, fraud, reported_at_ms, known_at_ms)`;
    const touched = new Set(
      fresh.flatMap(({ label }) => entitiesOf(events.get(label.paymentId)!))
        .map(({ kind, id }) => `${kind}/${id}`),
    );
    const written = [...states.entries()].filter(([{ kind, id }]) => touched.has(`${kind}/${id}`));
    await sql`
      update feature_states s set state = u.state, version = ${newStateVersion()}::bigint
        from unnest(${textArray(written.map(([ref]) => ref.kind))}::text[],
                    ${textArray(written.map(([ref]) => ref.id))}::text[],
                    ${
      byteaArray(written.map(([, state]) => encodeState(state)))
    }::bytea[]) u (kind, entity_id, state)
       where s.tenant_id = ${tenantId} and s.kind = u.kind and s.entity_id = u.entity_id`;
  }
  return { applied: fresh.length, known: known.size, unknown: labels.length - events.size };
}

async function readEvents(
  sql: Sql,
  tenantId: string,
  labels: readonly PaymentLabel[],
): Promise<Map<string, PaymentEvent>> {
  const rows = await sql<StoredEventRow[]>`
    select ${storedEventColumns(sql)} from ${storedEventTables(sql)}
     where p.tenant_id = ${tenantId}
       and p.payment_id = any(${textArray(labels.map(({ paymentId }) => paymentId))}::text[])`;
  const events = new Map<string, PaymentEvent>();
  for (const row of rows) {
    const event = storedEvent(row);
    if (event !== null) events.set(row.payment_id, event);
  }
  return events;
}

// In the order in which payments lock and create states, or the two could wait for each other in a circle.
async function lockStates(
  sql: Sql,
  tenantId: string,
  events: readonly PaymentEvent[],
): Promise<FeatureStates> {
  const refs = events.flatMap((event) => entitiesOf(event));
  const rows = await sql<{ kind: EntityKind; entity_id: string; state: Uint8Array }[]>`
    select s.kind, s.entity_id, s.state
      from (select distinct * from unnest(${textArray(refs.map((ref) => ref.kind))}::text[],
                                          ${
    textArray(refs.map((ref) => ref.id))
  }::text[]) u (kind, entity_id)) u
      join feature_states s on s.tenant_id = ${tenantId} and s.kind = u.kind and s.entity_id = u.entity_id
     order by s.tenant_id, s.kind, s.entity_id for update of s`;
  const states = new FeatureStates();
  for (const row of rows) states.set({ kind: row.kind, id: row.entity_id }, decodeState(row.state));
  return states;
}

function inOrder(a: PaymentLabel, b: PaymentLabel): number {
  return a.reportedAtMs - b.reportedAtMs || (a.paymentId < b.paymentId ? -1 : 1);
}
