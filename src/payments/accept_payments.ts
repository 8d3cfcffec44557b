import { createHash } from "node:crypto";
import { toRfc3339 } from "../core/clock.ts";
import { DomainError } from "../core/errors.ts";
import { toReferenceUsd } from "../core/money.ts";
import { byteaArray, scalarArray, textArray } from "../db/array_literal.ts";
import type { BatchConnection, BatchReader, BatchTransaction } from "../db/batch_transaction.ts";
import { KEY_LIFETIME_MS, keyReusedError, type KnownKey, readKnownKeys } from "../db/idempotency_keys.ts";
import type { Sql } from "../db/pool.ts";
import { earliestMs, entitiesOf, observe, readFeatures } from "../fraud/features/engine.ts";
import type { EntityRef, PaymentEvent } from "../fraud/features/event.ts";
import { FeatureStates } from "../fraud/features/feature_states.ts";
import { decodeState, encodeState } from "../fraud/features/state.ts";
import { type FraudModelPort, type RiskAssessment, screenPayment } from "../fraud/screen_payment.ts";
import { accountOf } from "../ledger/accounts.ts";
import type { Route } from "../routing/route_payment.ts";
import { declinedAnswer, type PaymentAnswer } from "./payment_answer.ts";
import type { PaymentRequest } from "./payment.ts";
import { cardIdOf, type PaymentReferences } from "./references.ts";

export interface AcceptItem {
  readonly request: PaymentRequest;
  readonly references: PaymentReferences;
  readonly requestHash: string;
  readonly paymentId: string;
  readonly submittedMs: number;
}

export interface AcceptedPayment {
  readonly item: AcceptItem;
  readonly occurredAtMs: number;
  readonly createdAtMs: number;
  readonly risk: RiskAssessment;
  /** Null when a wallet pays: then `holdId` names what is held. */
  readonly route: Route | null;
  readonly holdId: string | null;
  readonly timingsMs: { queue: number; screen: number };
}

export type AcceptResult =
  | { kind: "accepted"; payment: AcceptedPayment }
  | { kind: "declined"; answer: PaymentAnswer }
  | { kind: "replay"; response: string }
  | { kind: "in_flight"; paymentId: string }
  | { kind: "refused"; error: DomainError };

export interface AcceptDependencies {
  readonly model: FraudModelPort;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  readonly route: (item: AcceptItem, occurredAtMs: number) => Route;
  /**
   * Whether states are read under lock. Without, a batch that another server overtook fails as a lost race
   * (`serialization_failure`) and stores nothing.
   */
  readonly lockStates: boolean;
  /** How long the completer leaves a new payment to the call that made it. */
  readonly graceMs: number;
}

/**
 * Transaction 1 of many payments at once: claim the idempotency keys, read the feature states under lock, score,
 * decide, route, and store payment, decision and updated states. If the process dies before the commit nothing
 * has happened; after it the completer finishes what is left.
 *
 * A payment is observed by the feature engine here, when it is attempted, and not when its outcome is known:
 * a burst of simultaneous payments must see itself (docs/decisions/0001-observe-at-decision.md).
 */
export async function acceptPayments(
  items: readonly AcceptItem[],
  connection: BatchConnection,
  dependencies: AcceptDependencies,
): Promise<AcceptResult[]> {
  const startedMs = dependencies.monotonicMs();
  // What is read without locks is read before the transaction: a key taken or a state changed since then makes the
  // transaction fail, and it is one round trip from begin to commit.
  const locks = dependencies.lockStates || items.some((item) => item.request.method === "wallet");
  let transaction = locks ? connection.begin() : null;
  const reader: BatchReader = transaction ?? connection;
  try {
    const results: (AcceptResult | undefined)[] = new Array(items.length);
    const [knownKeys, states, funds] = await Promise.all([
      readKnownKeys(reader, items.map(keyOf)),
      readStates(reader, items, dependencies.lockStates),
      readFunds(reader, items),
    ]);
    const nowMs = dependencies.nowMs();
    const writes: Write[] = [];
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      const earlier = knownKeys.get(i);
      if (earlier !== undefined) {
        results[i] = answerEarlier(item, earlier);
        continue;
      }
      const wallet = item.request.method === "wallet" ? walletFunds(item, funds) : null;
      if (wallet instanceof DomainError) {
        results[i] = { kind: "refused", error: wallet };
        continue;
      }
      const write = screen(item, states, wallet, nowMs, startedMs, dependencies);
      writes.push(write);
      results[i] = write.answer === null
        ? { kind: "accepted", payment: write.accepted }
        : { kind: "declined", answer: write.answer };
    }
    if (writes.length > 0) {
      transaction ??= connection.begin();
      sendHolds(transaction, writes, nowMs);
      sendWrites(transaction, writes, states, nowMs, dependencies.graceMs);
    }
    await transaction?.commit();
    return results as AcceptResult[];
  } catch (error) {
    await transaction?.rollback();
    throw error;
  }
}

/** What a repeated call must repeat: everything but the key itself and the simulated time. */
export function requestHashOf(request: PaymentRequest): string {
  const { metadata } = request;
  const repeated = {
    amountMinor: request.amountMinor.toString(),
    currency: request.currency,
    method: request.method,
    customerId: request.customerId,
    merchantId: request.merchantId,
    paymentMethodId: request.paymentMethodId,
    description: request.description,
    deviceId: request.deviceId,
    ipAddress: request.ipAddress,
    country: request.country,
    addressId: request.addressId,
    metadata: metadata === null ? null : Object.entries(metadata).sort(([a], [b]) => a < b ? -1 : 1),
  } satisfies Record<
    Exclude<keyof PaymentRequest, "tenantId" | "principal" | "idempotencyKey" | "simulatedAtMs">,
    unknown
  >;
  const canonical = JSON.stringify(repeated);
  return createHash("sha256").update(canonical).digest("base64url");
}

/** The feature states a batch works on: ids are unique within a tenant only. */
interface BatchStates {
  readonly byTenant: Map<string, FeatureStates>;
  /** `tenant/kind/id` of those that had a row when they were read, with the version of it. */
  readonly stored: Map<string, string>;
}

interface Write {
  accepted: AcceptedPayment;
  vector: Float64Array;
  /** Set when the payment ends here. */
  answer: PaymentAnswer | null;
}

interface WalletFunds {
  accountId: string;
  availableMinor: bigint;
}

function keyOf({ request: { tenantId, principal, idempotencyKey } }: AcceptItem) {
  return { tenantId, principal, key: idempotencyKey };
}

async function readStates(
  reader: BatchReader,
  items: readonly AcceptItem[],
  lock: boolean,
): Promise<BatchStates> {
  const wanted = new Map<string, { tenantId: string; ref: EntityRef }>();
  const byTenant = new Map<string, FeatureStates>();
  for (const item of items) {
    const { tenantId } = item.request;
    if (!byTenant.has(tenantId)) byTenant.set(tenantId, new FeatureStates());
    for (const ref of entitiesOf(toPaymentEvent(item, 0))) {
      wanted.set(`${tenantId}/${ref.kind}/${ref.id}`, { tenantId, ref });
    }
  }
  const entries = [...wanted.values()];
  const { sql } = reader;
  const rows = await reader.send(sql<StateRow[]>`
    select s.tenant_id, s.kind, s.entity_id, s.state, s.xmin::text as version
      from unnest(${textArray(entries.map((entry) => entry.tenantId))}::text[],
                  ${textArray(entries.map((entry) => entry.ref.kind))}::text[],
                  ${textArray(entries.map((entry) => entry.ref.id))}::text[]) u (tenant_id, kind, entity_id)
     ${
    lock
      ? sql`join feature_states s using (tenant_id, kind, entity_id)
            order by s.tenant_id, s.kind, s.entity_id for update of s`
      : sql`cross join lateral (select s.tenant_id, s.kind, s.entity_id, s.state, s.xmin from feature_states s
             where s.tenant_id = u.tenant_id and s.kind = u.kind and s.entity_id = u.entity_id limit 1) s`
  }`);
  const stored = new Map<string, string>();
  for (const row of rows) {
    byTenant.get(row.tenant_id)!.set({ kind: row.kind, id: row.entity_id }, decodeState(row.state));
    stored.set(`${row.tenant_id}/${row.kind}/${row.entity_id}`, row.version);
  }
  return { byTenant, stored };
}

interface StateRow {
  tenant_id: string;
  kind: EntityRef["kind"];
  entity_id: string;
  state: Uint8Array;
  /** Of the row: the transaction that wrote it. */
  version: string;
}

async function readFunds(
  reader: BatchReader,
  items: readonly AcceptItem[],
): Promise<Map<string, WalletFunds>> {
  const wallets = items.filter((item) => item.request.method === "wallet");
  if (wallets.length === 0) return new Map();
  const { sql } = reader;
  const rows = await reader.send(
    sql<{ tenant_id: string; account_id: string; available_minor: string }[]>`
    select tenant_id, account_id, available_minor::text
      from ledger_lock_accounts(${textArray(wallets.map((item) => item.request.tenantId))}::text[],
                                ${textArray(wallets.map((item) => walletAccountId(item)))}::text[])`,
  );
  return new Map(rows.map((row) => [
    `${row.tenant_id}/${row.account_id}`,
    { accountId: row.account_id, availableMinor: BigInt(row.available_minor) },
  ]));
}

function walletAccountId(item: AcceptItem): string {
  return accountOf("wallet", item.request.customerId, item.request.currency).accountId;
}

function walletFunds(item: AcceptItem, funds: Map<string, WalletFunds>): WalletFunds | DomainError {
  const { tenantId, customerId, currency } = item.request;
  return funds.get(`${tenantId}/${walletAccountId(item)}`) ??
    new DomainError("unknown_wallet", `Customer "${customerId}" has no wallet in ${currency}.`, {
      field: "currency",
      nextMove: "Pay by card, or in the currency of a wallet the customer has.",
    });
}

function answerEarlier(item: AcceptItem, earlier: KnownKey): AcceptResult {
  if (earlier.requestHash !== item.requestHash) {
    return { kind: "refused", error: keyReusedError(item.request.idempotencyKey!) };
  }
  return earlier.response === null
    ? { kind: "in_flight", paymentId: earlier.resourceId }
    : { kind: "replay", response: earlier.response };
}

function screen(
  item: AcceptItem,
  { byTenant }: BatchStates,
  wallet: WalletFunds | null,
  nowMs: number,
  startedMs: number,
  dependencies: AcceptDependencies,
): Write {
  const states = byTenant.get(item.request.tenantId)!;
  const asked = toPaymentEvent(item, item.request.simulatedAtMs ?? nowMs);
  // Moved on where an entity's history is already later. So each entity's payments and labels have one order, and a
  // rebuild in order of time meets the same states.
  const occurredAtMs = earliestMs(asked, states);
  const event = occurredAtMs === asked.occurredAtMs ? asked : { ...asked, occurredAtMs };
  const vector = readFeatures(event, states);
  observe(event, states);
  const risk = screenPayment(vector, dependencies.model, {
    isTestMethod: item.references.paymentMethod?.isTest ?? false,
  });
  const lacksFunds = wallet !== null && wallet.availableMinor < item.request.amountMinor;
  const declined = risk.decision === "decline"
    ? { by: "risk", code: "fraud_suspected" } as const
    : lacksFunds
    ? { by: "wallet", code: "wallet_insufficient_funds" } as const
    : null;
  if (declined === null && wallet !== null) wallet.availableMinor -= item.request.amountMinor;
  const accepted: AcceptedPayment = {
    item,
    occurredAtMs,
    createdAtMs: nowMs,
    risk,
    route: wallet === null && declined === null ? dependencies.route(item, occurredAtMs) : null,
    holdId: wallet !== null && declined === null ? `hold_${item.paymentId.slice(4)}` : null,
    timingsMs: { queue: startedMs - item.submittedMs, screen: dependencies.monotonicMs() - startedMs },
  };
  return { accepted, vector, answer: declined === null ? null : declinedAnswer(accepted, declined) };
}

function toPaymentEvent(item: AcceptItem, occurredAtMs: number): PaymentEvent {
  const { request, references } = item;
  const { customer, merchant, paymentMethod } = references;
  return {
    paymentId: item.paymentId,
    occurredAtMs,
    customerId: customer.customerId,
    cardId: paymentMethod === null ? null : cardIdOf(customer.customerId, paymentMethod.paymentMethodId),
    deviceId: request.deviceId,
    addressId: request.addressId,
    merchantId: merchant.merchantId,
    amountUsd: toReferenceUsd(request.amountMinor, request.currency),
    merchantCategory: merchant.category,
    merchantCountry: merchant.country,
    country: request.country ?? customer.country,
    customerCountry: customer.country,
    cardCountry: paymentMethod?.issuerCountry ?? null,
    customerSinceMs: customer.sinceMs,
  };
}

function sendHolds(transaction: BatchTransaction, writes: readonly Write[], nowMs: number): void {
  const held = writes.map((write) => write.accepted).filter((accepted) => accepted.holdId !== null);
  if (held.length === 0) return;
  const { sql, batchId } = transaction;
  const column = (value: (accepted: AcceptedPayment) => string | null) => textArray(held.map(value));
  transaction.send(sql`
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
       where assert_batch(${batchId})
    ), transfer as (
      insert into transfers (tenant_id, transfer_id, kind, payment_id, created_at)
      select tenant_id, hold_id, 'hold', payment_id, ${toRfc3339(nowMs)}::timestamptz from input
    )
    insert into holds (tenant_id, hold_id, account_id, currency, amount_minor, state, created_at)
    select tenant_id, hold_id, account_id, currency, amount_minor, 'pending', ${toRfc3339(nowMs)}::timestamptz
      from input`);
}

function sendWrites(
  transaction: BatchTransaction,
  writes: readonly Write[],
  { byTenant, stored }: BatchStates,
  nowMs: number,
  graceMs: number,
): void {
  const { sql, batchId } = transaction;
  const now = toRfc3339(nowMs);
  const text = (value: (write: Write) => string | null | undefined) => textArray(writes.map(value));
  const scalar = (value: (write: Write) => number | bigint | null) => scalarArray(writes.map(value));
  const request = (write: Write) => write.accepted.item.request;

  const fresh: StateWrite[] = [];
  const changed: StateWrite[] = [];
  for (const [tenantId, states] of byTenant) {
    for (const [ref, state] of states.entries()) {
      const version = stored.get(`${tenantId}/${ref.kind}/${ref.id}`) ?? null;
      (version === null ? fresh : changed).push({ tenantId, ref, state: encodeState(state), version });
    }
  }
  // A state that a concurrent batch has just created makes this insert fail; the batch is then run again.
  if (fresh.length > 0) {
    // In one order for everybody: two servers that create the same states must not wait for each other in a circle.
    const keyOf = ({ tenantId, ref }: StateWrite) => `${tenantId}/${ref.kind}/${ref.id}`;
    fresh.sort((a, b) => keyOf(a) < keyOf(b) ? -1 : 1);
    transaction.send(sql`
      insert into feature_states (tenant_id, kind, entity_id, state)
      select tenant_id, kind, entity_id, state from ${stateRows(sql, fresh)} where assert_batch(${batchId})`);
  }
  if (changed.length > 0) {
    transaction.send(sql`
      with written as (
        update feature_states s set state = u.state
          from ${stateRows(sql, changed)}
         where s.tenant_id = u.tenant_id and s.kind = u.kind and s.entity_id = u.entity_id
           and s.xmin = u.version::xid and assert_batch(${batchId})
        returning 1
      )
      select assert_versions_held((select count(*) from written), ${changed.length})`);
  }

  transaction.send(sql`
    with input as materialized (
      select * from unnest(
        ${text((w) => request(w).tenantId)}::text[], ${text((w) => w.accepted.item.paymentId)}::text[],
        ${text((w) => w.answer === null ? "processing" : "declined")}::text[],
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
        ${text((w) => w.answer === null ? null : JSON.stringify(w.answer))}::text[],
        ${text((w) => JSON.stringify(auditDetails(w)))}::jsonb[]
      ) u (tenant_id, payment_id, status, method, currency, amount_minor, customer_id, merchant_id,
           payment_method_id, principal, idempotency_key, description, device_id, ip_address, country, address_id, metadata,
           occurred_at_ms, feature_vector, risk_score, fraud_probability, risk_decision, model_version, provider,
           decline_by, decline_code, request_hash, response, audit_details)
      where assert_batch(${batchId})
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
      select tenant_id, payment_id, ${
    toRfc3339(nowMs + graceMs)
  }::timestamptz from input where status = 'processing'
    ), key as (
      insert into idempotency_keys (tenant_id, principal, key, tool, request_hash, resource_id, created_at, expires_at)
      select tenant_id, principal, idempotency_key, 'create_payment', request_hash, payment_id,
             ${now}::timestamptz, ${toRfc3339(nowMs + KEY_LIFETIME_MS)}::timestamptz
        from input where idempotency_key is not null
    ), answer as (
      insert into idempotency_answers (tenant_id, resource_id, response)
      select tenant_id, payment_id, response from input where idempotency_key is not null and response is not null
    )
    insert into audit_events (tenant_id, audit_id, at, actor, action, resource, details)
    select tenant_id, 'aud_' || substr(payment_id, 5) || '_1', ${now}::timestamptz, principal,
           case when status = 'declined' then 'payment.declined' else 'payment.accepted' end, payment_id, audit_details
      from input`);
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

function auditDetails({ accepted, answer }: Write) {
  return {
    risk_score: accepted.risk.score,
    decided_by: accepted.risk.decidedBy,
    model_version: accepted.risk.modelVersion,
    ...(accepted.route === null ? {} : { provider: accepted.route.provider }),
    ...(answer?.decline ? { decline: answer.decline.code } : {}),
  };
}

/** The vector as stored: float64, little endian, so that it can be compared to the bit later. */
function vectorBytes(vector: Float64Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}
