import { toRfc3339 } from "../core/clock.ts";
import { formatAmount } from "../core/money.ts";
import { scalarArray, textArray } from "../db/array_literal.ts";
import type { BatchConnection, BatchTransaction } from "../db/batch_transaction.ts";
import { type Account, MAY_GO_NEGATIVE } from "../ledger/accounts.ts";
import { capturePostings, type Posting } from "../ledger/capture_postings.ts";
import type { DeclineCode } from "../providers/decline_codes.ts";
import type { ChargeReply } from "../providers/provider.ts";
import type { Route } from "../routing/route_payment.ts";
import type { PaymentMethodKind, PaymentStatus } from "./payment.ts";
import { PAYMENT_STATUSES } from "./payment.ts";
import {
  declineIsRetriable,
  declineMessage,
  milliseconds,
  type PaymentAnswer,
  type PaymentAttempt,
  routeAnswer,
  significant,
} from "./payment_answer.ts";

/** An open payment with all that its booking needs; made from the live call or read back by the completer. */
export interface OpenPayment {
  readonly tenantId: string;
  readonly paymentId: string;
  readonly principal: string;
  readonly idempotencyKey: string | null;
  readonly method: PaymentMethodKind;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly customerId: string;
  readonly merchantId: string;
  readonly provider: string | null;
  readonly holdId: string | null;
  /** The answer so far; settling fills in the outcome. */
  readonly answer: PaymentAnswer;
}

/** What became of the charge; `unknown` when the provider gave no answer. */
export type ChargeOutcome =
  | Exclude<ChargeReply, { outcome: "requires_action" }>
  | { readonly outcome: "approved"; readonly chargeId: null }
  | { readonly outcome: "unknown" };

/** A wallet pays from what it holds: there is no provider, and no charge of one. */
export const PAID_BY_WALLET: ChargeOutcome = { outcome: "approved", chargeId: null };

/** A route as it was chosen; what was expected is not known to who takes a payment over. */
export type SettledRoute =
  & Pick<Route, "provider" | "feeMinor">
  & { readonly [Name in "expectedSuccess" | "sampleSize" | "reason"]: Route[Name] | null };

export interface SettleItem {
  readonly payment: OpenPayment;
  readonly outcome: ChargeOutcome;
  /** Null when a wallet paid: there is no provider to attempt. */
  readonly attempt: {
    readonly attempt: number;
    readonly chargeNumber: number;
    readonly route: SettledRoute;
    readonly startedAtMs: number;
    readonly latencyMs: number;
    readonly note: string | null;
  } | null;
  /** The provider's fee, charged only if the payment succeeds. */
  readonly feeMinor: bigint;
  /** The second provider, when this outcome does not end the payment. */
  readonly next: Route | null;
}

/** When an in-doubt payment is first asked about again. */
const DOUBT_RECHECK_MS = 2_000;

/**
 * Transaction 2 of many payments at once: the attempt, the ledger, the status, the audit row and the answer to
 * replay, together or not at all. A payment that somebody else has settled meanwhile makes it fail on the
 * attempt's or the transfer's key, so nothing is booked twice.
 *
 * With a second provider to follow, the attempt is stored and the payment goes on processing there: what makes the
 * call to it safe is that this is durable before.
 */
export async function settlePayments(
  items: readonly SettleItem[],
  connection: BatchConnection,
  knownAccounts: KnownAccounts,
  { nowMs, graceMs }: { nowMs: number; graceMs: number },
): Promise<PaymentAnswer[]> {
  const writes = items.map(toWrite);
  const transaction = connection.begin();
  try {
    sendLocks(transaction, writes);
    sendEndedHolds(transaction, writes);
    const opened = knownAccounts.missing(
      writes.flatMap((write) =>
        write.postings.map((posting) => [write.item.payment.tenantId, posting.account] as const)
      ),
    );
    if (opened.length > 0) sendAccounts(transaction, opened);
    sendOutcomes(transaction, writes, nowMs, graceMs);
    await transaction.commit();
    knownAccounts.add(opened);
    return writes.map((write) => write.answer);
  } catch (error) {
    await transaction.rollback();
    throw error;
  }
}

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

interface Write {
  item: SettleItem;
  answer: PaymentAnswer;
  status: PaymentStatus;
  capturedMinor: bigint;
  feeMinor: bigint;
  postings: Posting[];
}

function toWrite(item: SettleItem): Write {
  const { payment, outcome } = item;
  const succeeded = outcome.outcome === "approved";
  const feeMinor = succeeded ? item.feeMinor : 0n;
  const postings = succeeded
    ? capturePostings({
      amountMinor: payment.amountMinor,
      feeMinor,
      currency: payment.currency,
      merchantId: payment.merchantId,
      source: payment.provider === null
        ? { kind: "wallet", customerId: payment.customerId }
        : { kind: "provider", provider: payment.provider },
    })
    : [];
  const end = endOf(item);
  const status = item.next === null ? STATUS_OF_OUTCOME[end.outcome] : "processing";
  return {
    item,
    answer: settledAnswer(item, end, status, feeMinor),
    status,
    capturedMinor: succeeded ? payment.amountMinor : 0n,
    feeMinor,
    postings,
  };
}

const STATUS_OF_OUTCOME = {
  approved: "succeeded",
  declined: "declined",
  refused: "failed",
  voided: "failed",
  unknown: "in_doubt",
} as const satisfies Record<ChargeOutcome["outcome"], PaymentStatus>;

/**
 * What the payment ends as. A refusal of the second provider adds nothing to the issuer's word that the first one
 * brought: the payment is declined, as it was.
 */
function endOf({ payment, outcome }: SettleItem): ChargeOutcome {
  if (outcome.outcome !== "refused") return outcome;
  const declined = payment.answer.routing?.attempts.findLast((attempt) => attempt.outcome === "declined");
  return declined === undefined ? outcome : { outcome: "declined", code: declined.code as DeclineCode };
}

function settledAnswer(
  { payment, outcome, attempt, next }: SettleItem,
  end: ChargeOutcome,
  status: PaymentStatus,
  feeMinor: bigint,
): PaymentAnswer {
  const { answer } = payment;
  const attempts: PaymentAttempt[] = attempt === null ? [] : [{
    attempt: attempt.attempt,
    provider: attempt.route.provider,
    outcome: outcome.outcome,
    code: codeOf(outcome) ?? attempt.note,
    charge_id: outcome.outcome === "approved" ? outcome.chargeId : null,
    latency_ms: milliseconds(attempt.latencyMs),
    expected_success: attempt.route.expectedSuccess === null
      ? null
      : significant(attempt.route.expectedSuccess),
    expected_fee: formatAmount(attempt.route.feeMinor, payment.currency),
    expected_fee_minor: Number(attempt.route.feeMinor),
    reason: attempt.route.reason,
  }];
  return {
    ...answer,
    status,
    routing: answer.routing && {
      ...answer.routing,
      ...(next === null ? {} : routeAnswer(next, payment.currency)),
      attempts: [...answer.routing.attempts, ...attempts],
    },
    decline: next === null && end.outcome === "declined"
      ? {
        by: "issuer",
        code: end.code,
        message: declineMessage(end.code),
        retriable: declineIsRetriable(end.code),
      }
      : null,
    fee: formatAmount(feeMinor, payment.currency),
    fee_minor: Number(feeMinor),
    timings_ms: {
      ...answer.timings_ms,
      charge: milliseconds(answer.timings_ms.charge + (attempt?.latencyMs ?? 0)),
    },
    next_move: PAYMENT_STATUSES[status].nextMove,
  };
}

function codeOf(outcome: ChargeOutcome): string | null {
  return outcome.outcome === "declined" || outcome.outcome === "refused" ? outcome.code : null;
}

/**
 * Ending a hold locks the wallet's account, posting then locks the merchant's: out of id order. So a batch that
 * ends holds locks all its accounts first.
 */
function sendLocks(transaction: BatchTransaction, writes: readonly Write[]): void {
  if (writes.every((write) => write.item.payment.holdId === null)) return;
  const accounts = writes.flatMap((write) =>
    write.postings.map(({ account }) => [write.item.payment.tenantId, account.accountId] as const)
  );
  const { sql } = transaction;
  transaction.send(sql`
    select from ledger_lock_accounts(${textArray(accounts.map(([tenantId]) => tenantId))}::text[],
                                     ${textArray(accounts.map(([, accountId]) => accountId))}::text[])`);
}

function sendEndedHolds(transaction: BatchTransaction, writes: readonly Write[]): void {
  const ended = writes.filter((write) =>
    write.item.payment.holdId !== null && PAYMENT_STATUSES[write.status].final
  );
  if (ended.length === 0) return;
  const { sql, batchId } = transaction;
  transaction.send(sql`
    update holds h set state = u.state, posted_minor = u.posted_minor
      from unnest(${textArray(ended.map((w) => w.item.payment.tenantId))}::text[],
                  ${textArray(ended.map((w) => w.item.payment.holdId))}::text[],
                  ${textArray(ended.map((w) => w.status === "succeeded" ? "posted" : "voided"))}::text[],
                  ${
    scalarArray(ended.map((w) => w.capturedMinor))
  }::bigint[]) u (tenant_id, hold_id, state, posted_minor)
     where h.tenant_id = u.tenant_id and h.hold_id = u.hold_id and assert_batch(${batchId})`);
}

function sendAccounts(transaction: BatchTransaction, opened: readonly (readonly [string, Account])[]): void {
  const { sql, batchId } = transaction;
  // Sorted, so that two servers that open the same accounts wait for each other in one order.
  const sorted = [...opened].sort((a, b) => a[0] + a[1].accountId < b[0] + b[1].accountId ? -1 : 1);
  transaction.send(sql`
    insert into accounts (tenant_id, account_id, owner_id, kind, currency, may_go_negative)
    select * from unnest(${textArray(sorted.map(([tenantId]) => tenantId))}::text[],
                         ${textArray(sorted.map(([, account]) => account.accountId))}::text[],
                         ${textArray(sorted.map(([, account]) => account.ownerId))}::text[],
                         ${textArray(sorted.map(([, account]) => account.kind))}::text[],
                         ${textArray(sorted.map(([, account]) => account.currency))}::text[],
                         ${
    scalarArray(sorted.map(([, account]) => MAY_GO_NEGATIVE[account.kind]))
  }::boolean[]) u
     where assert_batch(${batchId})
        on conflict do nothing`);
}

function sendOutcomes(
  transaction: BatchTransaction,
  writes: readonly Write[],
  nowMs: number,
  graceMs: number,
): void {
  const { sql, batchId } = transaction;
  const now = toRfc3339(nowMs);
  const text = (value: (write: Write) => string | null) => textArray(writes.map(value));
  const scalar = (value: (write: Write) => number | bigint | null) => scalarArray(writes.map(value));
  const final = (write: Write) => PAYMENT_STATUSES[write.status].final;
  const legs = writes.flatMap((write) =>
    write.postings.map((posting, leg) => ({ write, posting, leg: leg + 1 }))
  );

  if (legs.length > 0) {
    transaction.send(sql`
      with transfer as (
        insert into transfers (tenant_id, transfer_id, kind, hold_id, payment_id, created_at)
      select tenant_id, 'tr_' || substr(payment_id, 5), case when hold_id is null then 'post' else 'hold_post' end,
             hold_id, payment_id, ${now}::timestamptz
        from unnest(${text((w) => w.postings.length > 0 ? w.item.payment.tenantId : null)}::text[],
                    ${text((w) => w.item.payment.paymentId)}::text[], ${
      text((w) => w.item.payment.holdId)
    }::text[])
             u (tenant_id, payment_id, hold_id)
       where tenant_id is not null and assert_batch(${batchId})
      )
      insert into postings (tenant_id, transfer_id, leg, account_id, currency, amount_minor)
      select * from unnest(${textArray(legs.map(({ write }) => write.item.payment.tenantId))}::text[],
                           ${
      textArray(legs.map(({ write }) => `tr_${write.item.payment.paymentId.slice(4)}`))
    }::text[],
                           ${scalarArray(legs.map(({ leg }) => leg))}::smallint[],
                           ${textArray(legs.map(({ posting }) => posting.account.accountId))}::text[],
                           ${textArray(legs.map(({ posting }) => posting.account.currency))}::text[],
                           ${scalarArray(legs.map(({ posting }) => posting.amountMinor))}::bigint[]) u
       where assert_batch(${batchId})`);
  }

  transaction.send(sql`
    with input as materialized (
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
      where assert_batch(${batchId})
    ), payment as (
      update payments p
         set status = u.status, captured_minor = u.captured_minor, fee_minor = u.fee_minor,
             provider_charge_id = u.charge_id, decline_by = u.decline_by, decline_code = u.decline_code,
             provider = coalesce(u.next_provider, p.provider),
             charge_number = case when u.next_provider is null then p.charge_number else u.charge_number + 1 end,
             finished_at = case when u.status in ('processing', 'in_doubt') then null else ${now}::timestamptz end
        from input u
       where p.tenant_id = u.tenant_id and p.payment_id = u.payment_id and p.status in ('processing', 'in_doubt')
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
       where o.tenant_id = u.tenant_id and o.payment_id = u.payment_id and u.status not in ('processing', 'in_doubt')
    ), going_on as (
      update open_payments o
         set next_check_at = case u.status when 'in_doubt' then ${
    toRfc3339(nowMs + DOUBT_RECHECK_MS)
  }::timestamptz else ${toRfc3339(nowMs + graceMs)}::timestamptz end
        from input u
       where o.tenant_id = u.tenant_id and o.payment_id = u.payment_id and u.status in ('processing', 'in_doubt')
    )
    insert into audit_events (tenant_id, audit_id, at, actor, action, resource, details)
    select tenant_id, 'aud_' || substr(payment_id, 5) || '_' || (attempt + 2), ${now}::timestamptz,
           principal, case status when 'processing' then 'payment.rerouted' else 'payment.' || status end, payment_id,
           jsonb_strip_nulls(jsonb_build_object('captured_minor', captured_minor, 'charge_id', charge_id,
                                                'provider', provider, 'code', coalesce(decline_code, attempt_code),
                                                'next_provider', next_provider))
      from input`);
}
