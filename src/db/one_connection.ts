import { openPool, type PoolOptions, type Sql } from "./pool.ts";

/**
 * One connection, opened when it is needed and replaced when it is lost. The driver would go on with the lost one's unsent
 * bytes in front of the next one's first (postgres 3.4.9), so each connection has a driver of its own.
 */
export class OneConnection {
  readonly #options: Omit<PoolOptions, "max">;
  #sql: Sql;
  #losses = 0;
  #isEnded = false;
  /** Drivers of lost connections, each with the timer that ends it: until then it serves what still waited in it. */
  readonly #retired = new Map<Sql, ReturnType<typeof setTimeout>>();

  /** @param options.onClose called at each loss */
  constructor(options: Omit<PoolOptions, "max">) {
    this.#options = options;
    this.#sql = this.#open();
  }

  /** The present one. */
  get sql(): Sql {
    return this.#sql;
  }

  get losses(): number {
    return this.#losses;
  }

  async end(): Promise<void> {
    this.#isEnded = true;
    await Promise.all([
      this.#sql.end({ timeout: CLOSE_TIMEOUT_S }),
      ...[...this.#retired.keys()].map((sql) => this.#endRetired(sql)),
    ]);
  }

  #open(): Sql {
    const sql = openPool({
      ...this.#options,
      max: 1,
      onClose: () => {
        if (sql !== this.#sql) return;
        this.#losses++;
        if (!this.#isEnded) {
          this.#sql = this.#open();
          this.#retired.set(sql, setTimeout(() => void this.#endRetired(sql), CLOSE_TIMEOUT_S * 1000));
        }
        this.#options.onClose?.();
      },
    });
    return sql;
  }

  async #endRetired(sql: Sql): Promise<void> {
    clearTimeout(this.#retired.get(sql));
    this.#retired.delete(sql);
    await sql.end({ timeout: 0 });
  }
}

const CLOSE_TIMEOUT_S = 5;
