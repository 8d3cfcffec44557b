import { toRfc3339 } from "../core/clock.ts";
import { BytesOfRows, recordArray, type RecordField, scalarArray, textArray } from "../db/array_literal.ts";
import type { BatchWriter } from "../db/batch_transaction.ts";
import { KEY_LIFETIME_MS } from "../db/idempotency_keys.ts";
import type { Sql } from "../db/pool.ts";
import { writeAhead } from "../db/tenant_clocks.ts";
import type { EntityRef } from "../fraud/features/event.ts";
import { encodeState } from "../fraud/features/state.ts";
import {
  type AcceptDependencies,
  type AcceptedPayment,
  type AcceptedWrite,
  type Decisions,
} from "./accept_payments.ts";
import type { BatchStates } from "./batch_states.ts";
import { milliseconds, type PaymentAnswer, significant } from "./payment_answer.ts";
import type { StatementPart } from "./store_batch.ts";
import { walletAccountId } from "./wallet_payers.ts";

/**
 * What wallets pay with is set aside before the payments' rows name it. In the wallet it has the payment's own time, as
 * transfers and top-ups have theirs: that a simulated one is recorded now says nothing about when the money was spent.
 */
export function sendHolds(writer: BatchWriter, writes: readonly AcceptedWrite[]): void {
  const held = writes.map((write) => write.accepted).filter((accepted) => accepted.holdId !== null);
  if (held.length === 0) return;
  const { sql, guard } = writer;
  const column = (value: (accepted: AcceptedPayment) => string | null) => textArray(held.map(value));
  writer.send(sql`
    with input as materialized (
      select * from unnest(${column((a) => a.item.request.tenantId)}::text[], ${
    column((a) => a.holdId)
  }::text[],
                           ${column((a) => a.item.paymentId)}::text[], ${
    column((a) => walletAccountId(a.item))
  }::text[],
                           ${column((a) => a.item.request.currency)}::text[],
                           ${scalarArray(held.map((a) => a.item.request.amountMinor))}::bigint[],
                           ${column((a) => toRfc3339(a.occurredAtMs))}::timestamptz[])
                    u (tenant_id, hold_id, payment_id, account_id, currency, amount_minor, created_at)
       where ${guard}
    ), transfer as (
      insert into transfers (tenant_id, transfer_id, kind, payment_id, created_at)
      select tenant_id, hold_id, 'hold', payment_id, created_at from input
    )
    insert into holds (tenant_id, hold_id, account_id, currency, amount_minor, state, created_at)
    select tenant_id, hold_id, account_id, currency, amount_minor, 'pending', created_at from input`);
}

/** A wallet's payment that waits for its owner. */
export function sendChallenges(
  writer: BatchWriter,
  writes: readonly AcceptedWrite[],
  nowMs: number,
  challengeLifetimeMs: number,
): void {
  const challenged = writes.filter(({ accepted }) => accepted.status === "requires_action");
  if (challenged.length === 0) return;
  const { sql, guard } = writer;
  writer.send(sql`
    insert into payment_challenges (tenant_id, payment_id, asked_by, created_at, expires_at)
    select u.tenant_id, u.payment_id, 'risk', ${toRfc3339(nowMs)}::timestamptz,
           ${toRfc3339(nowMs + challengeLifetimeMs)}::timestamptz
      from unnest(${textArray(challenged.map(({ accepted }) => accepted.item.request.tenantId))}::text[],
                  ${
    textArray(challenged.map(({ accepted }) => accepted.item.paymentId))
  }::text[]) u (tenant_id, payment_id)
     where ${guard}`);
}

/**
 * The feature states, the payments with their keys and audit rows, and the completer's list. The statement fails, and
 * nothing of it is stored, when a state was changed or created since it was taken.
 *
 * @param version what the states' rows carry from now on
 */
export function acceptedPart(
  { sql, guard }: Pick<BatchWriter, "sql" | "guard">,
  { writes, states, nowMs, clocks }: Omit<Decisions, "results">,
  version: string,
  { graceMs, challengeLifetimeMs }: Pick<AcceptDependencies, "graceMs" | "challengeLifetimeMs">,
): StatementPart {
  const now = toRfc3339(nowMs);
  const { fresh, changed } = stateWritesOf(states);
  const freshState = fresh.length === 0 ? sql`` : sql`fresh_state as (
      insert into feature_states (tenant_id, kind, entity_id, state, version)
      select tenant_id, kind, entity_id, ${stateOf(sql)}, ${version}::bigint from ${
    stateRows(sql, fresh)
  } where ${guard}
    ), `;
  const ahead = clocks.length === 0 ? sql`` : sql`ahead as (${writeAhead(sql, clocks, guard)}), `;
  const vectors = new BytesOfRows(writes.map(({ vector }) => vectorBytes(vector)));
  return {
    tables: sql`${freshState}${ahead}written_state as (
      update feature_states s set state = ${stateOf(sql)}, version = ${version}::bigint
        from ${stateRows(sql, changed)}
       where s.tenant_id = u.tenant_id and s.kind = u.kind and s.entity_id = u.entity_id
         and s.version = u.version and ${guard}
      returning 1
    ), accepted as materialized (
      select * from unnest(${
      recordArray(writes.map((write, i) => acceptedRow(write, vectors.firstBytes[i], vectors.byteCounts[i])))
    }::batch_accepted[]) where ${guard}
    ), accepted_payment as (
      insert into payments (tenant_id, payment_id, status, method, currency, amount_minor, customer_id, merchant_id,
           payment_method_id, principal, idempotency_key, description, device_id, ip_address, country, address_id, metadata,
           occurred_at_ms, feature_vector, risk_score, fraud_probability, risk_decision, approval_propensity,
           model_version, provider, decline_by, decline_code, created_at, finished_at)
      select tenant_id, payment_id, status, method, currency, amount_minor, customer_id, merchant_id,
           payment_method_id, principal, idempotency_key, description, device_id, ip_address, country, address_id, metadata,
           occurred_at_ms, substr(${vectors.all}::bytea, first_byte, byte_count), risk_score, fraud_probability,
           risk_decision, (audit_details ->> 'propensity')::float8, model_version, provider, decline_by, decline_code,
           ${now}::timestamptz,
           case when status = 'declined' then ${now}::timestamptz end
        from accepted
    ), opened as (
      insert into open_payments (tenant_id, payment_id, next_check_at)
      select tenant_id, payment_id,
             case status when 'requires_action' then ${toRfc3339(nowMs + challengeLifetimeMs)}::timestamptz
                         else ${toRfc3339(nowMs + graceMs)}::timestamptz end
        from accepted where status in ('processing', 'requires_action')
    ), key as (
      insert into idempotency_keys (tenant_id, principal, key, tool, request_hash, resource_id, created_at, expires_at)
      select tenant_id, principal, idempotency_key, 'create_payment', request_hash, payment_id,
             ${now}::timestamptz, ${toRfc3339(nowMs + KEY_LIFETIME_MS)}::timestamptz
        from accepted where idempotency_key is not null
    )`,
    answers: sql`
      select tenant_id, payment_id, response from accepted where idempotency_key is not null and response is not null`,
    audits: sql`
      select tenant_id, 'aud_' || substr(payment_id, 5) || '_1', ${now}::timestamptz, principal,
             case status when 'processing' then 'payment.accepted' else 'payment.' || status end, payment_id,
             audit_details
        from accepted`,
    condition: sql`assert_versions_held((select count(*) from written_state), ${changed.length})`,
  };
}

/** In the order of the type `batch_accepted`. */
function acceptedRow(
  { accepted, answer }: AcceptedWrite,
  firstByte: number,
  byteCount: number,
): RecordField[] {
  const { item, status, risk, route, occurredAtMs } = accepted;
  const { request, references, paymentId, requestHash } = item;
  return [
    request.tenantId,
    paymentId,
    status,
    request.method,
    request.currency,
    request.amountMinor,
    request.customerId,
    references.merchant.merchantId,
    references.paymentMethod?.paymentMethodId,
    request.principal,
    request.idempotencyKey,
    request.description,
    request.deviceId,
    request.ipAddress,
    request.country ?? references.customer.country,
    request.addressId,
    request.metadata === null ? null : JSON.stringify(request.metadata),
    occurredAtMs,
    firstByte,
    byteCount,
    risk.score,
    risk.probability,
    risk.decision,
    risk.modelVersion,
    route?.provider,
    answer?.decline?.by,
    answer?.decline?.code,
    requestHash,
    status === "declined" ? JSON.stringify(answer) : null,
    JSON.stringify(auditDetails(accepted, answer)),
  ];
}

interface StateWrite {
  readonly tenantId: string;
  readonly ref: EntityRef;
  readonly state: Uint8Array;
  /** The version it was taken at; null when it is new. */
  readonly version: string | null;
}

/**
 * Each in one order for everybody: two servers that write the same states, or one and who brings labels, must not wait
 * for each other in a circle.
 */
function stateWritesOf({ byTenant, entities }: BatchStates): { fresh: StateWrite[]; changed: StateWrite[] } {
  const fresh: StateWrite[] = [];
  const changed: StateWrite[] = [];
  for (const key of [...entities.keys()].sort()) {
    const { tenantId, ref, version } = entities.get(key)!;
    const state = byTenant.get(tenantId)!.get(ref);
    if (state === undefined) continue;
    (version === null ? fresh : changed).push({ tenantId, ref, state: encodeState(state), version });
  }
  return { fresh, changed };
}

function stateRows(sql: Sql, writes: readonly StateWrite[]) {
  const bytes = new BytesOfRows(writes.map(({ state }) => state));
  const rows = writes.map(({ tenantId, ref, version }, i): RecordField[] => [
    tenantId,
    ref.kind,
    ref.id,
    bytes.firstBytes[i],
    bytes.byteCounts[i],
    version,
  ]);
  return sql`(select r.*, ${bytes.all}::bytea as all_states from unnest(${
    recordArray(rows)
  }::batch_state[]) r) u`;
}

/** Of one of {@link stateRows}. */
function stateOf(sql: Sql) {
  return sql`substr(u.all_states, u.first_byte, u.byte_count)`;
}

/** What was known when it was decided: the only place that keeps the route's reasons if the call dies before it. */
function auditDetails({ risk, route, timingsMs }: AcceptedPayment, answer: PaymentAnswer | null) {
  return {
    risk_score: risk.score,
    decided_by: risk.decidedBy,
    propensity: risk.propensity,
    model_version: risk.modelVersion,
    queue_ms: milliseconds(timingsMs.queue),
    screen_ms: milliseconds(timingsMs.screen),
    ...(route === null ? {} : {
      provider: route.provider,
      expected_success: significant(route.expectedSuccess),
      sample_size: route.sampleSize,
      reason: route.reason,
    }),
    ...(answer?.decline ? { decline: answer.decline.code } : {}),
  };
}

/** The vector as stored: float64, little endian, so that it can be compared to the bit later. */
function vectorBytes(vector: Float64Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}
