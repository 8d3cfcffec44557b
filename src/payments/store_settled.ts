import { toRfc3339 } from "../core/clock.ts";
import { recordArray, type RecordField, scalarArray, textArray } from "../db/array_literal.ts";
import type { BatchWriter } from "../db/batch_transaction.ts";
import { type Account, accountOf, MAY_GO_NEGATIVE } from "../ledger/accounts.ts";
import { PAYMENT_STATUSES } from "./payment.ts";
import { codeOf, type SettledWrite, type SettleTimes } from "./settle_payments.ts";
import type { StatementPart } from "./store_batch.ts";

/** When an in-doubt payment is first asked about again. */
const DOUBT_RECHECK_MS = 2_000;

/** The accounts this process has seen in the database: they are never deleted, so each is asked for once. */
export class KnownAccounts {
  readonly #known = new Set<string>();

  hasAll({ item: { payment: { tenantId } }, postings }: SettledWrite): boolean {
    return postings.every(({ account }) => this.#known.has(`${tenantId}/${account.accountId}`));
  }

  missing(writes: readonly SettledWrite[]): (readonly [tenantId: string, Account])[] {
    const unknown = new Map<string, readonly [string, Account]>();
    for (const { item: { payment: { tenantId } }, postings } of writes) {
      for (const { account } of postings) {
        const key = `${tenantId}/${account.accountId}`;
        if (!this.#known.has(key)) unknown.set(key, [tenantId, account]);
      }
    }
    return [...unknown.values()];
  }

  add(tenantId: string, accountId: string): void {
    this.#known.add(`${tenantId}/${accountId}`);
  }
}

/**
 * Ending a hold locks the wallet's account, posting then locks the merchant's: out of id order. So a batch that
 * ends holds locks all its accounts first.
 */
export function sendLocks(writer: BatchWriter, writes: readonly SettledWrite[]): void {
  if (writes.every((write) => write.item.payment.holdId === null)) return;
  const accounts = writes.flatMap((write) => {
    const { tenantId, holdId, customerId, currency } = write.item.payment;
    const holder = holdId === null ? [] : [accountOf("wallet", customerId, currency)];
    return [...holder, ...write.postings.map(({ account }) => account)]
      .map(({ accountId }) => [tenantId, accountId] as const);
  });
  const { sql } = writer;
  writer.send(sql`
    select from ledger_lock_accounts(${textArray(accounts.map(([tenantId]) => tenantId))}::text[],
                                     ${textArray(accounts.map(([, accountId]) => accountId))}::text[])`);
}

/** A wallet's hold ends with its payment: posted, or voided where the payment came to nothing. */
export function sendEndedHolds(
  writer: BatchWriter,
  writes: readonly SettledWrite[],
  nowMs: number,
): void {
  const ended = writes.filter((write) =>
    write.item.payment.holdId !== null && PAYMENT_STATUSES[write.status].final
  );
  if (ended.length === 0) return;
  const { sql, guard } = writer;
  const voided = ended.filter(({ status }) => status !== "succeeded");
  if (voided.length > 0) {
    const column = (value: (write: SettledWrite) => string | null) => textArray(voided.map(value));
    writer.send(sql`
      insert into transfers (tenant_id, transfer_id, kind, hold_id, payment_id, created_at)
      select tenant_id, 'tr_' || substr(payment_id, 5), 'hold_void', hold_id, payment_id,
             ${walletTime(sql, toRfc3339(nowMs))}
        from unnest(${column((w) => w.item.payment.tenantId)}::text[],
                    ${column((w) => w.item.payment.holdId)}::text[],
                    ${column((w) => w.item.payment.paymentId)}::text[]) u (tenant_id, hold_id, payment_id)
       where ${guard}`);
  }
  writer.send(sql`
    update holds h set state = u.state, posted_minor = u.posted_minor
      from unnest(${textArray(ended.map((w) => w.item.payment.tenantId))}::text[],
                  ${textArray(ended.map((w) => w.item.payment.holdId))}::text[],
                  ${textArray(ended.map((w) => w.status === "succeeded" ? "posted" : "voided"))}::text[],
                  ${
    scalarArray(ended.map((w) => w.capturedMinor))
  }::bigint[]) u (tenant_id, hold_id, state, posted_minor)
     where h.tenant_id = u.tenant_id and h.hold_id = u.hold_id and ${guard}`);
}

/** The accounts that are credited for the first time. */
export function sendAccounts(
  writer: BatchWriter,
  opened: readonly (readonly [string, Account])[],
): void {
  const { sql, guard } = writer;
  // Sorted, so that two servers that open the same accounts wait for each other in one order.
  const sorted = [...opened].sort((a, b) => a[0] + a[1].accountId < b[0] + b[1].accountId ? -1 : 1);
  writer.send(sql`
    insert into accounts (tenant_id, account_id, owner_id, kind, currency, may_go_negative)
    select * from unnest(${textArray(sorted.map(([tenantId]) => tenantId))}::text[],
                         ${textArray(sorted.map(([, account]) => account.accountId))}::text[],
                         ${textArray(sorted.map(([, account]) => account.ownerId))}::text[],
                         ${textArray(sorted.map(([, account]) => account.kind))}::text[],
                         ${textArray(sorted.map(([, account]) => account.currency))}::text[],
                         ${
    scalarArray(sorted.map(([, account]) => MAY_GO_NEGATIVE[account.kind]))
  }::boolean[]) u
     where ${guard}
        on conflict do nothing`);
}

/** What the customers of these payments are asked. */
export function sendChallenges(
  writer: BatchWriter,
  writes: readonly SettledWrite[],
  { nowMs, challengeLifetimeMs }: SettleTimes,
): void {
  const { sql, guard } = writer;
  const challenged = writes.filter(({ status }) => status === "requires_action");
  if (challenged.length === 0) return;
  const column = (value: (write: SettledWrite) => string | null) => textArray(challenged.map(value));
  writer.send(sql`
      insert into payment_challenges (tenant_id, payment_id, asked_by, challenge_id, created_at, expires_at)
      select u.*, ${toRfc3339(nowMs)}::timestamptz, ${toRfc3339(nowMs + challengeLifetimeMs)}::timestamptz
        from unnest(${column((w) => w.item.payment.tenantId)}::text[],
                    ${column((w) => w.item.payment.paymentId)}::text[],
                    ${column((w) => w.answer.challenge!.asked_by)}::text[],
                    ${
    column(({ item: { outcome } }) => outcome.outcome === "requires_action" ? outcome.challengeId : null)
  }::text[]) u
       where ${guard}`);
}

/** The postings, the attempts, the payments' rows, the answers to replay, the completer's list and the audit rows. */
export function settledPart(
  { sql, guard }: Pick<BatchWriter, "sql" | "guard">,
  writes: readonly SettledWrite[],
  { nowMs, graceMs, challengeLifetimeMs }: SettleTimes,
): StatementPart {
  const now = toRfc3339(nowMs);
  const goingOn = writes.every(isFinal) ? sql`` : sql`, going_on as (
      update open_payments o
         set next_check_at = case u.status when 'in_doubt' then ${
    toRfc3339(nowMs + DOUBT_RECHECK_MS)
  }::timestamptz when 'requires_action' then ${toRfc3339(nowMs + challengeLifetimeMs)}::timestamptz else ${
    toRfc3339(nowMs + graceMs)
  }::timestamptz end
        from settled u
       where o.tenant_id = u.tenant_id and o.payment_id = u.payment_id and u.status in ('processing', 'requires_action', 'in_doubt')
    )`;
  return {
    tables: sql`posting as (
      insert into postings (tenant_id, transfer_id, leg, account_id, currency, amount_minor)
      select * from unnest(${recordArray(writes.flatMap(postingRows))}::batch_posting[]) where ${guard}
    ), settled as materialized (
      select * from unnest(${
      recordArray(writes.map((write) => settledRow(write, now)))
    }::batch_settled[]) where ${guard}
    ), transfer as (
      insert into transfers (tenant_id, transfer_id, kind, hold_id, payment_id, created_at)
      select tenant_id, 'tr_' || substr(payment_id, 5), case when hold_id is null then 'post' else 'hold_post' end,
             hold_id, payment_id,
             case when hold_id is null then ${now}::timestamptz else ${walletTime(sql, now)} end
        from settled u where captured_minor > 0
    ), settled_payment as (
      update payments p
         set status = u.status, captured_minor = u.captured_minor, fee_minor = u.fee_minor,
             provider_charge_id = u.charge_id, decline_by = u.decline_by, decline_code = u.decline_code,
             provider = coalesce(u.next_provider, p.provider),
             charge_number = case when u.next_provider is null then p.charge_number else u.charge_number + 1 end,
             finished_at = case when u.status in ('processing', 'requires_action', 'in_doubt') then null else ${now}::timestamptz end
        from settled u
       where p.tenant_id = u.tenant_id and p.payment_id = u.payment_id and p.status in ('processing', 'requires_action', 'in_doubt')
    ), attempt as (
      insert into payment_attempts (tenant_id, payment_id, attempt, provider, outcome, code, charge_id, latency_ms,
                                    expected_success, started_at, expected_fee_minor, reason, charge_number)
      select tenant_id, payment_id, attempt, provider, outcome, attempt_code, charge_id, latency_ms,
             expected_success, started_at, expected_fee_minor, reason, charge_number
        from settled where provider is not null
    ), closed as (
      delete from open_payments o using settled u
       where o.tenant_id = u.tenant_id and o.payment_id = u.payment_id and u.status not in ('processing', 'requires_action', 'in_doubt')
    )${goingOn}`,
    answers: sql`
      select tenant_id, payment_id, response from settled where idempotency_key is not null and response is not null`,
    audits: sql`
      select tenant_id, 'aud_' || substr(payment_id, 5) || '_' || (attempt + 2), ${now}::timestamptz,
             principal, case status when 'processing' then 'payment.rerouted' else 'payment.' || status end, payment_id,
             jsonb_strip_nulls(jsonb_build_object('captured_minor', captured_minor, 'charge_id', charge_id,
                                                  'provider', provider, 'code', coalesce(decline_code, attempt_code),
                                                  'next_provider', next_provider))
        from settled`,
    condition: sql`true`,
  };
}

/**
 * When a wallet's payment moved its money: at the payment's own time, which may be simulated. One that waited for its
 * customer moved it as long afterwards as the wait took, or, where a call took its tenant's clock ahead meanwhile, at that
 * clock's now. `u` names the payment, whose row is still as it was before.
 */
function walletTime(sql: BatchWriter["sql"], now: string) {
  return sql`(
               select to_timestamp(y.occurred_at_ms / 1000.0) + case y.status when 'requires_action'
                        then greatest(${now}::timestamptz - y.created_at, interval '0',
                                      ${now}::timestamptz - to_timestamp(y.occurred_at_ms / 1000.0)
                                        + (select c.ahead_ms from tenant_clocks c where c.tenant_id = y.tenant_id)
                                          * interval '1 millisecond')
                        else interval '0' end
                 from payments y where y.tenant_id = u.tenant_id and y.payment_id = u.payment_id)`;
}

function isFinal({ status }: SettledWrite): boolean {
  return PAYMENT_STATUSES[status].final;
}

/** In the order of the type `batch_settled`. */
function settledRow(write: SettledWrite, now: string): RecordField[] {
  const { item: { payment, outcome, attempt, next }, answer } = write;
  return [
    payment.tenantId,
    payment.paymentId,
    write.status,
    write.capturedMinor,
    write.feeMinor,
    outcome.outcome === "approved" ? outcome.chargeId : null,
    answer.decline?.by,
    answer.decline?.code,
    payment.principal,
    payment.idempotencyKey,
    payment.holdId,
    isFinal(write) ? JSON.stringify(answer) : null,
    attempt?.route.provider,
    attempt?.attempt ?? 0,
    outcome.outcome,
    codeOf(outcome) ?? attempt?.note,
    attempt?.latencyMs ?? 0,
    attempt === null ? now : toRfc3339(attempt.startedAtMs),
    attempt?.route.expectedSuccess,
    attempt?.route.feeMinor,
    attempt?.route.reason,
    attempt?.chargeNumber ?? 1,
    next?.provider,
  ];
}

/** In the order of the type `batch_posting`. */
function postingRows({ item: { payment }, postings }: SettledWrite): RecordField[][] {
  return postings.map(({ account, amountMinor }, i) => [
    payment.tenantId,
    `tr_${payment.paymentId.slice(4)}`,
    i + 1,
    account.accountId,
    account.currency,
    amountMinor,
  ]);
}
