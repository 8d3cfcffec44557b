import { toRfc3339 } from "../core/clock.ts";
import { textArray } from "../db/array_literal.ts";
import type { TransferAnswer, TransferStatus } from "./transfer.ts";
import { parseWalletId } from "./wallet_id.ts";
import type { WalletService } from "./wallet_service.ts";

/** A held transfer as a person has to see it to decide it, or to see how it was decided. */
export interface TransferForPerson {
  readonly transferId: string;
  readonly status: TransferStatus;
  /** Whose wallets they are; their ids stand in the answer. */
  readonly fromName: string;
  readonly toName: string;
  /** The caller that asked for it. */
  readonly askedBy: string;
  readonly askedAtMs: number;
  readonly expiresAtMs: number;
  /** As it was answered last. */
  readonly answer: TransferAnswer;
}

/** A tenant's transfers that wait for a person and have time left, those that expire first in front. */
export async function readWaitingTransfers(
  service: WalletService,
  tenantId: string,
  { after, limit }: { after: { expiresAtMs: number; id: string } | null; limit: number },
): Promise<TransferForPerson[]> {
  const now = toRfc3339(service.clock.nowMs());
  const ids = await service.pool.of(tenantId)<{ transfer_id: string }[]>`
    select transfer_id from wallet_transfers
     where tenant_id = ${tenantId} and status = 'pending_approval' and expires_at > ${now}::timestamptz
       and (expires_at, transfer_id) > (${
    after === null ? now : toRfc3339(after.expiresAtMs)
  }::timestamptz, ${after?.id ?? ""})
     order by expires_at, transfer_id limit ${limit}`;
  const transfers = await readTransfersForPerson(
    service,
    tenantId,
    ids.map(({ transfer_id }) => transfer_id),
  );
  // One may have been decided between the two statements.
  return transfers.filter(({ status }) => status === "pending_approval")
    .sort((a, b) => a.expiresAtMs - b.expiresAtMs || (a.transferId < b.transferId ? -1 : 1));
}

/** Transfers that wait, or have waited, for a person, by their ids; in no order. */
export async function readTransfersForPerson(
  service: WalletService,
  tenantId: string,
  transferIds: readonly string[],
): Promise<TransferForPerson[]> {
  if (transferIds.length === 0) return [];
  const rows = await service.pool.of(tenantId)<TransferRow[]>`
    select transfer_id, status, from_account_id, to_account_id, principal, created_at, expires_at, answer
      from wallet_transfers
     where tenant_id = ${tenantId} and transfer_id = any (${textArray(transferIds)}::text[])
       and expires_at is not null and answer is not null`;
  const names = await readNames(
    service,
    tenantId,
    rows.flatMap(({ from_account_id, to_account_id }) => [from_account_id, to_account_id]),
  );
  return rows.map((row) => ({
    transferId: row.transfer_id,
    status: row.status,
    fromName: names.get(row.from_account_id)!,
    toName: names.get(row.to_account_id)!,
    askedBy: row.principal,
    askedAtMs: row.created_at.getTime(),
    expiresAtMs: row.expires_at.getTime(),
    answer: JSON.parse(row.answer),
  }));
}

/** The owner's name of each account; its id where the owner has none. */
async function readNames(
  service: WalletService,
  tenantId: string,
  accountIds: readonly string[],
): Promise<Map<string, string>> {
  const owners = new Map(accountIds.map((id) => [id, parseWalletId(id)!]));
  const of = (kind: "wallet" | "merchant") =>
    textArray([...owners.values()].filter((owner) => owner.kind === kind).map(({ ownerId }) => ownerId));
  const rows = await service.pool.of(tenantId)<{ kind: string; id: string; name: string }[]>`
    select 'wallet' as kind, customer_id as id, name from customers
     where tenant_id = ${tenantId} and customer_id = any (${of("wallet")}::text[])
    union all
    select 'merchant', merchant_id, name from merchants
     where tenant_id = ${tenantId} and merchant_id = any (${of("merchant")}::text[])`;
  const names = new Map(rows.map(({ kind, id, name }) => [`${kind}:${id}`, name]));
  return new Map(
    [...owners].map((
      [accountId, { kind, ownerId }],
    ) => [accountId, names.get(`${kind}:${ownerId}`) ?? ownerId]),
  );
}

interface TransferRow {
  transfer_id: string;
  status: TransferStatus;
  from_account_id: string;
  to_account_id: string;
  principal: string;
  created_at: Date;
  expires_at: Date;
  answer: string;
}
