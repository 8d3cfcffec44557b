import type { TransactionSql } from "postgres";
import { DomainError } from "../core/errors.ts";
import { scalarArray, textArray } from "./array_literal.ts";
import type { BatchReader } from "./batch_transaction.ts";

/** Idempotency keys are remembered this long. */
export const KEY_LIFETIME_MS = 30 * 24 * 3600 * 1000;

/** What an earlier call stored under a key. */
export interface KnownKey {
  readonly requestHash: string;
  /** What that call made: a payment's, a transfer's or a top-up's id. */
  readonly resourceId: string;
  /** Its answer to the letter; null while it has none. */
  readonly response: string | null;
}

/** A call's key as it is looked up: it belongs to the principal, whichever tool it was used with. */
export interface KeyOfCall {
  readonly tenantId: string;
  readonly principal: string;
  /** Null for a call that sent none. */
  readonly key: string | null;
}

/**
 * The keys that are known already, by the position of the call that repeats them.
 *
 * `lateral … limit 1` is one look-up by key for each row, whatever the planner believes. As a join, a plan made while
 * the table was empty read all of it for each batch, and payments fell to a quarter until the next autoanalyze.
 */
export async function readKnownKeys(
  reader: BatchReader,
  calls: readonly KeyOfCall[],
): Promise<Map<number, KnownKey>> {
  const keyed: number[] = [];
  calls.forEach(({ key }, i) => key !== null && keyed.push(i));
  if (keyed.length === 0) return new Map();
  const { sql } = reader;
  const rows = await reader.send(sql<(KnownKey & { index: number })[]>`
    select u.index, k.request_hash as "requestHash", k.resource_id as "resourceId",
           (select a.response from idempotency_answers a
             where a.tenant_id = u.tenant_id and a.resource_id = k.resource_id) as response
      from unnest(${scalarArray(keyed)}::int[], ${textArray(keyed.map((i) => calls[i].tenantId))}::text[],
                  ${textArray(keyed.map((i) => calls[i].principal))}::text[],
                  ${textArray(keyed.map((i) => calls[i].key))}::text[])
           u (index, tenant_id, principal, key)
     cross join lateral (select k.request_hash, k.resource_id from idempotency_keys k
                          where k.tenant_id = u.tenant_id and k.principal = u.principal and k.key = u.key
                          limit 1) k`);
  return new Map(rows.map((row) => [row.index, row]));
}

/**
 * The same for one call, inside its transaction; null for a first one. Throws `idempotency_key_reused` where the earlier
 * call had other arguments.
 */
export async function findEarlierCall(
  sql: TransactionSql,
  { tenantId, principal, key }: KeyOfCall,
  requestHash: string,
): Promise<KnownKey | null> {
  const [known] = await sql<KnownKey[]>`
    select k.request_hash as "requestHash", k.resource_id as "resourceId", a.response
      from idempotency_keys k left join idempotency_answers a using (tenant_id, resource_id)
     where k.tenant_id = ${tenantId} and k.principal = ${principal} and k.key = ${key}`;
  if (known === undefined) return null;
  if (known.requestHash !== requestHash) throw keyReusedError(key!);
  return known;
}

/** The one difference that matters when a key comes again. */
export function keyReusedError(key: string): DomainError {
  return new DomainError(
    "idempotency_key_reused",
    `Idempotency key "${key}" was used for a call with other arguments.`,
    {
      field: "idempotency_key",
      nextMove: "Repeat the first call to the letter to get its answer, or use a new key for a new one.",
    },
  );
}
