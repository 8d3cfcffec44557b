import { toRfc3339 } from "../core/clock.ts";
import { byteaArray, scalarArray, textArray } from "../db/array_literal.ts";
import type { BatchWriter } from "../db/batch_transaction.ts";
import { KEY_LIFETIME_MS } from "../db/idempotency_keys.ts";
import type { Sql } from "../db/pool.ts";
import type { EntityRef } from "../fraud/features/event.ts";
import { encodeState } from "../fraud/features/state.ts";
import {
  type AcceptDependencies,
  type AcceptedPayment,
  type AcceptedWrite,
  walletAccountId,
} from "./accept_payments.ts";
import { milliseconds, significant } from "./payment_answer.ts";
import type { BatchStates } from "./batch_states.ts";
import { stateKey } from "./remembered_states.ts";

/** What wallets pay with is set aside before the payments' rows name it. */
export function sendHolds(
  writer: BatchWriter,
  writes: readonly AcceptedWrite[],
  nowMs: number,
): void {
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
                           ${scalarArray(held.map((a) => a.item.request.amountMinor))}::bigint[])
                    u (tenant_id, hold_id, payment_id, account_id, currency, amount_minor)
       where ${guard}
    ), transfer as (
      insert into transfers (tenant_id, transfer_id, kind, payment_id, created_at)
      select tenant_id, hold_id, 'hold', payment_id, ${toRfc3339(nowMs)}::timestamptz from input
    )
    insert into holds (tenant_id, hold_id, account_id, currency, amount_minor, state, created_at)
    select tenant_id, hold_id, account_id, currency, amount_minor, 'pending', ${toRfc3339(nowMs)}::timestamptz
      from input`);
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
 * The feature states, the payments with their keys and audit rows, and the completer's list, in one statement. It fails,
 * and nothing of it is stored, when a state was changed or created since it was taken.
 *
 * @returns the version that the states' rows carry now
 */
export async function storeAccepted(
  writer: BatchWriter,
  writes: readonly AcceptedWrite[],
  { byTenant, stored }: BatchStates,
  nowMs: number,
  { graceMs, challengeLifetimeMs }: Pick<AcceptDependencies, "graceMs" | "challengeLifetimeMs">,
): Promise<string> {
  const { sql, guard } = writer;
  const now = toRfc3339(nowMs);
  const challengeEnds = toRfc3339(nowMs + challengeLifetimeMs);
  const text = (value: (write: AcceptedWrite) => string | null | undefined) => textArray(writes.map(value));
  const scalar = (value: (write: AcceptedWrite) => number | bigint | null) => scalarArray(writes.map(value));
  const request = (write: AcceptedWrite) => write.accepted.item.request;

  const fresh: StateWrite[] = [];
  const changed: StateWrite[] = [];
  for (const [tenantId, states] of byTenant) {
    for (const [ref, state] of states.entries()) {
      const version = stored.get(stateKey(tenantId, ref)) ?? null;
      (version === null ? fresh : changed).push({ tenantId, ref, state: encodeState(state), version });
    }
  }
  // In one order for everybody: two servers that write the same states, or one and who brings labels, must not wait
  // for each other in a circle.
  fresh.sort((a, b) => stateKey(a.tenantId, a.ref) < stateKey(b.tenantId, b.ref) ? -1 : 1);
  changed.sort((a, b) => stateKey(a.tenantId, a.ref) < stateKey(b.tenantId, b.ref) ? -1 : 1);
  const [{ version }] = await writer.send(sql<{ version: string }[]>`
    with fresh as (
      insert into feature_states (tenant_id, kind, entity_id, state)
      select tenant_id, kind, entity_id, state from ${stateRows(sql, fresh)} where ${guard}
    ), written as (
      update feature_states s set state = u.state
        from ${stateRows(sql, changed)}
       where s.tenant_id = u.tenant_id and s.kind = u.kind and s.entity_id = u.entity_id
         and s.xmin = u.version::xid and ${guard}
      returning 1
    ), input as materialized (
      select * from unnest(
        ${text((w) => request(w).tenantId)}::text[], ${text((w) => w.accepted.item.paymentId)}::text[],
        ${text((w) => w.accepted.status)}::text[],
        ${text((w) => request(w).method)}::text[], ${text((w) => request(w).currency)}::text[],
        ${scalar((w) => request(w).amountMinor)}::bigint[], ${text((w) => request(w).customerId)}::text[],
        ${text((w) => w.accepted.item.references.merchant.merchantId)}::text[],
        ${text((w) => w.accepted.item.references.paymentMethod?.paymentMethodId)}::text[],
        ${text((w) => request(w).principal)}::text[], ${text((w) => request(w).idempotencyKey)}::text[],
        ${text((w) => request(w).description)}::text[], ${text((w) => request(w).deviceId)}::text[],
        ${text((w) => request(w).ipAddress)}::text[],
        ${text((w) => request(w).country ?? w.accepted.item.references.customer.country)}::text[],
        ${text((w) => request(w).addressId)}::text[],
        ${text((w) => request(w).metadata === null ? null : JSON.stringify(request(w).metadata))}::jsonb[],
        ${scalar((w) => w.accepted.occurredAtMs)}::bigint[],
        ${byteaArray(writes.map((w) => vectorBytes(w.vector)))}::bytea[],
        ${scalar((w) => w.accepted.risk.score)}::real[], ${
    scalar((w) => w.accepted.risk.probability)
  }::float8[],
        ${text((w) => w.accepted.risk.decision)}::text[], ${
    text((w) => w.accepted.risk.modelVersion)
  }::text[],
        ${text((w) => w.accepted.route?.provider)}::text[], ${text((w) => w.answer?.decline?.by)}::text[],
        ${text((w) => w.answer?.decline?.code)}::text[],
        ${text((w) => w.accepted.item.requestHash)}::text[],
        ${text((w) => w.accepted.status === "declined" ? JSON.stringify(w.answer) : null)}::text[],
        ${text((w) => JSON.stringify(auditDetails(w)))}::jsonb[]
      ) u (tenant_id, payment_id, status, method, currency, amount_minor, customer_id, merchant_id,
           payment_method_id, principal, idempotency_key, description, device_id, ip_address, country, address_id, metadata,
           occurred_at_ms, feature_vector, risk_score, fraud_probability, risk_decision, model_version, provider,
           decline_by, decline_code, request_hash, response, audit_details)
      where ${guard}
    ), payment as (
      insert into payments (tenant_id, payment_id, status, method, currency, amount_minor, customer_id, merchant_id,
           payment_method_id, principal, idempotency_key, description, device_id, ip_address, country, address_id, metadata,
           occurred_at_ms, feature_vector, risk_score, fraud_probability, risk_decision, model_version, provider,
           decline_by, decline_code, created_at, finished_at)
      select tenant_id, payment_id, status, method, currency, amount_minor, customer_id, merchant_id,
           payment_method_id, principal, idempotency_key, description, device_id, ip_address, country, address_id, metadata,
           occurred_at_ms, feature_vector, risk_score, fraud_probability, risk_decision, model_version, provider,
           decline_by, decline_code, ${now}::timestamptz,
           case when status = 'declined' then ${now}::timestamptz end
        from input
    ), open as (
      insert into open_payments (tenant_id, payment_id, next_check_at)
      select tenant_id, payment_id,
             case status when 'requires_action' then ${challengeEnds}::timestamptz
                         else ${toRfc3339(nowMs + graceMs)}::timestamptz end
        from input where status in ('processing', 'requires_action')
    ), key as (
      insert into idempotency_keys (tenant_id, principal, key, tool, request_hash, resource_id, created_at, expires_at)
      select tenant_id, principal, idempotency_key, 'create_payment', request_hash, payment_id,
             ${now}::timestamptz, ${toRfc3339(nowMs + KEY_LIFETIME_MS)}::timestamptz
        from input where idempotency_key is not null
    ), answer as (
      insert into idempotency_answers (tenant_id, resource_id, response)
      select tenant_id, payment_id, response from input where idempotency_key is not null and response is not null
    ), audit as (
      insert into audit_events (tenant_id, audit_id, at, actor, action, resource, details)
      select tenant_id, 'aud_' || substr(payment_id, 5) || '_1', ${now}::timestamptz, principal,
             case status when 'processing' then 'payment.accepted' else 'payment.' || status end, payment_id,
             audit_details
        from input
    )
    select pg_current_xact_id()::xid::text as version
     where assert_versions_held((select count(*) from written), ${changed.length})`);
  return version;
}

interface StateWrite {
  tenantId: string;
  ref: EntityRef;
  state: Uint8Array;
  /** The version it was read at; null when it is new. */
  version: string | null;
}

function stateRows(sql: Sql, states: readonly StateWrite[]) {
  return sql`unnest(${textArray(states.map((entry) => entry.tenantId))}::text[],
                    ${textArray(states.map((entry) => entry.ref.kind))}::text[],
                    ${textArray(states.map((entry) => entry.ref.id))}::text[],
                    ${byteaArray(states.map((entry) => entry.state))}::bytea[], ${
    textArray(states.map((entry) => entry.version))
  }::text[])
                    u (tenant_id, kind, entity_id, state, version)`;
}

/** What was known when it was decided: the only place that keeps the route's reasons if the call dies before it. */
function auditDetails({ accepted, answer }: AcceptedWrite) {
  const { risk, route, timingsMs } = accepted;
  return {
    risk_score: risk.score,
    decided_by: risk.decidedBy,
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
