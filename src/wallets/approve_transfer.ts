import { assert } from "../core/assert.ts";
import { toRfc3339 } from "../core/clock.ts";
import { tryAll } from "../core/try_all.ts";
import { type Decider, type Decision, EXPIRY, recordDecision } from "../db/approval_decisions.ts";
import { textArray } from "../db/array_literal.ts";
import { againAfterLostRace } from "../db/lost_race.ts";
import type { Account } from "../ledger/accounts.ts";
import { nextEntryMs } from "../ledger/last_entries.ts";
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
import { moneyAnswer, TRANSFER_STATUSES, type TransferAnswer } from "./transfer.ts";
import { parseWalletId } from "./wallet_id.ts";
import type { WalletService } from "./wallet_service.ts";

/** Expired transfers ended in one round. */
const EXPIRE_LIMIT = 200;

/**
 * Posts a held transfer that a person approved, or frees its money where the person said no. Once ended, it stays as it is: every later
 * call gets that answer again. The amounts are those of the first call, at its rate.
 *
 * @returns null where no such transfer has ever waited, another tenant's included
 */
export async function decideTransfer(
  service: WalletService,
  call: { tenantId: string; transferId: string; approved: boolean; by: Decider },
): Promise<TransferredFunds | null> {
  const { tenantId, transferId, approved, by } = call;
  const tenantNowMs = await service.clocks.nowMs(tenantId);
  return await againAfterLostRace(() =>
    service.pool.of(tenantId).begin(async (sql): Promise<TransferredFunds | null> => {
      const waiting = await findAndLockTransfer(sql, tenantId, transferId);
      if (waiting === null) return null;
      if (waiting.status !== "pending_approval") return { answer: waiting.answer, replayed: true };
      const atMs = service.clock.nowMs();
      if (waiting.expiresAtMs <= atMs) {
        return {
          answer: await release(sql, waiting, "expired", EXPIRY, { atMs, tenantNowMs }),
          replayed: false,
        };
      }
      if (!approved) {
        return {
          answer: await release(sql, waiting, "rejected", by, { atMs, tenantNowMs }),
          replayed: false,
        };
      }
      const movedAtMs = await postWaiting(sql, waiting, entryTimeMs(waiting, { atMs, tenantNowMs }));
      const balance = await readBalance(sql, tenantId, waiting.from);
      const answer: TransferAnswer = {
        ...waiting.answer,
        status: "posted",
        available_after: moneyAnswer(balance!.availableMinor, waiting.from.currency),
        approval: null,
        occurred_at: toRfc3339(movedAtMs),
        next_move: TRANSFER_STATUSES.posted.nextMove,
      };
      await finish(sql, waiting, answer, "approved", by, atMs);
      return { answer, replayed: false };
    })
  ) as TransferredFunds | null;
}

/** The answer of a transfer whose key has no final one: it waits, or its time is over and it ends here. */
export async function readWaitingAnswer(
  service: WalletService,
  tenantId: string,
  transferId: string,
): Promise<TransferAnswer> {
  const tenantNowMs = await service.clocks.nowMs(tenantId);
  return await service.pool.of(tenantId).begin(async (sql) => {
    const waiting = await findAndLockTransfer(sql, tenantId, transferId);
    assert(waiting !== null, `Transfer "${transferId}" has never waited`);
    const atMs = service.clock.nowMs();
    return waiting.status === "pending_approval" && waiting.expiresAtMs <= atMs
      ? await release(sql, waiting, "expired", EXPIRY, { atMs, tenantNowMs })
      : waiting.answer;
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
  await tryAll(due, "held transfers could not be ended", async ({ tenant_id, transfer_id }) => {
    await readWaitingAnswer(service, tenant_id, transfer_id);
  });
  return due.length;
}

interface WaitingTransfer {
  readonly tenantId: string;
  readonly transferId: string;
  readonly status: string;
  readonly idempotencyKey: string | null;
  readonly from: Account;
  readonly to: Account;
  readonly debitedMinor: bigint;
  readonly creditedMinor: bigint;
  readonly memo: string | null;
  readonly expiresAtMs: number;
  /** As it was answered last. */
  readonly answer: TransferAnswer;
}

async function findAndLockTransfer(
  sql: Transaction,
  tenantId: string,
  transferId: string,
): Promise<WaitingTransfer | null> {
  const [row] = await sql<Record<string, string | null>[]>`
    select status, idempotency_key, from_account_id, to_account_id, amount_minor::text as amount_minor,
           to_amount_minor::text as to_amount_minor, memo, answer,
           (extract(epoch from expires_at) * 1000)::bigint::text as expires_at_ms
      from wallet_transfers where tenant_id = ${tenantId} and transfer_id = ${transferId} for update`;
  if (!row?.answer) return null;
  return {
    tenantId,
    transferId,
    status: row.status!,
    idempotencyKey: row.idempotency_key,
    from: parseWalletId(row.from_account_id!)!,
    to: parseWalletId(row.to_account_id!)!,
    debitedMinor: BigInt(row.amount_minor!),
    creditedMinor: BigInt(row.to_amount_minor!),
    memo: row.memo,
    expiresAtMs: Number(row.expires_at_ms),
    answer: JSON.parse(row.answer),
  };
}

/** One instant by the real clock, and by the tenant's. */
interface Instant {
  readonly atMs: number;
  readonly tenantNowMs: number;
}

/**
 * When its wait ends by the tenant's clock: as long after the transfer's own time as it has waited, or now, which a call
 * may have taken far ahead meanwhile.
 */
function entryTimeMs({ answer }: WaitingTransfer, { atMs, tenantNowMs }: Instant): number {
  const waitedMs = Math.max(0, atMs - Date.parse(answer.created_at));
  return Math.max(Date.parse(answer.occurred_at) + waitedMs, tenantNowMs);
}

/**
 * The hold's end is a transfer within one currency. So a conversion is two transfers of this transaction: the held
 * money to the conversion account, and from there the other currency to the receiver.
 *
 * @returns when the money moved: not before `waitedUntilMs`, and behind the entries that both wallets have by then
 */
async function postWaiting(
  sql: Transaction,
  { tenantId, transferId, from, to, debitedMinor, creditedMinor, memo }: WaitingTransfer,
  waitedUntilMs: number,
): Promise<number> {
  const isConversion = from.currency !== to.currency;
  const [paid, gives] = [conversionAccount(from.currency), conversionAccount(to.currency)];
  await openAccounts(sql, tenantId, isConversion ? [to, paid, gives] : [to]);
  // All of them in id order, as a batch does it: the steps below take them one after another.
  const accounts = isConversion ? [from, to, paid, gives] : [from, to];
  await sql`
    select from ledger_lock_accounts(${textArray(accounts.map(() => tenantId))}::text[],
                                     ${textArray(accounts.map(({ accountId }) => accountId))}::text[])`;
  const atMs = Math.max(
    waitedUntilMs,
    await nextEntryMs(sql, tenantId, [from.accountId, to.accountId]),
  );
  const end = { tenantId, holdId: holdIdOf(transferId), transferId, memo: memo ?? undefined, atMs };
  await postHold(sql, {
    ...end,
    to: [{ account: isConversion ? paid : to, amountMinor: debitedMinor }],
  });
  if (!isConversion) return atMs;
  await post(sql, {
    tenantId,
    transferId: `${transferId}_2`,
    memo: memo ?? undefined,
    atMs,
    postings: [{ account: gives, amountMinor: -creditedMinor }, { account: to, amountMinor: creditedMinor }],
  });
  return atMs;
}

/** Frees what is held: nobody approved it in time, or the person who was asked said no. */
async function release(
  sql: Transaction,
  waiting: WaitingTransfer,
  status: "expired" | "rejected",
  by: Decider,
  instant: Instant,
): Promise<TransferAnswer> {
  const { tenantId, transferId } = waiting;
  await voidHold(sql, {
    tenantId,
    holdId: holdIdOf(transferId),
    transferId,
    atMs: entryTimeMs(waiting, instant),
  });
  const answer: TransferAnswer = {
    ...waiting.answer,
    status,
    available_after: null,
    approval: null,
    next_move: TRANSFER_STATUSES[status].nextMove,
  };
  await finish(sql, waiting, answer, status, by, instant.atMs);
  return answer;
}

async function finish(
  sql: Transaction,
  { tenantId, transferId, idempotencyKey }: WaitingTransfer,
  answer: TransferAnswer,
  decision: Decision,
  by: Decider,
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
  await recordDecision(sql, tenantId, { resourceId: transferId, kind: "transfer", decision, by, atMs });
  await sql`
    insert into audit_events (tenant_id, audit_id, at, actor, action, resource, details)
    values (${tenantId}, ${`aud_${
    transferId.slice(3)
  }_2`}, ${now}::timestamptz, ${by.name}, ${`transfer.${decision}`}, ${transferId},
            ${
    sql.json({ from: answer.from_wallet_id, to: answer.to_wallet_id, ...answer.debited, via: by.via })
  })`;
}
