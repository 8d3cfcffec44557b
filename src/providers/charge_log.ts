import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { setImmediate } from "node:timers";
import type { ChargeReply, DeclineCode } from "./provider.ts";

/** The providers' memory, beside the server's database and not in it. */
export function chargeLogPath(dataDirectory: string): string {
  return join(dataDirectory, "providers", "charges.sqlite");
}

export interface ChargeRecord {
  readonly provider: string;
  readonly key: string;
  readonly chargeId: string | null;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly state: "captured" | "declined" | "voided";
  readonly code: string | null;
  readonly createdAtMs: number;
}

interface Row {
  charge_id: string | null;
  state: string;
  code: string | null;
}

/**
 * The providers' own memory of what they charged: a database of theirs, apart from the server's, that outlives a
 * killed server. A key has one row for ever; that is what makes a repeated charge harmless.
 *
 * Rows that arrive in one turn of the event loop share one SQLite transaction. `synchronous=NORMAL` with a
 * write-ahead log survives the death of the process at any instant.
 */
export class ChargeLog {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #find: StatementSync;
  #pending: {
    record: ChargeRecord;
    resolve: (stored: ChargeReply) => void;
    reject: (error: unknown) => void;
  }[] = [];

  /** @param path a file, or `:memory:` */
  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    this.#database.exec(`
      pragma journal_mode = wal;
      pragma synchronous = normal;
      pragma busy_timeout = 5000;
      create table if not exists charges (
        provider text not null, key text not null, charge_id text, amount_minor integer not null,
        currency text not null, state text not null, code text, created_at_ms integer not null,
        primary key (provider, key)
      ) without rowid;
    `);
    this.#insert = this.#database.prepare(
      `insert into charges (provider, key, charge_id, amount_minor, currency, state, code, created_at_ms)
       values (?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
    );
    this.#find = this.#database.prepare(
      "select charge_id, state, code from charges where provider = ? and key = ?",
    );
  }

  find(provider: string, key: string): ChargeReply | null {
    const row = this.#find.get(provider, key) as unknown as Row | undefined;
    return row === undefined ? null : replyOf(row);
  }

  /** Stores the record unless its key has one; resolves, once durable, with what the key's row says. */
  record(record: ChargeRecord): Promise<ChargeReply> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ record, resolve, reject });
      if (this.#pending.length === 1) setImmediate(() => this.#flush());
    });
  }

  /** Stores many at once: the bulk loader's way in. */
  recordMany(records: Iterable<ChargeRecord>): void {
    this.#database.exec("begin immediate");
    for (const record of records) this.#run(record);
    this.#database.exec("commit");
  }

  /** Every row in the order of provider and key. */
  *all(): Iterable<ChargeRecord> {
    const statement = this.#database.prepare("select * from charges order by provider, key");
    for (const row of statement.iterate() as Iterable<Record<string, unknown>>) {
      yield {
        provider: String(row.provider),
        key: String(row.key),
        chargeId: row.charge_id === null ? null : String(row.charge_id),
        amountMinor: BigInt(row.amount_minor as number),
        currency: String(row.currency),
        state: row.state as ChargeRecord["state"],
        code: row.code === null ? null : String(row.code),
        createdAtMs: Number(row.created_at_ms),
      };
    }
  }

  close(): void {
    if (this.#pending.length > 0) this.#flush();
    this.#database.close();
  }

  #flush(): void {
    const batch = this.#pending;
    this.#pending = [];
    try {
      this.#database.exec("begin immediate");
      for (const { record } of batch) this.#run(record);
      this.#database.exec("commit");
    } catch (error) {
      // Closed: a charge that was still on its way when the provider shut down.
      if (this.#database.isOpen && this.#database.isTransaction) this.#database.exec("rollback");
      for (const { reject } of batch) reject(error);
      return;
    }
    for (const { record, resolve } of batch) resolve(this.find(record.provider, record.key)!);
  }

  #run(record: ChargeRecord): void {
    this.#insert.run(
      record.provider,
      record.key,
      record.chargeId,
      record.amountMinor,
      record.currency,
      record.state,
      record.code,
      record.createdAtMs,
    );
  }
}

function replyOf(row: Row): ChargeReply {
  if (row.state === "captured") return { outcome: "approved", chargeId: row.charge_id! };
  if (row.state === "voided") return { outcome: "voided" };
  return { outcome: "declined", code: row.code as DeclineCode };
}
