import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { setImmediate } from "node:timers";
import { readBookId } from "./book_id.ts";
import { CheckpointsApart } from "./checkpoints_apart.ts";
import type { CapturedCharge } from "./captured_charge.ts";
import type { DeclineCode, RefusalCode } from "./decline_codes.ts";
import { challengeIdOf, refundIdOf } from "./provider_ids.ts";
import type { ChargeReply, ChargeStatement, RefundReply, RefundRequest } from "./provider.ts";

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
  readonly state: "captured" | "declined" | "refused" | "voided" | "action_required";
  /** Why not; of `action_required`: what the issuer answers once the challenge is passed, null approves. */
  readonly code: string | null;
  readonly authentication?: "frictionless" | "challenged" | null;
  /** Of what is read back: what was given back since. */
  readonly refundedMinor?: bigint;
  readonly createdAtMs: number;
}

const IN_MEMORY = ":memory:";

interface Row {
  charge_id: string | null;
  amount_minor: bigint;
  currency: string;
  state: ChargeRecord["state"];
  code: string | null;
  authentication: "frictionless" | "challenged" | null;
  created_at_ms: bigint;
}

/**
 * The providers' own memory of what they charged: a database of theirs, apart from the server's, that outlives a
 * killed server. A key has one row for ever; that is what makes a repeated charge harmless.
 *
 * Writes that arrive in one turn of the event loop share one SQLite transaction. `synchronous=NORMAL` with a
 * write-ahead log survives the death of the process at any instant. The log is moved into the database by a thread of
 * its own ({@link CheckpointsApart}).
 */
export class ChargeLog {
  /** By which its users tell it from another: see {@link readBookId}. */
  readonly bookId: string;
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #find: StatementSync;
  readonly #settle: StatementSync;
  readonly #findRefund: StatementSync;
  readonly #insertRefund: StatementSync;
  readonly #refunded: StatementSync;
  /** Null for a log in memory, which has none. */
  readonly #checkpoints: CheckpointsApart | null;
  #pending: { write: () => void; resolve: () => void; reject: (error: unknown) => void }[] = [];

  /** @param path a file, or `:memory:` */
  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    this.#checkpoints = path === IN_MEMORY ? null : new CheckpointsApart(
      path,
      () => this.#database.isOpen && this.#database.exec("pragma wal_autocheckpoint = 1000"),
    );
    this.#database.exec(`
      pragma journal_mode = wal;
      pragma synchronous = normal;
      pragma wal_autocheckpoint = 0;
      pragma busy_timeout = 5000;
      create table if not exists charges (
        provider text not null, key text not null, charge_id text, amount_minor integer not null,
        currency text not null, state text not null, code text, created_at_ms integer not null,
        primary key (provider, key)
      ) without rowid;
      create table if not exists refunds (
        provider text not null, key text not null, charge_key text not null, amount_minor integer not null,
        currency text not null, refused text, created_at_ms integer not null,
        primary key (provider, key)
      ) without rowid;
      create index if not exists refunds_by_charge on refunds (provider, charge_key);
    `);
    this.#addColumn("authentication", "text");
    this.bookId = readBookId(this.#database);
    const prepare = (text: string) => {
      const statement = this.#database.prepare(text);
      statement.setReadBigInts(true);
      return statement;
    };
    // A voided key may have a challenge under way: that one ends with it.
    this.#insert = prepare(
      `insert into charges (provider, key, charge_id, amount_minor, currency, state, code, authentication, created_at_ms)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?)
       on conflict do update set state = 'voided', code = null
        where charges.state = 'action_required' and excluded.state = 'voided'`,
    );
    this.#find = prepare("select * from charges where provider = ? and key = ?");
    this.#settle = prepare(
      `update charges set state = ?, charge_id = ?, code = ?, authentication = 'challenged'
        where provider = ? and key = ? and state = 'action_required'`,
    );
    this.#findRefund = prepare("select refused from refunds where provider = ? and key = ?");
    this.#insertRefund = prepare(
      `insert into refunds (provider, key, charge_key, amount_minor, currency, refused, created_at_ms)
       values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
    );
    this.#refunded = prepare(
      `select coalesce(sum(amount_minor), 0) as total from refunds
        where provider = ? and charge_key = ? and refused is null`,
    );
  }

  find(provider: string, key: string): ChargeReply | null {
    const row = this.#row(provider, key);
    return row === undefined ? null : replyOf(row, provider, key);
  }

  statement(provider: string, key: string): ChargeStatement | null {
    const row = this.#row(provider, key);
    return row === undefined ? null : {
      reply: replyOf(row, provider, key),
      amountMinor: row.amount_minor,
      currency: row.currency,
      refundedMinor: this.#refundedMinor(provider, key),
      createdAtMs: Number(row.created_at_ms),
    };
  }

  /** What the issuer is going to say once the challenge is passed; undefined when none is under way. */
  pendingChallenge(provider: string, key: string): { code: string | null } | undefined {
    const row = this.#row(provider, key);
    return row?.state === "action_required" ? { code: row.code } : undefined;
  }

  /** Stores the record unless its key has one; resolves, once durable, with what the key's row says. */
  async record(record: ChargeRecord): Promise<ChargeReply> {
    await this.#write(() => this.#run(record));
    return this.find(record.provider, record.key)!;
  }

  /** Ends a challenge that is under way, once; resolves, once durable, with what the key's row says. */
  async settleChallenge(
    provider: string,
    key: string,
    end: Pick<ChargeRecord, "chargeId" | "state" | "code">,
  ): Promise<ChargeReply | null> {
    await this.#write(() => this.#settle.run(end.state, end.chargeId, end.code, provider, key));
    return this.find(provider, key);
  }

  /** Refunds unless more than was captured would be given back; once for a key. */
  async refund(provider: string, request: RefundRequest, nowMs: number): Promise<RefundReply> {
    await this.#write(() => {
      if (this.#findRefund.get(provider, request.key) !== undefined) return;
      this.#insertRefund.run(
        provider,
        request.key,
        request.chargeKey,
        request.amountMinor,
        request.currency,
        this.#refundRefusal(provider, request),
        nowMs,
      );
    });
    const { refused } = this.#findRefund.get(provider, request.key) as unknown as { refused: string | null };
    return refused === null
      ? { outcome: "refunded", refundId: refundIdOf(provider, request.key) }
      : { outcome: "refused", code: refused as "exceeds_charge" | "no_such_charge" | "other_currency" };
  }

  /** Whether the key was decided on, either way. */
  hasRefund(provider: string, key: string): boolean {
    return this.#findRefund.get(provider, key) !== undefined;
  }

  /** Stores many refunds of captured charges at once: the bulk loader's way in. */
  recordRefunds(
    refunds: Iterable<RefundRequest & { readonly provider: string; readonly createdAtMs: number }>,
  ): void {
    this.#database.exec("begin immediate");
    for (const { provider, key, chargeKey, amountMinor, currency, createdAtMs } of refunds) {
      this.#insertRefund.run(provider, key, chargeKey, amountMinor, currency, null, createdAtMs);
    }
    this.#database.exec("commit; pragma wal_checkpoint(passive)");
  }

  /** What was given back of each charge of which something was. */
  *refundedCharges(): Iterable<{ provider: string; key: string; refundedMinor: bigint }> {
    const statement = this.#database.prepare(
      `select provider, charge_key as key, sum(amount_minor) as "refundedMinor" from refunds
        where refused is null group by provider, charge_key order by provider, charge_key`,
    );
    statement.setReadBigInts(true);
    yield* statement.iterate() as unknown as Iterable<
      { provider: string; key: string; refundedMinor: bigint }
    >;
  }

  /** Stores many at once: the bulk loader's way in. */
  recordMany(records: Iterable<ChargeRecord>): void {
    this.#database.exec("begin immediate");
    for (const record of records) this.#run(record);
    this.#database.exec("commit; pragma wal_checkpoint(passive)");
  }

  /** Every row in the order of provider and key. */
  *all(): Iterable<ChargeRecord> {
    const statement = this.#database.prepare(
      `select c.*, (select coalesce(sum(r.amount_minor), 0) from refunds r
                     where r.provider = c.provider and r.charge_key = c.key and r.refused is null) as refunded_minor
         from charges c order by c.provider, c.key`,
    );
    statement.setReadBigInts(true);
    type Listed = Row & { provider: string; key: string; refunded_minor: bigint };
    for (const row of statement.iterate() as unknown as Iterable<Listed>) {
      yield {
        provider: row.provider,
        key: row.key,
        chargeId: row.charge_id,
        amountMinor: row.amount_minor,
        currency: row.currency,
        state: row.state,
        code: row.code,
        refundedMinor: row.refunded_minor,
        createdAtMs: Number(row.created_at_ms),
      };
    }
  }

  /** All that was charged and not voided before. */
  *captured(): Iterable<CapturedCharge> {
    for (const { state, refundedMinor = 0n, ...charge } of this.all()) {
      if (state === "captured") yield { ...charge, refundedMinor };
    }
  }

  close(): void {
    if (this.#pending.length > 0) this.#flush();
    this.#checkpoints?.close();
    this.#database.close();
  }

  #row(provider: string, key: string): Row | undefined {
    return this.#find.get(provider, key) as unknown as Row | undefined;
  }

  #refundedMinor(provider: string, chargeKey: string): bigint {
    return (this.#refunded.get(provider, chargeKey) as unknown as { total: bigint }).total;
  }

  #refundRefusal(provider: string, { chargeKey, amountMinor, currency }: RefundRequest): string | null {
    const charge = this.#row(provider, chargeKey);
    if (charge?.state !== "captured") return "no_such_charge";
    if (charge.currency !== currency) return "other_currency";
    const left = charge.amount_minor - this.#refundedMinor(provider, chargeKey);
    return amountMinor > 0n && amountMinor <= left ? null : "exceeds_charge";
  }

  #write(write: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ write, resolve, reject });
      if (this.#pending.length === 1) setImmediate(() => this.#flush());
    });
  }

  #flush(): void {
    const batch = this.#pending;
    this.#pending = [];
    try {
      this.#database.exec("begin immediate");
      for (const { write } of batch) write();
      this.#database.exec("commit");
    } catch (error) {
      // Closed: a charge that was still on its way when the provider shut down.
      if (this.#database.isOpen && this.#database.isTransaction) this.#database.exec("rollback");
      for (const { reject } of batch) reject(error);
      return;
    }
    for (const { resolve } of batch) resolve();
    this.#checkpoints?.committed(batch.length);
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
      record.authentication ?? null,
      record.createdAtMs,
    );
  }

  /** For a log written before the column was thought of. */
  #addColumn(name: string, type: string): void {
    const columns = this.#database.prepare("select name from pragma_table_info('charges')").all();
    if (columns.some((column) => column.name === name)) return;
    try {
      this.#database.exec(`alter table charges add column ${name} ${type}`);
    } catch (error) {
      // Another process opened the same log in this moment.
      if (!String(error).includes("duplicate column")) throw error;
    }
  }
}

function replyOf(row: Row, provider: string, key: string): ChargeReply {
  switch (row.state) {
    case "captured":
      return {
        outcome: "approved",
        chargeId: row.charge_id!,
        ...(row.authentication === null ? {} : { authentication: row.authentication }),
      };
    case "declined":
      return { outcome: "declined", code: row.code as DeclineCode };
    case "refused":
      return { outcome: "refused", code: row.code as RefusalCode };
    case "voided":
      return { outcome: "voided" };
    case "action_required":
      return { outcome: "requires_action", challengeId: challengeIdOf(provider, key) };
  }
}
