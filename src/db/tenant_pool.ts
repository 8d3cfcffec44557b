import type { ParameterOrFragment, Row, TransactionSql } from "postgres";
import type { PoolOptions } from "./pool.ts";
import { EVERY_TENANT, TenantConnection } from "./tenant_connection.ts";
import { TransactionConnection } from "./transaction_connection.ts";
import { setLocalTenants, type TenantScope, tenantsSetting } from "./tenant_scope.ts";

/** Single statements that see and write the rows of the tenants they were made for, and no others. */
export interface TenantStatements {
  <T extends readonly (object | undefined)[] = Row[]>(
    template: TemplateStringsArray,
    ...values: readonly ParameterOrFragment<never>[]
  ): Promise<T & { readonly count: number }>;
}

export interface TenantSql extends TenantStatements {
  /** A transaction. */
  begin<Result>(work: (sql: TransactionSql) => Promise<Result>): Promise<Result>;
}

/**
 * The server's connections besides the group commits' own. There is no way to a row but through the tenants that a
 * statement is for:
 *
 *     await pool.of(tenantId)`select … where tenant_id = ${tenantId} …`
 *
 * Single statements share a few connections and travel together; a transaction has one to itself.
 */
export class TenantPool {
  /** For work that is for every tenant there is. Statements only: what they find is worked on tenant by tenant. */
  readonly ofEveryTenant: TenantStatements;
  readonly #lanes: readonly TenantConnection[];
  readonly #transactions: readonly TransactionConnection[];

  /** @param options.max connections at most, two at least */
  constructor(options: PoolOptions) {
    const lanes = Math.max(1, Math.floor(options.max / 2));
    this.#lanes = Array.from({ length: lanes }, () => new TenantConnection(options));
    this.#transactions = Array.from(
      { length: Math.max(1, options.max - lanes) },
      () => new TransactionConnection(options),
    );
    this.ofEveryTenant = this.#statements(EVERY_TENANT);
  }

  /** For these tenants; an empty list is for what belongs to no tenant. */
  of(scope: TenantScope): TenantSql {
    const begin = <Result>(work: (sql: TransactionSql) => Promise<Result>): Promise<Result> => {
      const connection = this.#transactions.reduce((best, one) => one.open < best.open ? one : best);
      return connection.begin(async (sql) => {
        // Not waited for: it travels with the first statement, and its failure is the transaction's.
        sql.unsafe(setLocalTenants(tenantsSetting(scope))).simple().execute().catch(() => {});
        return await work(sql);
      });
    };
    return Object.assign(this.#statements(scope), { begin });
  }

  /** Connections at most. */
  get max(): number {
    return this.#lanes.length + this.#transactions.length;
  }

  /** Connections at work, and what waits for one. */
  get load(): { inUse: number; waiting: number } {
    const busy = this.#lanes.filter((lane) => lane.underWay > 0);
    const behind = busy.reduce((sum, lane) => sum + lane.underWay - 1, 0);
    const open = this.#transactions.reduce((sum, connection) => sum + connection.open, 0);
    const inUse = this.#transactions.filter((connection) => connection.open > 0).length;
    return { inUse: busy.length + inUse, waiting: behind + open - inUse };
  }

  async end(): Promise<void> {
    await Promise.all([...this.#lanes, ...this.#transactions].map((connection) => connection.end()));
  }

  #statements(scope: TenantScope | typeof EVERY_TENANT): TenantStatements {
    const statement = (template: TemplateStringsArray, ...values: readonly ParameterOrFragment<never>[]) => {
      const lane = this.#laneFor(scope);
      return lane.read(scope, lane.sql(template, ...values));
    };
    return statement as unknown as TenantStatements;
  }

  /** The one that is least busy, and among those one that is set for the tenants already. */
  #laneFor(scope: TenantScope | typeof EVERY_TENANT): TenantConnection {
    let best = this.#lanes[0];
    for (const lane of this.#lanes) {
      const isBetter = lane.underWay < best.underWay ||
        (lane.underWay === best.underWay && lane.isSetTo(scope) && !best.isSetTo(scope));
      if (isBetter) best = lane;
    }
    return best;
  }
}
