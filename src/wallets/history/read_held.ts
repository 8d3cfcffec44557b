import { toRfc3339 } from "../../core/clock.ts";
import type { TenantStatements } from "../../db/tenant_pool.ts";
import { moneyAnswer, type TransferStatus } from "../transfer.ts";

/** The latest that are listed; older ones have long ended. */
const HELD_MAX = 20;

/** A transfer that a person was asked about, and how it stands: one that was not approved left no entry. */
export interface HeldTransfer {
  transfer_id: string;
  status: TransferStatus;
  to_wallet_id: string;
  /** What it debits. */
  amount: string;
  amount_minor: number;
  currency: string;
  memo: string | null;
  asked_at: string;
  expires_at: string;
  /** Null while it waits. */
  decided_at: string | null;
}

/** The transfers out of a wallet that wait, or have waited, for a person, the latest first. */
export async function readHeld(
  sql: TenantStatements,
  tenantId: string,
  accountId: string,
): Promise<HeldTransfer[]> {
  const rows = await sql<HeldRow[]>`
    select transfer_id, status, to_account_id, amount_minor::text as amount_minor, currency, memo, created_at, expires_at,
           finished_at
      from wallet_transfers
     where tenant_id = ${tenantId} and from_account_id = ${accountId} and expires_at is not null
     order by occurred_at_ms desc, transfer_id desc limit ${HELD_MAX}`;
  return rows.map((row) => ({
    transfer_id: row.transfer_id,
    status: row.status,
    to_wallet_id: row.to_account_id,
    ...moneyAnswer(BigInt(row.amount_minor), row.currency),
    memo: row.memo,
    asked_at: toRfc3339(row.created_at.getTime()),
    expires_at: toRfc3339(row.expires_at.getTime()),
    decided_at: row.finished_at === null ? null : toRfc3339(row.finished_at.getTime()),
  }));
}

interface HeldRow {
  transfer_id: string;
  status: TransferStatus;
  to_account_id: string;
  amount_minor: string;
  currency: string;
  memo: string | null;
  created_at: Date;
  expires_at: Date;
  finished_at: Date | null;
}
