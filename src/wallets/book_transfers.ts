import { signApproval } from "../core/approval_token.ts";
import { toRfc3339 } from "../core/clock.ts";
import { DomainError } from "../core/errors.ts";
import { formatAmount, toReferenceUsd } from "../core/money.ts";
import { scalarArray, textArray } from "../db/array_literal.ts";
import type { BatchConnection, BatchTransaction } from "../db/batch_transaction.ts";
import { KEY_LIFETIME_MS, keyReusedError, type KnownKey, readKnownKeys } from "../db/idempotency_keys.ts";
import { type Account, accountOf, MAY_GO_NEGATIVE } from "../ledger/accounts.ts";
import type { Posting } from "../ledger/capture_postings.ts";
import { readPasts, type WalletPasts } from "./read_pasts.ts";
import { assessTransfer, type TransferRisk } from "./risk/assess_transfer.ts";
import { type PlannedTransfer, type StoredError, type TransferAnswer, transferAnswer } from "./transfer.ts";
import { unknownWallet } from "./wallet_id.ts";

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
  readonly approvalSecret: Uint8Array;
  readonly approvalLifetimeMs: number;
}

/** Where money changes its currency: it takes one and gives the other, and may owe either. */
export function conversionAccount(currency: string): Account {
  return accountOf("external", "conversion", currency);
}

/** A transfer's postings; across currencies each one sums to zero through the conversion account. */
export function transferPostings(
  { from, to, debitedMinor, creditedMinor, rate }: PlannedTransfer,
): Posting[] {
  const legs = [{ account: from, amountMinor: -debitedMinor }, { account: to, amountMinor: creditedMinor }];
  if (rate === null) return legs;
  return [
    legs[0],
    { account: conversionAccount(from.currency), amountMinor: debitedMinor },
    { account: conversionAccount(to.currency), amountMinor: -creditedMinor },
    legs[1],
  ];
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
  const transaction = connection.begin();
  try {
    const nowMs = dependencies.nowMs();
    const plans = items.map(({ plan }) => plan);
    const [known, available, pasts] = await Promise.all([
      readKnownKeys(
        transaction,
        plans.map(({ request: { tenantId, principal, idempotencyKey } }) => ({
          tenantId,
          principal,
          key: idempotencyKey,
        })),
      ),
      lockAccounts(transaction, plans),
      readPasts(transaction, plans, nowMs),
    ]);
    const writes: Write[] = [];
    const results = plans.map((plan, i): BookResult => {
      const earlier = known.get(i);
      if (earlier !== undefined) return answerEarlier(plan, earlier);
      const absent = answerAbsent(plan, available);
      if (absent !== null) return absent;
      const write = decide(plan, available, pasts, nowMs, dependencies);
      writes.push(write);
      return write.error === null
        ? { kind: "done", answer: write.answer! }
        : { kind: "failed", error: write.error };
    });
    items.forEach((item, i) => item.tries.push({ atMs: nowMs, result: results[i] }));
    if (writes.length > 0) {
      sendOpenedAccounts(transaction, writes, available);
      sendPostings(transaction, writes);
      sendHolds(transaction, writes);
      sendRecords(transaction, writes, nowMs);
    }
    await transaction.commit();
    return results;
  } catch (error) {
    await transaction.rollback();
    throw error;
  }
}

function answerEarlier(plan: PlannedTransfer, earlier: KnownKey): BookResult {
  if (earlier.requestHash !== plan.requestHash) {
    return { kind: "refused", error: keyReusedError(plan.request.idempotencyKey!) };
  }
  return earlier.response === null
    ? { kind: "waiting", transferId: earlier.resourceId }
    : { kind: "replay", response: earlier.response };
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

interface Write {
  readonly plan: PlannedTransfer;
  readonly occurredAtMs: number;
  readonly amountUsd: number;
  /** Null when the wallet could not pay: then there is nothing to judge. */
  readonly risk: TransferRisk | null;
  readonly answer: TransferAnswer | null;
  readonly error: DomainError | null;
  readonly expiresAtMs: number | null;
}

type Available = Map<string, bigint>;

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
  dependencies: BookDependencies,
): Write {
  const { request, from, to, debitedMinor, creditedMinor, requestHash, transferId } = plan;
  const { tenantId, principal } = request;
  const occurredAtMs = request.simulatedAtMs ?? nowMs;
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
    approval: expiresAtMs === null ? null : {
      approval_token: signApproval(
        { tenantId, principal, resourceId: transferId, requestHash, expiresAtMs },
        dependencies.approvalSecret,
      ),
      expires_at: toRfc3339(expiresAtMs),
    },
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

/** A receiver's first money opens its wallet; conversions open their accounts. Sorted, as everybody does it. */
function sendOpenedAccounts(
  transaction: BatchTransaction,
  writes: readonly Write[],
  available: Available,
): void {
  const opened = new Map<string, readonly [string, Account]>();
  for (const { plan, answer } of writes) {
    if (answer?.status !== "posted") continue;
    const { tenantId } = plan.request;
    for (const { account } of transferPostings(plan)) {
      const key = `${tenantId}/${account.accountId}`;
      if (!available.has(key)) opened.set(key, [tenantId, account]);
    }
  }
  if (opened.size === 0) return;
  const rows = [...opened].sort(([a], [b]) => a < b ? -1 : 1).map(([, row]) => row);
  const { sql, batchId } = transaction;
  transaction.send(sql`
    insert into accounts (tenant_id, account_id, owner_id, kind, currency, may_go_negative)
    select * from unnest(${textArray(rows.map(([tenantId]) => tenantId))}::text[],
                         ${textArray(rows.map(([, account]) => account.accountId))}::text[],
                         ${textArray(rows.map(([, account]) => account.ownerId))}::text[],
                         ${textArray(rows.map(([, account]) => account.kind))}::text[],
                         ${textArray(rows.map(([, account]) => account.currency))}::text[],
                         ${
    scalarArray(rows.map(([, account]) => MAY_GO_NEGATIVE[account.kind]))
  }::boolean[]) u
     where assert_batch(${batchId})
        on conflict do nothing`);
}

function sendPostings(transaction: BatchTransaction, writes: readonly Write[]): void {
  const posted = writes.filter(({ answer }) => answer?.status === "posted");
  if (posted.length === 0) return;
  const legs = posted.flatMap(({ plan }) =>
    transferPostings(plan).map((posting, i) => ({ plan, posting, leg: i + 1 }))
  );
  const { sql, batchId } = transaction;
  transaction.send(sql`
    with transfer as (
      insert into transfers (tenant_id, transfer_id, kind, memo, created_at)
      select tenant_id, transfer_id, 'post', memo, created_at
        from unnest(${textArray(posted.map(({ plan }) => plan.request.tenantId))}::text[],
                    ${textArray(posted.map(({ plan }) => plan.transferId))}::text[],
                    ${textArray(posted.map(({ plan }) => plan.request.memo))}::text[],
                    ${textArray(posted.map(({ occurredAtMs }) => toRfc3339(occurredAtMs)))}::timestamptz[])
             u (tenant_id, transfer_id, memo, created_at)
       where assert_batch(${batchId})
    )
    insert into postings (tenant_id, transfer_id, leg, account_id, currency, amount_minor)
    select * from unnest(${textArray(legs.map(({ plan }) => plan.request.tenantId))}::text[],
                         ${textArray(legs.map(({ plan }) => plan.transferId))}::text[],
                         ${scalarArray(legs.map(({ leg }) => leg))}::smallint[],
                         ${textArray(legs.map(({ posting }) => posting.account.accountId))}::text[],
                         ${textArray(legs.map(({ posting }) => posting.account.currency))}::text[],
                         ${scalarArray(legs.map(({ posting }) => posting.amountMinor))}::bigint[]) u
     where assert_batch(${batchId})`);
}

/** After the postings: what is held may have come in by this batch. */
function sendHolds(transaction: BatchTransaction, writes: readonly Write[]): void {
  const held = writes.filter(({ answer }) => answer?.status === "pending_approval");
  if (held.length === 0) return;
  const { sql, batchId } = transaction;
  transaction.send(sql`
    with input as materialized (
      select * from unnest(${textArray(held.map(({ plan }) => plan.request.tenantId))}::text[],
                           ${textArray(held.map(({ plan }) => holdIdOf(plan.transferId)))}::text[],
                           ${textArray(held.map(({ plan }) => plan.from.accountId))}::text[],
                           ${textArray(held.map(({ plan }) => plan.from.currency))}::text[],
                           ${scalarArray(held.map(({ plan }) => plan.debitedMinor))}::bigint[],
                           ${textArray(held.map(({ plan }) => plan.request.memo))}::text[],
                           ${
    textArray(held.map(({ occurredAtMs }) => toRfc3339(occurredAtMs)))
  }::timestamptz[])
                    u (tenant_id, hold_id, account_id, currency, amount_minor, memo, created_at)
       where assert_batch(${batchId})
    ), transfer as (
      insert into transfers (tenant_id, transfer_id, kind, memo, created_at)
      select tenant_id, hold_id, 'hold', memo, created_at from input
    )
    insert into holds (tenant_id, hold_id, account_id, currency, amount_minor, state, created_at)
    select tenant_id, hold_id, account_id, currency, amount_minor, 'pending', created_at from input`);
}

export function holdIdOf(transferId: string): string {
  return `hold_${transferId.slice(3)}`;
}

export function storedError({ code, message, field, nextMove }: DomainError): StoredError {
  return { error: { code, message, field: field ?? null, next_move: nextMove } };
}

/** The transfer as judged, its key, its answer and its audit row. */
function sendRecords(transaction: BatchTransaction, writes: readonly Write[], nowMs: number): void {
  const { sql, batchId } = transaction;
  const now = toRfc3339(nowMs);
  const text = (value: (write: Write) => string | null | undefined) => textArray(writes.map(value));
  const scalar = (value: (write: Write) => number | bigint | null | undefined) =>
    scalarArray(writes.map(value));
  const answerOf = ({ answer, error }: Write) => JSON.stringify(answer ?? storedError(error!));
  const answers = writes.map(answerOf);
  const waits = ({ answer }: Write) => answer?.status === "pending_approval";
  transaction.send(sql`
    with input as materialized (
      select * from unnest(
        ${text(({ plan }) => plan.request.tenantId)}::text[], ${text(({ plan }) => plan.transferId)}::text[],
        ${text(({ answer }) => answer?.status)}::text[],
        ${text(({ plan }) => plan.from.accountId)}::text[], ${text(({ plan }) => plan.to.accountId)}::text[],
        ${text(({ plan }) => plan.from.currency)}::text[], ${
    scalar(({ plan }) => plan.debitedMinor)
  }::bigint[],
        ${text(({ plan }) => plan.to.currency)}::text[], ${
    scalar(({ plan }) => plan.creditedMinor)
  }::bigint[],
        ${scalar(({ amountUsd }) => amountUsd)}::float8[], ${text(({ plan }) => plan.request.memo)}::text[],
        ${text(({ plan }) => plan.request.principal)}::text[],
        ${text(({ plan }) => plan.request.idempotencyKey)}::text[], ${
    text(({ plan }) => plan.requestHash)
  }::text[],
        ${scalar(({ risk }) => risk?.score)}::real[], ${scalar(({ occurredAtMs }) => occurredAtMs)}::bigint[],
        ${textArray(writes.map((write, i) => waits(write) ? answers[i] : null))}::text[],
        ${textArray(writes.map((write, i) => waits(write) ? null : answers[i]))}::text[],
        ${text(({ expiresAtMs }) => expiresAtMs === null ? null : toRfc3339(expiresAtMs))}::timestamptz[],
        ${text((write) => JSON.stringify(auditDetails(write)))}::jsonb[]
      ) u (tenant_id, transfer_id, status, from_account_id, to_account_id, currency, amount_minor, to_currency,
           to_amount_minor, amount_usd, memo, principal, idempotency_key, request_hash, risk_score, occurred_at_ms,
           waiting_answer, response, expires_at, audit_details)
      where assert_batch(${batchId})
    ), transfer as (
      insert into wallet_transfers (tenant_id, transfer_id, status, from_account_id, to_account_id, currency,
             amount_minor, to_currency, to_amount_minor, amount_usd, memo, principal, idempotency_key, request_hash,
             risk_score, occurred_at_ms, answer, expires_at, created_at, finished_at)
      select tenant_id, transfer_id, status, from_account_id, to_account_id, currency, amount_minor, to_currency,
             to_amount_minor, amount_usd, memo, principal, idempotency_key, request_hash, risk_score, occurred_at_ms,
             waiting_answer, expires_at, ${now}::timestamptz,
             case when expires_at is null then ${now}::timestamptz end
        from input where status is not null
    ), key as (
      insert into idempotency_keys (tenant_id, principal, key, tool, request_hash, resource_id, created_at, expires_at)
      select tenant_id, principal, idempotency_key, 'transfer_funds', request_hash, transfer_id,
             ${now}::timestamptz, ${toRfc3339(nowMs + KEY_LIFETIME_MS)}::timestamptz
        from input where idempotency_key is not null
    ), answer as (
      insert into idempotency_answers (tenant_id, resource_id, response)
      select tenant_id, transfer_id, response from input where idempotency_key is not null and response is not null
    )
    insert into audit_events (tenant_id, audit_id, at, actor, action, resource, details)
    select tenant_id, 'aud_' || substr(transfer_id, 4) || '_1', ${now}::timestamptz, principal,
           'transfer.' || coalesce(status, 'failed'), transfer_id, audit_details
      from input`);
}

function auditDetails({ plan, risk, error }: Write) {
  return {
    from: plan.from.accountId,
    to: plan.to.accountId,
    amount_minor: plan.debitedMinor.toString(),
    currency: plan.from.currency,
    ...(risk === null ? {} : {
      risk_score: risk.score,
      ...(risk.patterns.length === 0 ? {} : { patterns: risk.patterns.map(({ pattern }) => pattern) }),
    }),
    ...(error === null ? {} : { error: error.code }),
  };
}
