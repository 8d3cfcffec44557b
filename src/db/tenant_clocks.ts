import type { PendingQuery, Row } from "postgres";
import type { Clock } from "../core/clock.ts";
import { scalarArray, textArray } from "./array_literal.ts";
import type { Sql } from "./pool.ts";
import type { TenantPool } from "./tenant_pool.ts";

/** How far a tenant's time is ahead of the real one. */
export interface TenantAhead {
  readonly tenantId: string;
  readonly aheadMs: number;
}

/** What another server has stored is known here this much later, at most. */
const KNOWN_FOR_MS = 500;
const TENANTS_MAX = 10_000;
const DAY_MS = 86_400_000;

/**
 * What time it is for each tenant: the real time, or, once a call has set a simulated time ahead, as long after that
 * call's event as has really passed since. So payments an hour apart are an hour apart in the tenant's world as well.
 *
 * A tenant's time is only what an event without a time of its own asks for. That each history has one order the
 * histories see to themselves, so a server that has not heard of another's call yet breaks none.
 *
 * It never goes back: PostgreSQL keeps the furthest, and a world that ends later than it was loaded counts from its end.
 */
export class TenantClocks {
  readonly #pool: TenantPool;
  readonly #clock: Clock;
  readonly #tenants = new Map<string, { aheadMs: number; readAtMs: number; reading: Promise<void> | null }>();

  constructor(pool: TenantPool, clock: Clock) {
    this.#pool = pool;
    this.#clock = clock;
  }

  /** Asks the database where what is known here is old: {@link aheadMs} is up to date once it has resolved. */
  async read(tenantId: string): Promise<void> {
    let tenant = this.#tenants.get(tenantId);
    if (tenant === undefined) {
      if (this.#tenants.size >= TENANTS_MAX) this.#tenants.delete(this.#tenants.keys().next().value!);
      tenant = { aheadMs: 0, readAtMs: Number.NEGATIVE_INFINITY, reading: null };
      this.#tenants.set(tenantId, tenant);
    }
    if (this.#clock.monotonicMs() - tenant.readAtMs < KNOWN_FOR_MS) return;
    const known = tenant;
    known.reading ??= this.#load(tenantId)
      .then((aheadMs) => {
        known.aheadMs = Math.max(known.aheadMs, aheadMs);
        known.readAtMs = this.#clock.monotonicMs();
      })
      .finally(() => known.reading = null);
    await known.reading;
  }

  /** Of a tenant for which {@link read} has resolved. */
  aheadMs(tenantId: string): number {
    return this.#tenants.get(tenantId)?.aheadMs ?? 0;
  }

  /** Milliseconds since the Unix epoch. */
  async nowMs(tenantId: string): Promise<number> {
    await this.read(tenantId);
    return this.#clock.nowMs() + this.aheadMs(tenantId);
  }

  /** Of events whose calls set their time, what takes their tenants further: to be stored with them. */
  advancesOf(events: readonly TenantAhead[]): TenantAhead[] {
    const furthest = new Map<string, number>();
    for (const { tenantId, aheadMs } of events) {
      const known = furthest.get(tenantId) ?? this.aheadMs(tenantId);
      if (aheadMs > known) furthest.set(tenantId, aheadMs);
    }
    // In one order for everybody, so that no two servers wait for each other.
    return [...furthest].sort(([a], [b]) => a < b ? -1 : 1)
      .map(([tenantId, aheadMs]) => ({ tenantId, aheadMs }));
  }

  /** After they were stored. */
  advanced(advances: readonly TenantAhead[]): void {
    for (const { tenantId, aheadMs } of advances) {
      const tenant = this.#tenants.get(tenantId);
      if (tenant !== undefined) tenant.aheadMs = Math.max(tenant.aheadMs, aheadMs);
    }
  }

  async #load(tenantId: string): Promise<number> {
    const [{ ahead_ms }] = await this.#pool.of(tenantId)<{ ahead_ms: number }[]>`
      select greatest(0, (select ahead_ms from tenant_clocks where tenant_id = ${tenantId}),
                      (select start_ms + days * ${DAY_MS}::bigint - (extract(epoch from loaded_at) * 1000)::bigint
                         from worlds where tenant_id = ${tenantId}))::float8 as ahead_ms`;
    return ahead_ms;
  }
}

/** Stores {@link TenantClocks.advancesOf}, of which there is one at least. */
export function writeAhead(
  sql: Sql,
  advances: readonly TenantAhead[],
  guard: PendingQuery<Row[]>,
): PendingQuery<Row[]> {
  return sql`
      insert into tenant_clocks as c (tenant_id, ahead_ms)
      select * from unnest(${textArray(advances.map(({ tenantId }) => tenantId))}::text[],
                           ${scalarArray(advances.map(({ aheadMs }) => aheadMs))}::bigint[]) u
       where ${guard}
          on conflict (tenant_id) do update set ahead_ms = excluded.ahead_ms where c.ahead_ms < excluded.ahead_ms`;
}
