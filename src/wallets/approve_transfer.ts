import { assert } from "../core/assert.ts";
import { toRfc3339 } from "../core/clock.ts";
import { textArray } from "../db/array_literal.ts";
import { againAfterLostRace } from "../db/lost_race.ts";
import {
  openAccounts,
  post,
  postHold,
  readBalance,
  type Transaction,
  voidHold,
} from "../ledger/transfers.ts";
import { holdIdOf } from "./store_transfers.ts";
import { conversionAccount } from "./transfer_postings.ts";
import type { TransferredFunds } from "./transfer_funds.ts";
import { moneyAnswer, type PlannedTransfer, TRANSFER_STATUSES, type TransferAnswer } from "./transfer.ts";
import type { WalletService } from "./wallet_service.ts";

/** Expired transfers ended in one round. */
const EXPIRE_LIMIT = 200;

/**
 * Posts a held transfer that a person approved, or frees its money where the person said no. Once ended, it stays as it is: every later
 * call gets that answer again. The amounts are those of the first call, at its rate.
 */
export async function approveTransfer(
  service: WalletService,
  plan: PlannedTransfer,
  transferId: string,
): Promise<TransferredFunds> {
  const { tenantId, principal } = plan.request;
  return await againAfterLostRace(() =>
    service.pool.of(tenantId).begin(async (sql) => {
      const waiting = await lockTransfer(sql, tenantId, transferId);
      if (waiting.status !== "pending_approval") {
        return { answer: JSON.parse(waiting.answer), replayed: true };
      }
      if (waiting.expiresAtMs <= service.clock.nowMs()) {
        return { answer: await release(sql, service, waiting, "expired", "system"), replayed: false };
      }
      if (!plan.request.approved) {
        return { answer: await release(sql, service, waiting, "refused", principal), replayed: false };
      }
      const atMs = service.clock.nowMs();
      await postWaiting(sql, plan, waiting, atMs);
      const balance = await readBalance(sql, tenantId, plan.from);
      const first = JSON.parse(waiting.answer) as TransferAnswer;
      const answer: TransferAnswer = {
        ...first,
        status: "posted",
        available_after: moneyAnswer(balance!.availableMinor, plan.from.currency),
        approval: null,
        next_move: TRANSFER_STATUSES.posted.nextMove,
      };
      await finish(sql, waiting, answer, "transfer.approved", principal, atMs);
      return { answer, replayed: false };
    })
  ) as TransferredFunds;
}

/** The answer of a transfer whose key has no final one: it waits, or its time is over and it ends here. */
export async function readWaitingAnswer(
  service: WalletService,
  tenantId: string,
  transferId: string,
): Promise<TransferAnswer> {
  return await service.pool.of(tenantId).begin(async (sql) => {
    const waiting = await lockTransfer(sql, tenantId, transferId);
    return waiting.status === "pending_approval" && waiting.expiresAtMs <= service.clock.nowMs()
      ? await release(sql, service, waiting, "expired", "system")
      : JSON.parse(waiting.answer);
  }) as TransferAnswer;
}

/**
 * Voids what nobody approved in time, all tenants'. Whichever server comes first ends one; the others pass it by.
 *
 * @returns how many were ended
 */
export async function expireTransfers(service: WalletService): Promise<number> {
  const now = toRfc3339(service.clock.nowMs());
  const due = await service.pool.ofEveryTenant<{ tenant_id: string; transfer_id: string }[]>`
    select tenant_id, transfer_id from wallet_transfers
     where status = 'pending_approval' and expires_at <= ${now}::timestamptz
     order by expires_at limit ${EXPIRE_LIMIT}`;
  for (const { tenant_id: tenantId, transfer_id: transferId } of due) {
    await readWaitingAnswer(service, tenantId, transferId);
  }
  return due.length;
}

interface WaitingTransfer {
  readonly tenantId: string;
  readonly transferId: string;
  readonly status: string;
  readonly principal: string;
  readonly idempotencyKey: string | null;
  readonly debitedMinor: bigint;
  readonly creditedMinor: bigint;
  readonly memo: string | null;
  readonly expiresAtMs: number;
  readonly answer: string;
}

async function lockTransfer(
  sql: Transaction,
  tenantId: string,
  transferId: string,
): Promise<WaitingTransfer> {
  const [row] = await sql<Record<string, string | null>[]>`
    select status, principal, idempotency_key, amount_minor::text as amount_minor,
           to_amount_minor::text as to_amount_minor, memo, answer,
           (extract(epoch from expires_at) * 1000)::bigint::text as expires_at_ms
      from wallet_transfers where tenant_id = ${tenantId} and transfer_id = ${transferId} for update`;
  // A signed token, or a key's row, named it; and those are stored with it.
  assert(row?.answer, `Transfer "${transferId}" has never waited`);
  return {
    tenantId,
    transferId,
    status: row.status!,
    principal: row.principal!,
    idempotencyKey: row.idempotency_key,
    debitedMinor: BigInt(row.amount_minor!),
    creditedMinor: BigInt(row.to_amount_minor!),
    memo: row.memo,
    expiresAtMs: Number(row.expires_at_ms),
    answer: row.answer,
  };
}

/**
 * The hold's end is a transfer within one currency. So a conversion is two transfers of this transaction: the held
 * money to the conversion account, and from there the other currency to the receiver.
 */
async function postWaiting(
  sql: Transaction,
  { from, to, rate }: PlannedTransfer,
  { tenantId, transferId, debitedMinor, creditedMinor, memo }: WaitingTransfer,
  atMs: number,
): Promise<void> {
  const [paid, gives] = [conversionAccount(from.currency), conversionAccount(to.currency)];
  await openAccounts(sql, tenantId, rate === null ? [to] : [to, paid, gives]);
  // All of them in id order, as a batch does it: the steps below take them one after another.
  const accounts = rate === null ? [from, to] : [from, to, paid, gives];
  await sql`
    select from ledger_lock_accounts(${textArray(accounts.map(() => tenantId))}::text[],
                                     ${textArray(accounts.map(({ accountId }) => accountId))}::text[])`;
  const end = { tenantId, holdId: holdIdOf(transferId), transferId, memo: memo ?? undefined, atMs };
  await postHold(sql, {
    ...end,
    to: [{ account: rate === null ? to : paid, amountMinor: debitedMinor }],
  });
  if (rate === null) return;
  await post(sql, {
    tenantId,
    transferId: `${transferId}_2`,
    memo: memo ?? undefined,
    atMs,
    postings: [{ account: gives, amountMinor: -creditedMinor }, { account: to, amountMinor: creditedMinor }],
  });
}

/** Frees what is held: nobody approved it in time, or the person who was asked said no. */
async function release(
  sql: Transaction,
  service: WalletService,
  waiting: WaitingTransfer,
  status: "expired" | "refused",
  actor: string,
): Promise<TransferAnswer> {
  const atMs = service.clock.nowMs();
  const { tenantId, transferId } = waiting;
  await voidHold(sql, { tenantId, holdId: holdIdOf(transferId), transferId, atMs });
  const answer: TransferAnswer = {
    ...JSON.parse(waiting.answer) as TransferAnswer,
    status,
    available_after: null,
    approval: null,
    next_move: TRANSFER_STATUSES[status].nextMove,
  };
  await finish(sql, waiting, answer, `transfer.${status}`, actor, atMs);
  return answer;
}

async function finish(
  sql: Transaction,
  { tenantId, transferId, idempotencyKey }: WaitingTransfer,
  answer: TransferAnswer,
  action: "transfer.approved" | "transfer.expired" | "transfer.refused",
  actor: string,
  atMs: number,
): Promise<void> {
  const now = toRfc3339(atMs);
  const response = JSON.stringify(answer);
  await sql`
    update wallet_transfers set status = ${answer.status}, answer = ${response}, finished_at = ${now}::timestamptz
     where tenant_id = ${tenantId} and transfer_id = ${transferId}`;
  if (idempotencyKey !== null) {
    await sql`
      insert into idempotency_answers (tenant_id, resource_id, response)
      values (${tenantId}, ${transferId}, ${response})`;
  }
  await sql`
    insert into audit_events (tenant_id, audit_id, at, actor, action, resource, details)
    values (${tenantId}, ${`aud_${
    transferId.slice(3)
  }_2`}, ${now}::timestamptz, ${actor}, ${action}, ${transferId},
            ${sql.json({ from: answer.from_wallet_id, to: answer.to_wallet_id, ...answer.debited })})`;
}
