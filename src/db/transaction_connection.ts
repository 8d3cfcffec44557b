import type { TransactionSql } from "postgres";
import { connectionLost, isConnectionLost } from "./lost_race.ts";
import { OneConnection } from "./one_connection.ts";
import type { PoolOptions } from "./pool.ts";

/**
 * One connection for transactions, one at a time. Where it is lost under a transaction, the driver would send what is left
 * of it, its own `rollback` included, on a socket that is gone, which ends the process. So nothing more of that
 * transaction reaches the driver, and the driver itself fails it.
 */
export class TransactionConnection {
  readonly #connection: OneConnection;
  #open = 0;

  constructor(options: Omit<PoolOptions, "max">) {
    this.#connection = new OneConnection(options);
  }

  /** Transactions that run or wait for their turn. */
  get open(): number {
    return this.#open;
  }

  async begin<Result>(work: (sql: TransactionSql) => Promise<Result>): Promise<Result> {
    this.#open++;
    try {
      for (let tries = 1;; tries++) {
        let hasBegun = false;
        try {
          return await this.#run(work, () => hasBegun = true);
        } catch (error) {
          // It waited behind the one that lost the connection.
          if (hasBegun || tries > 1 || !isConnectionLost(error)) throw error;
        }
      }
    } finally {
      this.#open--;
    }
  }

  async #run<Result>(
    work: (sql: TransactionSql) => Promise<Result>,
    begun: () => void,
  ): Promise<Result> {
    return await this.#connection.sql.begin(async (sql) => {
      begun();
      const lossesBefore = this.#connection.losses;
      const isLost = () => this.#connection.losses !== lossesBefore;
      try {
        const result = await work(guarded(sql, isLost));
        if (!isLost()) return result;
      } catch (error) {
        if (!isLost()) throw error;
      }
      // The driver has failed the transaction by now; any end of this would make it send one more statement.
      return await new Promise<never>(() => {});
    }) as Result;
  }

  end(): Promise<void> {
    return this.#connection.end();
  }
}

/** The transaction's statements, refused once its connection is lost. */
function guarded(sql: TransactionSql, isLost: () => boolean): TransactionSql {
  const refuseWhenLost = () => {
    if (isLost()) throw connectionLost("the transaction");
  };
  return new Proxy(sql, {
    apply: (target, self, args) => {
      refuseWhenLost();
      return Reflect.apply(target, self, args);
    },
    get: (target, name, receiver) => {
      if (name === "unsafe" || name === "savepoint") refuseWhenLost();
      return Reflect.get(target, name, receiver);
    },
  });
}
