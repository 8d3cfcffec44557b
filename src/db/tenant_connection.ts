import type { PendingQuery, Row } from "postgres";
import { OneConnection } from "./one_connection.ts";
import type { PoolOptions, Sql } from "./pool.ts";
import { SET_EVERY_TENANT, setTenants, type TenantScope, tenantsSetting } from "./tenant_scope.ts";

/** Every tenant there is: for work of the server itself, such as finding what a crash left open. */
export const EVERY_TENANT = Symbol("every tenant");

/**
 * One connection on which each statement is for named tenants. The setting travels in front of a statement, without
 * waiting for an answer, and only when it differs from the one that stands: a server of one tenant sends it once.
 */
export class TenantConnection {
  readonly #connection: OneConnection;
  /** Null after the driver has replaced the connection: the new one has no setting. */
  #standing: string | null = null;
  #underWay = 0;

  constructor(options: Omit<PoolOptions, "max">) {
    this.#connection = new OneConnection({ ...options, onClose: () => this.#standing = null });
  }

  get sql(): Sql {
    return this.#connection.sql;
  }

  /** How often it was lost and replaced. */
  get losses(): number {
    return this.#connection.losses;
  }

  /** Statements that wait for their answer. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Whether the setting stands as it would be sent. */
  isSetTo(scope: TenantScope | typeof EVERY_TENANT): boolean {
    return scope !== EVERY_TENANT && this.#standing === tenantsSetting(scope);
  }

  /**
   * Sends a statement that writes. On a connection that was replaced in between it is refused by PostgreSQL, as it
   * would write rows of a tenant that it is not for.
   */
  send<T extends readonly (object | undefined)[] = Row[]>(
    scope: TenantScope | typeof EVERY_TENANT,
    query: PendingQuery<T>,
  ): Promise<T> {
    this.#set(scope);
    this.#underWay++;
    const sent = query.execute() as unknown as Promise<T>;
    const ended = () => void this.#underWay--;
    sent.then(ended, ended);
    return sent;
  }

  /** Sends a statement that reads: fails, rather than to find nothing, on a connection that was replaced in between. */
  async read<T extends readonly (object | undefined)[] = Row[]>(
    scope: TenantScope | typeof EVERY_TENANT,
    query: PendingQuery<T>,
  ): Promise<T> {
    const before = this.#connection.losses;
    const rows = await this.send(scope, query);
    if (this.#connection.losses !== before) {
      throw new Error("The database connection was lost while a statement ran");
    }
    return rows;
  }

  end(): Promise<void> {
    return this.#connection.end();
  }

  #set(scope: TenantScope | typeof EVERY_TENANT): void {
    const setting = scope === EVERY_TENANT ? null : tenantsSetting(scope);
    if (setting !== null && setting === this.#standing) return;
    const set = this.sql.unsafe(setting === null ? SET_EVERY_TENANT : setTenants(setting)).simple().execute();
    this.#standing = setting;
    // Fails only with the connection. The statement behind it then fails as well, or is refused by the connection that
    // took its place; whatever comes after that has to bring the setting anew.
    set.catch(() => {
      this.#standing = null;
    });
  }
}
