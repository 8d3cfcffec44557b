import type { PendingQuery, Row } from "postgres";
import type { BatchWriter } from "../db/batch_transaction.ts";

/** What one phase of payments adds to a statement. */
export interface StatementPart {
  /** Of its `with` clause: what it inserts, updates and deletes. */
  readonly tables: PendingQuery<Row[]>;
  /** Rows for `idempotency_answers`. */
  readonly answers: PendingQuery<Row[]>;
  /** Rows for `audit_events`. */
  readonly audits: PendingQuery<Row[]>;
  /** What has to hold; it raises where it does not. */
  readonly condition: PendingQuery<Row[]>;
}

/**
 * One statement of one part, or of both phases' together: a round trip and a flush to disk for all of it. Sent at once;
 * nothing of it is stored when it fails.
 */
export function storeBatch(writer: BatchWriter, parts: readonly StatementPart[]): Promise<unknown> {
  const { sql } = writer;
  const [first, second] = parts;
  return writer.send(sql`
    with ${first.tables}${second === undefined ? sql`` : sql`, ${second.tables}`}, answer as (
      insert into idempotency_answers (tenant_id, resource_id, response)${first.answers}${
    second === undefined ? sql`` : sql` union all ${second.answers}`
  }
    ), audit as (
      insert into audit_events (tenant_id, audit_id, at, actor, action, resource, details)${first.audits}${
    second === undefined ? sql`` : sql` union all ${second.audits}`
  }
    )
    select 1 where ${first.condition}${second === undefined ? sql`` : sql` and ${second.condition}`}`);
}
