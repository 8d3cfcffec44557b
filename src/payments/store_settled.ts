import { toRfc3339 } from "../core/clock.ts";
import { scalarArray, textArray } from "../db/array_literal.ts";
import type { BatchWriter } from "../db/batch_transaction.ts";
import { type Account, accountOf, MAY_GO_NEGATIVE } from "../ledger/accounts.ts";
import { PAYMENT_STATUSES } from "./payment.ts";
import { codeOf, type SettledWrite, type SettleTimes } from "./settle_payments.ts";

/** When an in-doubt payment is first asked about again. */
const DOUBT_RECHECK_MS = 2_000;

/** The accounts this process has seen in the database: they are never deleted, so each is asked for once. */
export class KnownAccounts {
  readonly #known = new Set<string>();

  missing(needed: readonly (readonly [string, Account])[]): (readonly [string, Account])[] {
    const unknown = new Map<string, readonly [string, Account]>();
    for (const entry of needed) {
      const key = `${entry[0]}/${entry[1].accountId}`;
      if (!this.#known.has(key)) unknown.set(key, entry);
    }
    return [...unknown.values()];
  }

  add(opened: readonly (readonly [string, Account])[]): void {
    for (const [tenantId, account] of opened) this.#known.add(`${tenantId}/${account.accountId}`);
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
      select tenant_id, 'tr_' || substr(payment_id, 5), 'hold_void', hold_id, payment_id, ${
      toRfc3339(nowMs)
    }::timestamptz
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

/**
 * The postings, the attempts, the payments' rows, the answers to replay, the completer's list and the audit rows, in one
 * statement.
 */
export async function storeSettled(
  writer: BatchWriter,
  writes: readonly SettledWrite[],
  { nowMs, graceMs, challengeLifetimeMs }: SettleTimes,
): Promise<void> {
  const { sql, guard } = writer;
  const now = toRfc3339(nowMs);
  const challengeEnds = toRfc3339(nowMs + challengeLifetimeMs);
  const text = (value: (write: SettledWrite) => string | null) => textArray(writes.map(value));
  const scalar = (value: (write: SettledWrite) => number | bigint | null) => scalarArray(writes.map(value));
  const final = (write: SettledWrite) => PAYMENT_STATUSES[write.status].final;
  const legs = writes.flatMap((write) =>
    write.postings.map((posting, leg) => ({ write, posting, leg: leg + 1 }))
  );

  await writer.send(sql`
    with transfer as (
      insert into transfers (tenant_id, transfer_id, kind, hold_id, payment_id, created_at)
      select tenant_id, 'tr_' || substr(payment_id, 5), case when hold_id is null then 'post' else 'hold_post' end,
             hold_id, payment_id, ${now}::timestamptz
        from unnest(${text((w) => w.postings.length > 0 ? w.item.payment.tenantId : null)}::text[],
                    ${text((w) => w.item.payment.paymentId)}::text[], ${
    text((w) => w.item.payment.holdId)
  }::text[])
             u (tenant_id, payment_id, hold_id)
       where tenant_id is not null and ${guard}
    ), posting as (
      insert into postings (tenant_id, transfer_id, leg, account_id, currency, amount_minor)
      select * from unnest(${textArray(legs.map(({ write }) => write.item.payment.tenantId))}::text[],
                           ${
    textArray(legs.map(({ write }) => `tr_${write.item.payment.paymentId.slice(4)}`))
  }::text[],
                           ${scalarArray(legs.map(({ leg }) => leg))}::smallint[],
                           ${textArray(legs.map(({ posting }) => posting.account.accountId))}::text[],
                           ${textArray(legs.map(({ posting }) => posting.account.currency))}::text[],
                           ${scalarArray(legs.map(({ posting }) => posting.amountMinor))}::bigint[]) u
       where ${guard}
    ), input as materialized (
      select * from unnest(
        ${text((w) => w.item.payment.tenantId)}::text[], ${text((w) => w.item.payment.paymentId)}::text[],
        ${text((w) => w.status)}::text[], ${scalar((w) => w.capturedMinor)}::bigint[],
        ${scalar((w) => w.feeMinor)}::bigint[],
        ${text((w) => w.item.outcome.outcome === "approved" ? w.item.outcome.chargeId : null)}::text[],
        ${text((w) => w.answer.decline?.by ?? null)}::text[], ${
    text((w) => w.answer.decline?.code ?? null)
  }::text[],
        ${text((w) => w.item.payment.principal)}::text[], ${
    text((w) => w.item.payment.idempotencyKey)
  }::text[],
        ${text((w) => final(w) ? JSON.stringify(w.answer) : null)}::text[],
        ${text((w) => w.item.attempt?.route.provider ?? null)}::text[],
        ${scalar((w) => w.item.attempt?.attempt ?? 0)}::smallint[], ${
    text((w) => w.item.outcome.outcome)
  }::text[],
        ${text((w) => codeOf(w.item.outcome) ?? w.item.attempt?.note ?? null)}::text[],
        ${scalar((w) => w.item.attempt?.latencyMs ?? 0)}::real[],
        ${text((w) => toRfc3339(w.item.attempt?.startedAtMs ?? nowMs))}::timestamptz[],
        ${scalar((w) => w.item.attempt?.route.expectedSuccess ?? null)}::real[],
        ${scalar((w) => w.item.attempt?.route.feeMinor ?? null)}::bigint[],
        ${text((w) => w.item.attempt?.route.reason ?? null)}::text[],
        ${scalar((w) => w.item.attempt?.chargeNumber ?? 1)}::smallint[],
        ${text((w) => w.item.next?.provider ?? null)}::text[]
      ) u (tenant_id, payment_id, status, captured_minor, fee_minor, charge_id, decline_by, decline_code, principal,
           idempotency_key, response, provider, attempt, outcome, attempt_code, latency_ms, started_at,
           expected_success, expected_fee_minor, reason, charge_number, next_provider)
      where ${guard}
    ), payment as (
      update payments p
         set status = u.status, captured_minor = u.captured_minor, fee_minor = u.fee_minor,
             provider_charge_id = u.charge_id, decline_by = u.decline_by, decline_code = u.decline_code,
             provider = coalesce(u.next_provider, p.provider),
             charge_number = case when u.next_provider is null then p.charge_number else u.charge_number + 1 end,
             finished_at = case when u.status in ('processing', 'requires_action', 'in_doubt') then null else ${now}::timestamptz end
        from input u
       where p.tenant_id = u.tenant_id and p.payment_id = u.payment_id and p.status in ('processing', 'requires_action', 'in_doubt')
    ), attempt as (
      insert into payment_attempts (tenant_id, payment_id, attempt, provider, outcome, code, charge_id, latency_ms,
                                    expected_success, started_at, expected_fee_minor, reason, charge_number)
      select tenant_id, payment_id, attempt, provider, outcome, attempt_code, charge_id, latency_ms,
             expected_success, started_at, expected_fee_minor, reason, charge_number
        from input where provider is not null
    ), answer as (
      insert into idempotency_answers (tenant_id, resource_id, response)
      select tenant_id, payment_id, response from input where idempotency_key is not null and response is not null
    ), closed as (
      delete from open_payments o using input u
       where o.tenant_id = u.tenant_id and o.payment_id = u.payment_id and u.status not in ('processing', 'requires_action', 'in_doubt')
    ), going_on as (
      update open_payments o
         set next_check_at = case u.status when 'in_doubt' then ${
    toRfc3339(nowMs + DOUBT_RECHECK_MS)
  }::timestamptz when 'requires_action' then ${challengeEnds}::timestamptz else ${
    toRfc3339(nowMs + graceMs)
  }::timestamptz end
        from input u
       where o.tenant_id = u.tenant_id and o.payment_id = u.payment_id and u.status in ('processing', 'requires_action', 'in_doubt')
    )
    insert into audit_events (tenant_id, audit_id, at, actor, action, resource, details)
    select tenant_id, 'aud_' || substr(payment_id, 5) || '_' || (attempt + 2), ${now}::timestamptz,
           principal, case status when 'processing' then 'payment.rerouted' else 'payment.' || status end, payment_id,
           jsonb_strip_nulls(jsonb_build_object('captured_minor', captured_minor, 'charge_id', charge_id,
                                                'provider', provider, 'code', coalesce(decline_code, attempt_code),
                                                'next_provider', next_provider))
      from input`);
}
