import { type ApprovalWays, waitingApproval } from "../core/approval_ways.ts";
import { DomainError } from "../core/errors.ts";
import { formatAmount, toReferenceUsd } from "../core/money.ts";
import { textArray } from "../db/array_literal.ts";
import type { BatchConnection, BatchTransaction } from "../db/batch_transaction.ts";
import { type KeyOfCall, keyReusedError, type KnownKey, readKnownKeys } from "../db/idempotency_keys.ts";
import type { RecentKeys } from "../db/recent_keys.ts";
import { type TenantClocks, writeAhead } from "../db/tenant_clocks.ts";
import { lastEntriesOf, NextEntries } from "../ledger/last_entries.ts";
import { type Account } from "../ledger/accounts.ts";
import { readPasts, type WalletPasts } from "./read_pasts.ts";
import { assessTransfer } from "./risk/assess_transfer.ts";
import { type PlannedTransfer, type TransferAnswer, transferAnswer } from "./transfer.ts";
import { unknownWallet } from "./wallet_id.ts";
import {
  type Available,
  sendHolds,
  sendMovements,
  sendOpenedAccounts,
  type TransferWrite,
} from "./store_transfers.ts";
import { conversionAccount } from "./transfer_postings.ts";

export type BookResult =
  | { kind: "done"; answer: TransferAnswer }
  | { kind: "failed"; error: DomainError }
  | { kind: "replay"; response: string }
  | { kind: "waiting"; transferId: string }
  | { kind: "refused"; error: DomainError }
  | { kind: "receiver_not_open" };

export interface BookItem {
  readonly plan: PlannedTransfer;
  /** What each try came to: one may turn out to be committed although its connection was lost. */
  readonly tries: { atMs: number; result: BookResult }[];
}

export interface BookDependencies {
  readonly nowMs: () => number;
  /** Of tenants whose clocks were read: what a transfer without a time of its own is dated by. */
  readonly clocks: Pick<TenantClocks, "aheadMs" | "advancesOf" | "advanced">;
  /** A key that is not among them is taken for new; see {@link RecentKeys}. */
  readonly recentKeys: RecentKeys;
  readonly approvalSecret: Uint8Array;
  readonly approvalLifetimeMs: number;
  readonly approvals: ApprovalWays;
}

/**
 * Many transfers in one transaction: find the keys, lock the accounts in id order, read what both sides did before,
 * judge, and store movements, holds, answers and audit rows. A transfer sees those before it in its own batch, in the
 * balances and in the histories.
 *
 * The histories are read by a statement after the one that locks, so they hold all that was committed before: two
 * servers that judge the same wallet at once see one another.
 */
export async function bookTransfers(
  items: readonly BookItem[],
  connection: BatchConnection,
  dependencies: BookDependencies,
): Promise<BookResult[]> {
  const transaction = connection.begin(items.map(({ plan }) => plan.request.tenantId));
  try {
    const nowMs = dependencies.nowMs();
    const plans = items.map(({ plan }) => plan);
    const [known, available, { entries, timesMs, pasts }] = await Promise.all([
      readKnownKeys(transaction, plans.map((plan) => dependencies.recentKeys.toLookUp(keyOf(plan)))),
      lockAccounts(transaction, plans),
      readHistories(transaction, plans, nowMs, dependencies),
    ]);
    const writes: TransferWrite[] = [];
    const results = plans.map((plan, i): BookResult => {
      const earlier = known.get(i);
      if (earlier !== undefined) return answerEarlier(plan, earlier);
      const absent = answerAbsent(plan, available);
      if (absent !== null) return absent;
      const occurredAtMs = behindEntries(plan, timesMs[i], entries);
      const write = decide(plan, available, pasts, nowMs, occurredAtMs, dependencies);
      writes.push(write);
      if (write.error === null) {
        for (const { accountId } of walletsOf(plan)) {
          entries.add(plan.request.tenantId, accountId, occurredAtMs);
        }
      }
      return write.error === null
        ? { kind: "done", answer: write.answer! }
        : { kind: "failed", error: write.error };
    });
    items.forEach((item, i) => item.tries.push({ atMs: nowMs, result: results[i] }));
    if (writes.length > 0) {
      sendOpenedAccounts(transaction, writes, available);
      sendMovements(transaction, writes, nowMs);
      sendHolds(transaction, writes);
    }
    const clocks = dependencies.clocks.advancesOf(
      writes.filter(({ plan, error }) => plan.request.simulatedAtMs !== null && error === null)
        .map(({ plan, occurredAtMs }) => ({
          tenantId: plan.request.tenantId,
          aheadMs: occurredAtMs - nowMs,
        })),
    );
    if (clocks.length > 0) transaction.send(writeAhead(transaction.sql, clocks, transaction.guard));
    await transaction.commit();
    dependencies.clocks.advanced(clocks);
    for (const plan of plans) dependencies.recentKeys.add(keyOf(plan));
    return results;
  } catch (error) {
    await transaction.rollback();
    throw error;
  }
}

function keyOf({ request: { tenantId, principal, idempotencyKey } }: PlannedTransfer): KeyOfCall {
  return { tenantId, principal, key: idempotencyKey };
}

function answerEarlier(plan: PlannedTransfer, earlier: KnownKey): BookResult {
  if (earlier.requestHash !== plan.requestHash) {
    return { kind: "refused", error: keyReusedError(plan.request.idempotencyKey!) };
  }
  return earlier.response === null
    ? { kind: "waiting", transferId: earlier.resourceId }
    : { kind: "replay", response: earlier.response };
}

/**
 * What the wallets did before. Where a call sets the time itself, when their last entries were is asked first, since no
 * transfer lies before them: any other time lies behind them anyhow.
 */
async function readHistories(
  transaction: BatchTransaction,
  plans: readonly PlannedTransfer[],
  nowMs: number,
  { clocks }: BookDependencies,
): Promise<{ entries: NextEntries; timesMs: number[]; pasts: WalletPasts }> {
  const simulated = plans.filter(({ request }) => request.simulatedAtMs !== null);
  const wallets = simulated.flatMap((plan) =>
    walletsOf(plan).map(({ accountId }) => ({ tenantId: plan.request.tenantId, accountId }))
  );
  const entries = new NextEntries(
    wallets.length === 0 ? [] : await transaction.send(lastEntriesOf(transaction.sql, wallets)),
  );
  const timesMs = plans.map((plan) => {
    const { simulatedAtMs, tenantId } = plan.request;
    return behindEntries(plan, simulatedAtMs ?? nowMs + clocks.aheadMs(tenantId), entries);
  });
  return { entries, timesMs, pasts: await readPasts(transaction, plans, timesMs) };
}

/** A call's own time, moved on to where both wallets' entries are over: a history is never written anew. */
function behindEntries(plan: PlannedTransfer, atMs: number, entries: NextEntries): number {
  const { tenantId, simulatedAtMs } = plan.request;
  if (simulatedAtMs === null) return atMs;
  return Math.max(atMs, ...walletsOf(plan).map(({ accountId }) => entries.earliestMs(tenantId, accountId)));
}

/** A merchant is paid by everybody, each at a time of their own. */
function walletsOf({ from, to }: PlannedTransfer): Account[] {
  return to.kind === "wallet" ? [from, to] : [from];
}

/** An account that is there was locked. A wallet that is not there, and another tenant's, look the same. */
function answerAbsent(
  { request, from, to, mayOpenReceiver }: PlannedTransfer,
  available: Available,
): BookResult | null {
  if (!available.has(`${request.tenantId}/${from.accountId}`)) {
    return { kind: "refused", error: unknownWallet("from_wallet_id", from.accountId) };
  }
  return mayOpenReceiver || available.has(`${request.tenantId}/${to.accountId}`)
    ? null
    : { kind: "receiver_not_open" };
}

async function lockAccounts(
  transaction: BatchTransaction,
  plans: readonly PlannedTransfer[],
): Promise<Available> {
  const tenants: string[] = [];
  const ids: string[] = [];
  const need = (tenantId: string, account: Account) => (tenants.push(tenantId), ids.push(account.accountId));
  for (const { request: { tenantId }, from, to, rate } of plans) {
    need(tenantId, from);
    need(tenantId, to);
    if (rate !== null) {
      need(tenantId, conversionAccount(from.currency));
      need(tenantId, conversionAccount(to.currency));
    }
  }
  const { sql } = transaction;
  const rows = await transaction.send(sql<{ tenant_id: string; account_id: string; available: string }[]>`
    select tenant_id, account_id, available_minor::text as available
      from ledger_lock_accounts(${textArray(tenants)}::text[], ${textArray(ids)}::text[])`);
  return new Map(rows.map((row) => [`${row.tenant_id}/${row.account_id}`, BigInt(row.available)]));
}

/** Funds first, then risk: what a wallet cannot pay is refused for that, whoever asks. */
function decide(
  plan: PlannedTransfer,
  available: Available,
  pasts: WalletPasts,
  nowMs: number,
  occurredAtMs: number,
  dependencies: BookDependencies,
): TransferWrite {
  const { request, from, to, debitedMinor, creditedMinor, requestHash, transferId } = plan;
  const { tenantId, principal } = request;
  const amountUsd = toReferenceUsd(debitedMinor, from.currency);
  const [fromKey, toKey] = [`${tenantId}/${from.accountId}`, `${tenantId}/${to.accountId}`];
  const has = available.get(fromKey)!;
  if (has < debitedMinor) {
    return {
      plan,
      occurredAtMs,
      amountUsd,
      risk: null,
      answer: null,
      error: insufficientFunds(plan, has),
      expiresAtMs: null,
    };
  }
  const risk = assessTransfer(
    { fromId: from.accountId, toId: to.accountId, toKind: to.kind, amountUsd, atMs: occurredAtMs },
    { sender: pasts.of(tenantId, from.accountId), receiver: pasts.of(tenantId, to.accountId) },
  );
  pasts.add(tenantId, from.accountId, to.accountId, {
    amountUsd,
    atMs: occurredAtMs,
    posted: risk.decision === "approve",
  });
  if (risk.decision !== "refuse") available.set(fromKey, has - debitedMinor);
  if (risk.decision === "approve" && available.has(toKey)) {
    available.set(toKey, available.get(toKey)! + creditedMinor);
  }
  const expiresAtMs = risk.decision === "hold" ? nowMs + dependencies.approvalLifetimeMs : null;
  const answer = transferAnswer(plan, {
    status: STATUS_OF_DECISION[risk.decision],
    risk,
    availableAfterMinor: available.get(fromKey)!,
    approval: expiresAtMs === null ? null : waitingApproval(
      dependencies.approvals,
      { tenantId, principal, resourceId: transferId, requestHash, expiresAtMs },
      dependencies.approvalSecret,
    ),
    createdAtMs: nowMs,
    occurredAtMs,
  });
  return { plan, occurredAtMs, amountUsd, risk, answer, error: null, expiresAtMs };
}

const STATUS_OF_DECISION = { approve: "posted", hold: "pending_approval", refuse: "refused" } as const;

function insufficientFunds({ from, debitedMinor }: PlannedTransfer, has: bigint): DomainError {
  const { currency } = from;
  return new DomainError(
    "insufficient_funds",
    `Cannot take ${formatAmount(debitedMinor, currency)} ${currency} from "${from.accountId}": ${
      formatAmount(has, currency)
    } is available.`,
    {
      field: "amount",
      nextMove: `Transfer at most ${
        formatAmount(has, currency)
      } ${currency}, or top the wallet up; use a new key.`,
    },
  );
}
