import { scalarArray, textArray } from "../db/array_literal.ts";
import type { TenantPool } from "../db/tenant_pool.ts";
import { FADING, type FadingCount, HEALTH, RoutingStatistics } from "./routing_statistics.ts";

/**
 * How often what was learned is stored, and what other replicas have stored is read. Twice a second cost a tenth of the
 * throughput of payments on two cores: under load most contexts are touched in any interval.
 */
const EXCHANGE_INTERVAL_MS = 2_000;

/**
 * The statistics of all tenants, shared by all replicas through PostgreSQL. A payment is routed by what this process
 * knows at the moment; what it learns is added to the tables every two seconds, and what others have added is read
 * then. No payment waits for this.
 */
export class RoutingStore {
  readonly #pool: TenantPool;
  readonly #tenants = new Map<string, Tenant>();
  readonly #onError: (error: unknown) => void;
  #timer: ReturnType<typeof setInterval> | undefined;
  #exchange: Promise<void> = Promise.resolve();

  constructor(pool: TenantPool, onError: (error: unknown) => void = () => {}) {
    this.#pool = pool;
    this.#onError = onError;
  }

  start(): void {
    this.#timer = setInterval(() => void this.exchange().catch(this.#onError), EXCHANGE_INTERVAL_MS);
  }

  /** Stores what is left. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.exchange().catch(this.#onError);
  }

  /** The tenant's statistics, read from the database at the first call; later ones return at once. */
  of(tenantId: string): RoutingStatistics | Promise<RoutingStatistics> {
    const known = this.#tenants.get(tenantId);
    if (known !== undefined) return known.loaded.then(() => known.statistics);
    const statistics = new RoutingStatistics();
    const loaded = Promise.resolve().then(() => this.#read([[tenantId, -1]]));
    this.#tenants.set(tenantId, { statistics, loaded, storedAttempts: 0 });
    // A failed first reading is tried again by the next payment.
    loaded.catch(() => this.#tenants.delete(tenantId));
    return loaded.then(() => statistics);
  }

  /** Of a tenant for which {@link of} has resolved. */
  known(tenantId: string): RoutingStatistics {
    return this.#tenants.get(tenantId)!.statistics;
  }

  /** Stores what was learned and reads what others stored; one at a time. */
  exchange(): Promise<void> {
    return this.#exchange = this.#exchange.catch(() => {}).then(() => this.#exchangeOnce());
  }

  async #exchangeOnce(): Promise<void> {
    const taken = [...this.#tenants].map(([tenantId, tenant]) => ({
      tenantId,
      tenant,
      learned: tenant.statistics.takeLearned(),
    })).filter(({ learned }) => learned.attempts > 0);
    if (taken.length === 0) return;
    let clocks: Map<string, number>;
    try {
      clocks = await this.#add(taken);
    } catch (error) {
      for (const { tenant, learned } of taken) tenant.statistics.giveBack(learned);
      throw error;
    }
    // Where the clock stands as this process alone would have moved it, nobody else has added anything.
    const withOthers: [string, number][] = [];
    for (const { tenantId, tenant, learned } of taken) {
      const attempts = clocks.get(tenantId)!;
      if (attempts !== tenant.storedAttempts + learned.attempts) {
        withOthers.push([tenantId, tenant.storedAttempts]);
      }
      tenant.storedAttempts = attempts;
    }
    if (withOthers.length > 0) await this.#read(withOthers);
  }

  /** @returns where each tenant's clock stands now */
  async #add(
    taken: readonly { tenantId: string; learned: { attempts: number; counts: FadingCount[] } }[],
  ): Promise<Map<string, number>> {
    const sorted = [...taken].sort((a, b) => a.tenantId < b.tenantId ? -1 : 1);
    const rows = sorted.flatMap(({ tenantId, learned }) =>
      learned.counts.map((count) => ({ tenantId, count }))
    );
    const clocks = await this.#pool.of(sorted.map(({ tenantId }) => tenantId))<
      { tenantId: string; attempts: number }[]
    >`
      with clock as (
        insert into routing_clocks as c (tenant_id, attempts)
        select * from unnest(${textArray(sorted.map(({ tenantId }) => tenantId))}::text[],
                             ${scalarArray(sorted.map(({ learned }) => learned.attempts))}::bigint[])
            on conflict (tenant_id) do update set attempts = c.attempts + excluded.attempts
        returning tenant_id, attempts
      ), added as (
        insert into routing_statistics as s (tenant_id, provider, context, successes, failures, at_attempt)
        select u.tenant_id, u.provider, u.context, u.successes, u.failures, clock.attempts
          from unnest(${textArray(rows.map(({ tenantId }) => tenantId))}::text[],
                      ${textArray(rows.map(({ count }) => count.provider))}::text[],
                      ${textArray(rows.map(({ count }) => count.context))}::text[],
                      ${scalarArray(rows.map(({ count }) => count.successes))}::float8[],
                      ${scalarArray(rows.map(({ count }) => count.failures))}::float8[])
               u (tenant_id, provider, context, successes, failures)
          join clock using (tenant_id)
         order by u.tenant_id, u.provider, u.context
            on conflict (tenant_id, provider, context) do update
           set successes = s.successes * power(case when s.context = ${HEALTH} then ${FADING.health}::float8
                                                    else ${FADING.approval}::float8 end,
                                               greatest(0, excluded.at_attempt - s.at_attempt)) + excluded.successes,
               failures = s.failures * power(case when s.context = ${HEALTH} then ${FADING.health}::float8
                                                  else ${FADING.approval}::float8 end,
                                             greatest(0, excluded.at_attempt - s.at_attempt)) + excluded.failures,
               at_attempt = greatest(s.at_attempt, excluded.at_attempt)
      )
      select tenant_id as "tenantId", attempts::float8 as attempts from clock`;
    return new Map(clocks.map(({ tenantId, attempts }) => [tenantId, attempts]));
  }

  /** Takes over the rows that have changed since each tenant's given attempt. */
  async #read(since: readonly (readonly [tenantId: string, attempt: number])[]): Promise<void> {
    const rows = await this.#pool.of(since.map(([tenantId]) => tenantId))<
      (FadingCount & { tenantId: string; attempts: number })[]
    >`
      select c.tenant_id as "tenantId", c.attempts::float8 as attempts, s.provider, s.context, s.successes,
             s.failures, s.at_attempt::float8 as "atAttempt"
        from unnest(${textArray(since.map(([tenantId]) => tenantId))}::text[],
                    ${scalarArray(since.map(([, attempt]) => attempt))}::bigint[]) u (tenant_id, attempt)
        join routing_clocks c using (tenant_id)
        join routing_statistics s on s.tenant_id = u.tenant_id and s.at_attempt > u.attempt`;
    const byTenant = Map.groupBy(rows, ({ tenantId }) => tenantId);
    for (const [tenantId, counts] of byTenant) {
      const tenant = this.#tenants.get(tenantId);
      if (tenant === undefined) continue;
      tenant.storedAttempts = counts[0].attempts;
      tenant.statistics.adopt(counts[0].attempts, counts);
    }
  }
}

interface Tenant {
  readonly statistics: RoutingStatistics;
  readonly loaded: Promise<void>;
  /** Where the tenant's clock stood when it was last read or moved. */
  storedAttempts: number;
}
