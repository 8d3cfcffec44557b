import type { TenantPool } from "../db/tenant_pool.ts";
import { decodeState } from "../fraud/features/state.ts";
import type { EntityKind } from "../fraud/features/event.ts";
import type { RememberedStates } from "./remembered_states.ts";

const ROWS_AT_ONCE = 2_000;

/**
 * Reads the feature states of the world into memory after a start, so that the first payment of each customer need not
 * wait for a reading. In small pieces, one after another: payments go on meanwhile.
 *
 * @param isEnded asked between the pieces
 */
export async function warmUp(
  pool: TenantPool,
  states: RememberedStates,
  isEnded: () => boolean,
): Promise<void> {
  let after: [tenantId: string, kind: string, entityId: string] = ["", "", ""];
  while (!isEnded() && !states.isFull) {
    const rows = await pool.ofEveryTenant<StateRow[]>`
      select tenant_id, kind, entity_id, state, xmin::text as version
        from feature_states
       where (tenant_id, kind, entity_id) > (${after[0]}, ${after[1]}, ${after[2]})
       order by tenant_id, kind, entity_id
       limit ${ROWS_AT_ONCE}`;
    for (const row of rows) {
      states.putIfUnknown(row.tenant_id, { kind: row.kind, id: row.entity_id }, {
        state: decodeState(row.state),
        version: row.version,
      });
    }
    if (rows.length < ROWS_AT_ONCE) return states.setComplete();
    const last = rows.at(-1)!;
    after = [last.tenant_id, last.kind, last.entity_id];
  }
}

interface StateRow {
  tenant_id: string;
  kind: EntityKind;
  entity_id: string;
  state: Uint8Array;
  version: string;
}
