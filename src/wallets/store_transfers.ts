import { toRfc3339 } from "../core/clock.ts";
import type { DomainError } from "../core/errors.ts";
import { scalarArray, textArray } from "../db/array_literal.ts";
import type { BatchTransaction } from "../db/batch_transaction.ts";
import { KEY_LIFETIME_MS } from "../db/idempotency_keys.ts";
import { type Account, MAY_GO_NEGATIVE } from "../ledger/accounts.ts";
import type { TransferRisk } from "./risk/assess_transfer.ts";
import type { PlannedTransfer, StoredError, TransferAnswer } from "./transfer.ts";
import { transferPostings } from "./transfer_postings.ts";

/** What a batch stores of one transfer. */
export interface TransferWrite {
  readonly plan: PlannedTransfer;
  readonly occurredAtMs: number;
  readonly amountUsd: number;
  /** Null when the wallet could not pay: then there is nothing to judge. */
  readonly risk: TransferRisk | null;
  readonly answer: TransferAnswer | null;
  readonly error: DomainError | null;
  readonly expiresAtMs: number | null;
}

/** What each account had when it was locked, less what this batch took since, by `tenant/account`. */
export type Available = Map<string, bigint>;

/** A receiver's first money opens its wallet; conversions open their accounts. Sorted, as everybody does it. */
export function sendOpenedAccounts(
  transaction: BatchTransaction,
  writes: readonly TransferWrite[],
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

/** After the postings: what is held may have come in by this batch. */
export function sendHolds(transaction: BatchTransaction, writes: readonly TransferWrite[]): void {
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

/** What is posted, and of each transfer: how it was judged, its key, its answer and its audit row. */
export function sendMovements(
  transaction: BatchTransaction,
  writes: readonly TransferWrite[],
  nowMs: number,
): void {
  const { sql, batchId } = transaction;
  const now = toRfc3339(nowMs);
  const legs = writes.flatMap(({ plan, answer }) =>
    answer?.status === "posted"
      ? transferPostings(plan).map((posting, i) => ({ plan, posting, leg: i + 1 }))
      : []
  );
  const text = (value: (write: TransferWrite) => string | null | undefined) => textArray(writes.map(value));
  const scalar = (value: (write: TransferWrite) => number | bigint | null | undefined) =>
    scalarArray(writes.map(value));
  const answerOf = ({ answer, error }: TransferWrite) => JSON.stringify(answer ?? storedError(error!));
  const answers = writes.map(answerOf);
  const waits = ({ answer }: TransferWrite) => answer?.status === "pending_approval";
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
    ), movement as (
      insert into transfers (tenant_id, transfer_id, kind, memo, created_at)
      select tenant_id, transfer_id, 'post', memo, to_timestamp(occurred_at_ms / 1000.0) from input where status = 'posted'
    ), posting as (
      insert into postings (tenant_id, transfer_id, leg, account_id, currency, amount_minor)
      select * from unnest(${textArray(legs.map(({ plan }) => plan.request.tenantId))}::text[],
                           ${textArray(legs.map(({ plan }) => plan.transferId))}::text[],
                           ${scalarArray(legs.map(({ leg }) => leg))}::smallint[],
                           ${textArray(legs.map(({ posting }) => posting.account.accountId))}::text[],
                           ${textArray(legs.map(({ posting }) => posting.account.currency))}::text[],
                           ${scalarArray(legs.map(({ posting }) => posting.amountMinor))}::bigint[]) u
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

function auditDetails({ plan, risk, error }: TransferWrite) {
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
