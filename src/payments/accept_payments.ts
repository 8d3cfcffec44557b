import { createHash } from "node:crypto";
import { DomainError } from "../core/errors.ts";
import { toReferenceUsd } from "../core/money.ts";
import { type BatchConnection, type BatchReader, commitWith } from "../db/batch_transaction.ts";
import { keyReusedError, type KnownKey, readKnownKeys } from "../db/idempotency_keys.ts";
import type { DeclineExploration } from "../fraud/explore_declines.ts";
import { earliestMs, entitiesOf, observe, readFeatures } from "../fraud/features/engine.ts";
import type { PaymentEvent } from "../fraud/features/event.ts";
import { type FraudModelPort, type RiskAssessment, screenPayment } from "../fraud/screen_payment.ts";
import type { Route } from "../routing/route_payment.ts";
import { challengedAnswer, declinedAnswer, type PaymentAnswer } from "./payment_answer.ts";
import { type BatchStates, findStates, rememberStates } from "./batch_states.ts";
import { acceptedPart, sendChallenges, sendHolds } from "./store_accepted.ts";
import { storeBatch } from "./store_batch.ts";
import type { PaymentRequest } from "./payment.ts";
import { cardIdOf, type PaymentReferences } from "./references.ts";
import {
  behindEntries,
  readEntries,
  readFunds,
  walletAccountId,
  type WalletFunds,
  walletFunds,
} from "./wallet_payers.ts";
import { newStateVersion, type RememberedStates } from "./remembered_states.ts";
import type { RecentKeys } from "../db/recent_keys.ts";
import type { TenantAhead, TenantClocks } from "../db/tenant_clocks.ts";

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
  /** Of tenants whose clocks were read: what a payment without a time of its own is dated by. */
  readonly clocks: Pick<TenantClocks, "aheadMs" | "advancesOf" | "advanced">;
  readonly monotonicMs: () => number;
  readonly route: (item: AcceptItem, occurredAtMs: number, mandateChallenge: boolean) => Route;
  readonly rememberedStates: RememberedStates;
  /** A key that is not among them is taken for new; see {@link RecentKeys}. */
  readonly recentKeys: RecentKeys;
  /** How long the completer leaves a new payment to the call that made it. */
  readonly graceMs: number;
  /** The score from which the customer has to prove who pays; null for never. */
  readonly stepUpAt: number | null;
  /** Of what the model would decline, what is approved at random; null for nothing. */
  readonly exploration: DeclineExploration | null;
  readonly challengeLifetimeMs: number;
}

/** What a batch has decided, and has yet to store. */
export interface Decisions {
  /** By position. What was accepted is so only when it is stored. */
  readonly results: readonly AcceptResult[];
  readonly writes: readonly AcceptedWrite[];
  readonly states: BatchStates;
  readonly nowMs: number;
  /** Tenants whose time a payment's own, simulated one takes further. */
  readonly clocks: readonly TenantAhead[];
}

/**
 * The first half of transaction 1, of many payments at once: look the idempotency keys up, find the feature states,
 * score, decide, route.
 *
 * A payment is observed by the feature engine here, when it is attempted, and not when its outcome is known:
 * a burst of simultaneous payments must see itself (docs/decisions/0001-observe-at-decision.md).
 *
 * @param reader a transaction, where states are to be locked or wallets pay
 */
export async function decidePayments(
  items: readonly AcceptItem[],
  reader: BatchReader,
  dependencies: AcceptDependencies,
  lockStates: boolean,
): Promise<Decisions> {
  const startedMs = dependencies.monotonicMs();
  const nowMs = dependencies.nowMs();
  const events = items.map((item) => {
    const { tenantId, simulatedAtMs } = item.request;
    return toPaymentEvent(item, simulatedAtMs ?? nowMs + dependencies.clocks.aheadMs(tenantId));
  });
  const [knownKeys, states, funds, entries] = await Promise.all([
    readKnownKeys(reader, items.map((item) => dependencies.recentKeys.toLookUp(keyOf(item)))),
    findStates(
      reader,
      items.map((item, i) => ({ tenantId: item.request.tenantId, entities: entitiesOf(events[i]) })),
      { lockStates, rememberedStates: dependencies.rememberedStates },
    ),
    readFunds(reader, items),
    readEntries(reader, items),
  ]);
  const writes: AcceptedWrite[] = [];
  const results = items.map((item, i): AcceptResult => {
    const earlier = knownKeys.get(i);
    if (earlier !== undefined) return answerEarlier(item, earlier);
    const wallet = item.request.method === "wallet" ? walletFunds(item, funds) : null;
    if (wallet instanceof DomainError) return { kind: "refused", error: wallet };
    const event = wallet === null ? events[i] : behindEntries(item, events[i], entries);
    const write = screen(item, event, states, wallet, nowMs, startedMs, dependencies);
    writes.push(write);
    if (write.accepted.holdId !== null) {
      entries.add(item.request.tenantId, walletAccountId(item), write.accepted.occurredAtMs);
    }
    return resultOf(write);
  });
  return { results, writes, states, nowMs, clocks: dependencies.clocks.advancesOf(simulated(writes, nowMs)) };
}

/**
 * Transaction 1 of payments that need locks: decide and store payment, decision and updated states. If the process dies
 * before the commit nothing has happened; after it the completer finishes what is left.
 */
export async function acceptUnderLock(
  items: readonly AcceptItem[],
  connection: BatchConnection,
  dependencies: AcceptDependencies,
): Promise<readonly AcceptResult[]> {
  const transaction = connection.begin(items.map((item) => item.request.tenantId));
  try {
    const decisions = await decidePayments(items, transaction, dependencies, true);
    const { results, writes, states, nowMs } = decisions;
    if (writes.length === 0) {
      await transaction.commit();
      rememberStates(states, null, dependencies.rememberedStates);
    } else {
      sendHolds(transaction, writes);
      sendChallenges(transaction, writes, nowMs, dependencies.challengeLifetimeMs);
      const version = newStateVersion();
      await commitWith(
        transaction,
        storeBatch(transaction, [
          acceptedPart(transaction, decisions, version, dependencies),
        ]),
      );
      dependencies.clocks.advanced(decisions.clocks);
      rememberStates(states, version, dependencies.rememberedStates);
    }
    rememberKeys(items, dependencies);
    return results;
  } catch (error) {
    await transaction.rollback();
    throw error;
  }
}

/** After the commit: from then on their keys are looked up. */
export function rememberKeys(items: readonly AcceptItem[], { recentKeys }: AcceptDependencies): void {
  for (const item of items) recentKeys.add(keyOf(item));
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
      "tenantId" | "principal" | "idempotencyKey" | "confirmation" | "simulatedAtMs"
    >,
    unknown
  >;
  const canonical = JSON.stringify(repeated);
  return createHash("sha256").update(canonical).digest("base64url");
}

/** What a batch stores of one payment. */
export interface AcceptedWrite {
  accepted: AcceptedPayment;
  vector: Float64Array;
  /** Set when the payment ends here, or waits for its customer. */
  answer: PaymentAnswer | null;
}

function keyOf({ request: { tenantId, principal, idempotencyKey } }: AcceptItem) {
  return { tenantId, principal, key: idempotencyKey };
}

function simulated(writes: readonly AcceptedWrite[], nowMs: number): TenantAhead[] {
  return writes.filter(({ accepted }) => accepted.item.request.simulatedAtMs !== null)
    .map(({ accepted: { item, occurredAtMs } }) => ({
      tenantId: item.request.tenantId,
      aheadMs: occurredAtMs - nowMs,
    }));
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
  asked: PaymentEvent,
  { byTenant }: BatchStates,
  wallet: WalletFunds | null,
  nowMs: number,
  startedMs: number,
  dependencies: AcceptDependencies,
): AcceptedWrite {
  const states = byTenant.get(item.request.tenantId)!;
  // Moved on where an entity's history is already later. So each entity's payments and labels have one order, and a
  // rebuild in order of time meets the same states.
  const occurredAtMs = earliestMs(asked, states);
  const event = occurredAtMs === asked.occurredAtMs ? asked : { ...asked, occurredAtMs };
  const vector = readFeatures(event, states);
  observe(event, states);
  const { stepUpAt, exploration } = dependencies;
  const risk = screenPayment(vector, dependencies.model, {
    isTestMethod: item.references.paymentMethod?.isTest ?? false,
    stepUpAt,
    exploration: exploration && { by: exploration, paymentId: item.paymentId },
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
