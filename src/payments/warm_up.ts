import { inPages } from "../db/in_pages.ts";
import type { TenantPool } from "../db/tenant_pool.ts";
import type { EntityKind } from "../fraud/features/event.ts";
import { decodeState } from "../fraud/features/state.ts";
import { type RememberedStates, stateKey } from "./remembered_states.ts";
import type { KnownAccounts } from "./store_settled.ts";

/**
 * Reads what payments will need into memory after a start, so that the first payment of each customer need not wait for a
 * reading. Payments go on meanwhile. Here the feature states; whom payments name is in `references.ts`.
 */
export async function warmUpStates(
  pool: TenantPool,
  states: RememberedStates,
  isEnded: () => boolean,
): Promise<void> {
  const wereAllRead = await inPages<StateRow>(
    (last, limit) =>
      pool.ofEveryTenant<StateRow[]>`
        select tenant_id, kind, entity_id, state, version::text as version
          from feature_states
         where (tenant_id, kind, entity_id) > (${last?.tenant_id ?? ""}, ${last?.kind ?? ""}, ${
        last?.entity_id ?? ""
      })
         order by tenant_id, kind, entity_id
         limit ${limit}`,
    ({ tenant_id, kind, entity_id, state, version }) =>
      states.putIfUnknown(stateKey(tenant_id, { kind, id: entity_id }), {
        state: decodeState(state),
        version,
      }),
    () => isEnded() || states.isFull,
  );
  if (wereAllRead) states.setComplete();
}

/** The accounts that card payments move; a wallet's is looked at under lock each time. */
export async function warmUpAccounts(
  pool: TenantPool,
  accounts: KnownAccounts,
  isEnded: () => boolean,
): Promise<void> {
  await inPages<AccountRow>(
    (last, limit) =>
      pool.ofEveryTenant<AccountRow[]>`
        select tenant_id, account_id from accounts
         where (tenant_id, account_id) > (${last?.tenant_id ?? ""}, ${last?.account_id ?? ""})
           and kind in ('merchant', 'provider', 'fees')
         order by tenant_id, account_id
         limit ${limit}`,
    ({ tenant_id, account_id }) => accounts.add(tenant_id, account_id),
    isEnded,
  );
}

interface StateRow {
  tenant_id: string;
  kind: EntityKind;
  entity_id: string;
  state: Uint8Array;
  version: string;
}

interface AccountRow {
  tenant_id: string;
  account_id: string;
}
