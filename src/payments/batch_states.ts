import { textArray } from "../db/array_literal.ts";
import type { BatchReader } from "../db/batch_transaction.ts";
import type { EntityRef } from "../fraud/features/event.ts";
import { FeatureStates } from "../fraud/features/feature_states.ts";
import { decodeState } from "../fraud/features/state.ts";
import { type RememberedStates, stateKey } from "./remembered_states.ts";

/** The feature states a batch works on: ids are unique within a tenant only. */
export interface BatchStates {
  readonly byTenant: Map<string, FeatureStates>;
  /** By {@link stateKey}, each entity that the batch meets. */
  readonly entities: Map<string, TakenEntity>;
}

export interface TakenEntity {
  readonly tenantId: string;
  readonly ref: EntityRef;
  /** Of the row at which its state was taken; null where there was no row. */
  version: string | null;
}

/** From this process's memory where nothing is locked; the rest is read. */
export async function findStates(
  reader: BatchReader,
  payments: readonly { readonly tenantId: string; readonly entities: readonly EntityRef[] }[],
  { lockStates, rememberedStates }: { lockStates: boolean; rememberedStates: RememberedStates },
): Promise<BatchStates> {
  const byTenant = new Map<string, FeatureStates>();
  const entities = new Map<string, TakenEntity>();
  const unknown: TakenEntity[] = [];
  for (const { tenantId, entities: refs } of payments) {
    let states = byTenant.get(tenantId);
    if (states === undefined) byTenant.set(tenantId, states = new FeatureStates());
    for (const ref of refs) {
      const key = stateKey(tenantId, ref);
      if (entities.has(key)) continue;
      const entity: TakenEntity = { tenantId, ref, version: null };
      entities.set(key, entity);
      // Taken out under lock too: what is remembered is then out of date.
      const remembered = rememberedStates.take(key);
      if (remembered === undefined || lockStates) {
        unknown.push(entity);
      } else if (remembered !== null) {
        states.set(ref, remembered.state);
        entity.version = remembered.version;
      }
    }
  }
  if (unknown.length > 0) {
    for (const row of await readStates(reader, unknown, lockStates)) {
      const ref = { kind: row.kind, id: row.entity_id };
      byTenant.get(row.tenant_id)!.set(ref, decodeState(row.state));
      entities.get(stateKey(row.tenant_id, ref))!.version = row.version;
    }
  }
  return { byTenant, entities };
}

function readStates(
  reader: BatchReader,
  entries: readonly { tenantId: string; ref: EntityRef }[],
  lock: boolean,
): Promise<readonly StateRow[]> {
  const { sql } = reader;
  return reader.send(sql<StateRow[]>`
    select s.tenant_id, s.kind, s.entity_id, s.state, s.version::text as version
      from unnest(${textArray(entries.map((entry) => entry.tenantId))}::text[],
                  ${textArray(entries.map((entry) => entry.ref.kind))}::text[],
                  ${textArray(entries.map((entry) => entry.ref.id))}::text[]) u (tenant_id, kind, entity_id)
     ${
    lock
      ? sql`join feature_states s using (tenant_id, kind, entity_id)
            order by s.tenant_id, s.kind, s.entity_id for update of s`
      : sql`cross join lateral (select s.tenant_id, s.kind, s.entity_id, s.state, s.version from feature_states s
             where s.tenant_id = u.tenant_id and s.kind = u.kind and s.entity_id = u.entity_id limit 1) s`
  }`);
}

/**
 * When the batch is on its way, before its answer: `version` is what it writes. Without one nothing is written, so each
 * state still is as it was taken.
 */
export function rememberStates(
  { byTenant, entities }: BatchStates,
  version: string | null,
  rememberedStates: RememberedStates,
): void {
  for (const [key, { tenantId, ref, version: takenAt }] of entities) {
    const state = byTenant.get(tenantId)!.get(ref);
    const writtenAt = version ?? takenAt;
    if (state !== undefined && writtenAt !== null) rememberedStates.put(key, { state, version: writtenAt });
  }
}

/** When the batch has failed: what it wrote at `version` has never been. */
export function forgetStates(
  { entities }: BatchStates,
  version: string,
  rememberedStates: RememberedStates,
): void {
  for (const key of entities.keys()) rememberedStates.forget(key, version);
}

interface StateRow {
  tenant_id: string;
  kind: EntityRef["kind"];
  entity_id: string;
  state: Uint8Array;
  version: string;
}
