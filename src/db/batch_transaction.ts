import type { PendingQuery, Row } from "postgres";
import type { PoolOptions, Sql } from "./pool.ts";
import { connectionLost } from "./lost_race.ts";
import { TenantConnection } from "./tenant_connection.ts";
import { setLocalTenants, type TenantScope, tenantsSetting } from "./tenant_scope.ts";

/** What can be read through: a transaction, or the connection itself where nothing is locked. */
export type BatchReader = Pick<BatchTransaction, "sql" | "send">;

/** What a statement is written through: a transaction, or a connection on which it is one by itself. */
export interface BatchWriter {
  readonly sql: Sql;
  /** The condition that every statement that writes must carry. */
  readonly guard: PendingQuery<Row[]>;
  send<T extends readonly (object | undefined)[] = Row[]>(query: PendingQuery<T>): Promise<T>;
}

/**
 * One connection that runs one transaction at a time, its statements pipelined: they are sent without waiting
 * for each other's answers, so that a whole phase of a group commit costs one round trip.
 *
 * A phase that is a single statement is sent {@link alone}: every statement's end is a packet of its own that wakes
 * this process, and begin and commit are two of four.
 *
 * The driver reconnects by itself. A statement sent after that would run outside the transaction, so every
 * statement that writes must carry the transaction's {@link BatchWriter.guard}.
 */
export class BatchConnection {
  readonly #connection: TenantConnection;
  readonly #alwaysTrue: PendingQuery<Row[]>;
  #batches = 0;

  constructor(options: Omit<PoolOptions, "max">) {
    this.#connection = new TenantConnection({ ...options, forBatches: true });
    this.#alwaysTrue = this.#connection.sql`true`;
  }

  /**
   * Opens a transaction for these tenants. Nothing is awaited: `begin` travels with the first statements of the caller.
   */
  begin(tenants: TenantScope): BatchTransaction {
    const lossesBefore = this.#connection.losses;
    const isLost = () => this.#connection.losses !== lossesBefore;
    return new BatchTransaction(this.#connection.sql, `b${++this.#batches}`, tenants, isLost);
  }

  /** For statements that only read and lock nothing. */
  reader(tenants: TenantScope): BatchReader {
    return { sql: this.#connection.sql, send: (query) => this.#connection.read(tenants, query) };
  }

  /**
   * For what is one statement: durable when its promise resolves, nothing of it done when PostgreSQL refuses it, and
   * unknown, as with a commit, when the connection is lost.
   */
  alone(tenants: TenantScope): BatchWriter {
    return {
      sql: this.#connection.sql,
      guard: this.#alwaysTrue,
      send: (query) => this.#connection.send(tenants, query),
    };
  }

  end(): Promise<void> {
    return this.#connection.end();
  }
}

export class BatchTransaction implements BatchWriter {
  readonly sql: Sql;
  readonly guard: PendingQuery<Row[]>;
  readonly batchId: string;
  readonly #sent: Promise<unknown>[] = [];
  readonly #isLost: () => boolean;

  /** @param isLost whether its connection has gone: then nothing more is sent */
  constructor(sql: Sql, batchId: string, tenants: TenantScope, isLost: () => boolean) {
    this.sql = sql;
    this.#isLost = isLost;
    this.guard = sql`assert_batch(${batchId})`;
    this.batchId = batchId;
    const setting = setLocalTenants(tenantsSetting(tenants));
    this.#track(sql.unsafe(`begin; set local app.batch_id = '${batchId}'; ${setting}`).simple().execute());
  }

  /** Sends a statement now and remembers it, so that its failure is never lost. */
  send<T extends readonly (object | undefined)[] = Row[]>(query: PendingQuery<T>): Promise<T> {
    const sent = this.#isLost()
      ? Promise.reject(connectionLost("the transaction"))
      : query.execute() as unknown as Promise<T>;
    this.#track(sent);
    return sent;
  }

  /** Commits, after all that was sent succeeded; otherwise throws the first failure: the caller then rolls back. */
  async commit(): Promise<void> {
    // One message: a bare commit that reaches a new connection only warns, and what was sent before would be lost
    // as if it had been stored.
    const commit = this.sql.unsafe(`select assert_batch('${this.batchId}'); commit`).simple();
    this.#track(this.#isLost() ? Promise.reject(connectionLost("the transaction")) : commit.execute());
    const outcomes = await Promise.allSettled(this.#sent);
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  /** Ends a transaction that must not commit; safe after any failure. */
  async rollback(): Promise<void> {
    await Promise.allSettled([
      ...this.#sent,
      ...(this.#isLost() ? [] : [this.sql.unsafe("rollback").execute()]),
    ]);
  }

  #track(promise: Promise<unknown>): void {
    // Failures are reported by commit(); without this an early one would end the process as unhandled.
    promise.catch(() => {});
    this.#sent.push(promise);
  }
}

/**
 * Commits together with the statements that `last` waits for: the commit is sent at once, not after their answers. What
 * is thrown is the first statement's failure, and not that the later ones found the transaction aborted.
 */
export async function commitWith<Result>(
  transaction: BatchTransaction,
  last: Promise<Result>,
): Promise<Result> {
  last.catch(() => {});
  await transaction.commit();
  return await last;
}
