import { createHash } from "node:crypto";
import { DomainError } from "../core/errors.ts";
import { toReferenceUsd } from "../core/money.ts";
import { textArray } from "../db/array_literal.ts";
import { type BatchConnection, type BatchReader, commitWith } from "../db/batch_transaction.ts";
import { keyReusedError, type KnownKey, readKnownKeys } from "../db/idempotency_keys.ts";
import { earliestMs, entitiesOf, observe, readFeatures } from "../fraud/features/engine.ts";
import type { EntityRef, PaymentEvent } from "../fraud/features/event.ts";
import { FeatureStates } from "../fraud/features/feature_states.ts";
import { decodeState } from "../fraud/features/state.ts";
import { type FraudModelPort, type RiskAssessment, screenPayment } from "../fraud/screen_payment.ts";
import { accountOf } from "../ledger/accounts.ts";
import type { Route } from "../routing/route_payment.ts";
import { challengedAnswer, declinedAnswer, type PaymentAnswer } from "./payment_answer.ts";
import { sendChallenges, sendHolds, storeAccepted } from "./store_accepted.ts";
import type { PaymentRequest } from "./payment.ts";
import type { RecentKeys } from "./recent_keys.ts";
import { cardIdOf, type PaymentReferences } from "./references.ts";
import { type RememberedStates, stateKey } from "./remembered_states.ts";

export interface AcceptItem {
  readonly request: PaymentRequest;
  readonly references: PaymentReferences;
  readonly requestHash: string;
  readonly paymentId: string;
  readonly submittedMs: number;
}

export interface AcceptedPayment {
  readonly item: AcceptItem;
  readonly status: "processing" | "requires_action" | "declined";
  readonly occurredAtMs: number;
  readonly createdAtMs: number;
  readonly risk: RiskAssessment;
  /** The score from which the screen asked for a challenge; null where it did not. */
  readonly stepUpAt: number | null;
  /** Null when a wallet pays: then `holdId` names what is held. */
  readonly route: Route | null;
  readonly holdId: string | null;
  readonly timingsMs: { queue: number; screen: number };
}

export type AcceptResult =
  | { kind: "accepted"; payment: AcceptedPayment }
  | { kind: "declined"; answer: PaymentAnswer }
  /** A wallet's payment that its owner has to confirm: the money is held. */
  | { kind: "challenged"; answer: PaymentAnswer }
  | { kind: "replay"; response: string }
  | { kind: "in_flight"; paymentId: string }
  | { kind: "refused"; error: DomainError };

export interface AcceptDependencies {
  readonly model: FraudModelPort;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  readonly route: (item: AcceptItem, occurredAtMs: number, mandateChallenge: boolean) => Route;
  /**
   * Whether states are read under lock. Without, a batch that another server overtook fails as a lost race
   * (`serialization_failure`) and stores nothing.
   */
  readonly lockStates: boolean;
  /**
   * Whether every key is looked up. Without, a key that {@link recentKeys} does not know is taken for new, and a batch
   * in which one is not fails as a lost race on `idempotency_keys_pkey` and stores nothing.
   */
  readonly lookUpKeys: boolean;
  readonly rememberedStates: RememberedStates;
  readonly recentKeys: RecentKeys;
  /** How long the completer leaves a new payment to the call that made it. */
  readonly graceMs: number;
  /** The score from which the customer has to prove who pays; null for never. */
  readonly stepUpAt: number | null;
  readonly challengeLifetimeMs: number;
}

/**
 * Transaction 1 of many payments at once: claim the idempotency keys, find the feature states, score, decide, route,
 * and store payment, decision and updated states. If the process dies before the commit nothing has happened; after
 * it the completer finishes what is left.
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
  // What is not remembered is read, and without locks outside the transaction: a key taken or a state changed since
  // then makes the statement that writes fail. That one is then all there is, and a transaction by itself.
  const locks = dependencies.lockStates || items.some((item) => item.request.method === "wallet");
  const transaction = locks ? connection.begin() : null;
  const reader: BatchReader = transaction ?? connection;
  try {
    const results: (AcceptResult | undefined)[] = new Array(items.length);
    const [knownKeys, states, funds] = await Promise.all([
      readKnownKeys(reader, items.map((item) => keyToLookUp(item, dependencies))),
      findStates(reader, items, dependencies),
      readFunds(reader, items),
    ]);
    const nowMs = dependencies.nowMs();
    const writes: AcceptedWrite[] = [];
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
      results[i] = resultOf(write);
    }
    let version: string | null = null;
    if (writes.length > 0) {
      if (transaction !== null) {
        sendHolds(transaction, writes, nowMs);
        sendChallenges(transaction, writes, nowMs, dependencies.challengeLifetimeMs);
      }
      const stored = storeAccepted(transaction ?? connection.alone, writes, states, nowMs, dependencies);
      version = transaction === null ? await stored : await commitWith(transaction, stored);
    } else {
      await transaction?.commit();
    }
    for (const item of items) dependencies.recentKeys.add(keyOf(item));
    rememberStates(states, version, dependencies.rememberedStates);
    return results as AcceptResult[];
  } catch (error) {
    await transaction?.rollback();
    throw error;
  }
}

function resultOf({ accepted, answer }: AcceptedWrite): AcceptResult {
  if (accepted.status === "requires_action") return { kind: "challenged", answer: answer! };
  return answer === null ? { kind: "accepted", payment: accepted } : { kind: "declined", answer };
}

/** What a repeated call must repeat: everything but the key itself, the challenge's answer and the simulated time. */
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
    Exclude<
      keyof PaymentRequest,
      "tenantId" | "principal" | "idempotencyKey" | "confirmation" | "mayChallenge" | "simulatedAtMs"
    >,
    unknown
  >;
  const canonical = JSON.stringify(repeated);
  return createHash("sha256").update(canonical).digest("base64url");
}

/** The feature states a batch works on: ids are unique within a tenant only. */
export interface BatchStates {
  readonly byTenant: Map<string, FeatureStates>;
  /** By {@link stateKey}, the version of the row at which each was taken; without an entry there was no row. */
  readonly stored: Map<string, string>;
}

/** What a batch stores of one payment. */
export interface AcceptedWrite {
  accepted: AcceptedPayment;
  vector: Float64Array;
  /** Set when the payment ends here, or waits for its customer. */
  answer: PaymentAnswer | null;
}

interface WalletFunds {
  accountId: string;
  availableMinor: bigint;
}

function keyOf({ request: { tenantId, principal, idempotencyKey } }: AcceptItem) {
  return { tenantId, principal, key: idempotencyKey };
}

/** The key as it is to be looked up; null when it is taken for new without a look. */
function keyToLookUp(item: AcceptItem, { lookUpKeys, recentKeys }: AcceptDependencies) {
  const key = keyOf(item);
  return lookUpKeys || recentKeys.has(key) ? key : { ...key, key: null };
}

/** From this process's memory where nothing is locked; the rest is read. */
async function findStates(
  reader: BatchReader,
  items: readonly AcceptItem[],
  { lockStates, rememberedStates }: AcceptDependencies,
): Promise<BatchStates> {
  const byTenant = new Map<string, FeatureStates>();
  const stored = new Map<string, string>();
  const unknown = new Map<string, { tenantId: string; ref: EntityRef }>();
  for (const item of items) {
    const { tenantId } = item.request;
    let states = byTenant.get(tenantId);
    if (states === undefined) byTenant.set(tenantId, states = new FeatureStates());
    for (const ref of entitiesOf(toPaymentEvent(item, 0))) {
      const key = stateKey(tenantId, ref);
      if (unknown.has(key) || stored.has(key)) continue;
      // Taken out under lock too: what is remembered is then out of date.
      const remembered = rememberedStates.take(tenantId, ref);
      if (remembered === undefined || lockStates) {
        unknown.set(key, { tenantId, ref });
      } else if (remembered !== null) {
        states.set(ref, remembered.state);
        stored.set(key, remembered.version);
      }
    }
  }
  if (unknown.size > 0) {
    for (const row of await readStates(reader, [...unknown.values()], lockStates)) {
      const ref = { kind: row.kind, id: row.entity_id };
      byTenant.get(row.tenant_id)!.set(ref, decodeState(row.state));
      stored.set(stateKey(row.tenant_id, ref), row.version);
    }
  }
  return { byTenant, stored };
}

function readStates(
  reader: BatchReader,
  entries: readonly { tenantId: string; ref: EntityRef }[],
  lock: boolean,
): Promise<readonly StateRow[]> {
  const { sql } = reader;
  return reader.send(sql<StateRow[]>`
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
}

/** After the commit. Without a version nothing was written, so each state still is as it was taken. */
function rememberStates(
  { byTenant, stored }: BatchStates,
  version: string | null,
  rememberedStates: RememberedStates,
): void {
  for (const [tenantId, states] of byTenant) {
    for (const [ref, state] of states.entries()) {
      const writtenAt = version ?? stored.get(stateKey(tenantId, ref));
      if (writtenAt !== undefined) rememberedStates.put(tenantId, ref, { state, version: writtenAt });
    }
  }
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

export function walletAccountId(item: AcceptItem): string {
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
): AcceptedWrite {
  const states = byTenant.get(item.request.tenantId)!;
  const asked = toPaymentEvent(item, item.request.simulatedAtMs ?? nowMs);
  // Moved on where an entity's history is already later. So each entity's payments and labels have one order, and a
  // rebuild in order of time meets the same states.
  const occurredAtMs = earliestMs(asked, states);
  const event = occurredAtMs === asked.occurredAtMs ? asked : { ...asked, occurredAtMs };
  const vector = readFeatures(event, states);
  observe(event, states);
  const stepUpAt = item.request.mayChallenge ? dependencies.stepUpAt : null;
  const risk = screenPayment(vector, dependencies.model, {
    isTestMethod: item.references.paymentMethod?.isTest ?? false,
    stepUpAt,
  });
  const lacksFunds = wallet !== null && wallet.availableMinor < item.request.amountMinor;
  const declined = risk.decision === "decline"
    ? { by: "risk", code: "fraud_suspected" } as const
    : lacksFunds
    ? { by: "wallet", code: "wallet_insufficient_funds" } as const
    : null;
  if (declined === null && wallet !== null) wallet.availableMinor -= item.request.amountMinor;
  // A card's challenge is the issuer's: its provider asks for it. A wallet's is ours, and comes before the payment.
  const isChallenged = declined === null && wallet !== null && risk.decision === "step_up";
  const accepted: AcceptedPayment = {
    item,
    status: declined !== null ? "declined" : isChallenged ? "requires_action" : "processing",
    occurredAtMs,
    createdAtMs: nowMs,
    risk,
    stepUpAt,
    route: wallet === null && declined === null
      ? dependencies.route(item, occurredAtMs, risk.decision === "step_up")
      : null,
    holdId: wallet !== null && declined === null ? `hold_${item.paymentId.slice(4)}` : null,
    timingsMs: { queue: startedMs - item.submittedMs, screen: dependencies.monotonicMs() - startedMs },
  };
  const answer = declined !== null
    ? declinedAnswer(accepted, declined)
    : isChallenged
    ? challengedAnswer(accepted, nowMs + dependencies.challengeLifetimeMs)
    : null;
  return { accepted, vector, answer };
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
