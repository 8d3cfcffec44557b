import { toRfc3339 } from "../core/clock.ts";
import { DomainError } from "../core/errors.ts";
import { formatAmount } from "../core/money.ts";
import { DECLINE_AT_SCORE, screenPayment } from "../fraud/screen_payment.ts";
import { testPaymentMethod } from "../providers/test_payment_methods.ts";
import { type DeclineReasonCode, nextMoveOf, type PaymentMethodKind, type PaymentStatus } from "./payment.ts";
import {
  challengeOf,
  declineIsRetriable,
  declineMessage,
  milliseconds,
  type PaymentAnswer,
  type PaymentAttempt,
} from "./payment_answer.ts";
import type { PaymentService } from "./payment_service.ts";
import { timeShiftS } from "./simulated_time.ts";
import type { SettledRoute } from "./settle_payments.ts";
import type { DeclineCode } from "../providers/provider.ts";

/** A payment as stored. */
export interface PaymentRow {
  tenantId: string;
  paymentId: string;
  status: PaymentStatus;
  method: PaymentMethodKind;
  currency: string;
  amountMinor: bigint;
  capturedMinor: bigint;
  refundedMinor: bigint;
  feeMinor: bigint;
  customerId: string;
  merchantId: string;
  paymentMethodId: string | null;
  principal: string;
  idempotencyKey: string | null;
  description: string | null;
  metadata: Readonly<Record<string, string>> | null;
  deviceId: string | null;
  occurredAtMs: number;
  featureVector: Uint8Array | null;
  riskScore: number | null;
  fraudProbability: number | null;
  riskDecision: "approve" | "step_up" | "decline" | null;
  approvalPropensity: number | null;
  modelVersion: string | null;
  provider: string | null;
  chargeNumber: number;
  providerChargeId: string | null;
  declineBy: "risk" | "issuer" | "wallet" | null;
  declineCode: DeclineReasonCode | null;
  createdAt: Date;
  finishedAt: Date | null;
  attempts: PaymentAttempt[];
  challenge: { askedBy: "issuer" | "risk"; expiresAtMs: number } | null;
  /** What was known when the payment was decided; null for simulated history. */
  decision: DecisionRow | null;
}

/** The payment's first audit row. */
interface DecisionRow {
  provider?: string;
  expected_success?: number;
  sample_size?: number;
  reason?: string;
  decided_by?: string;
  queue_ms?: number;
  screen_ms?: number;
}

/** The payment, or `unknown_payment`: another tenant's id looks exactly like one that does not exist. */
export async function readPayment(
  service: PaymentService,
  tenantId: string,
  paymentId: string,
): Promise<PaymentRow> {
  const [row] = await service.pool.of(tenantId)<Record<string, unknown>[]>`
    select p.tenant_id as "tenantId", p.payment_id as "paymentId", p.status, p.method, p.currency,
           p.amount_minor::text as "amountMinor", p.captured_minor::text as "capturedMinor",
           p.refunded_minor::text as "refundedMinor", p.fee_minor::text as "feeMinor",
           p.customer_id as "customerId", p.merchant_id as "merchantId", p.payment_method_id as "paymentMethodId",
           p.principal, p.idempotency_key as "idempotencyKey", p.description, p.metadata, p.device_id as "deviceId",
           p.occurred_at_ms::float8 as "occurredAtMs", p.feature_vector as "featureVector",
           p.risk_score as "riskScore", p.fraud_probability as "fraudProbability",
           p.risk_decision as "riskDecision", p.approval_propensity as "approvalPropensity", p.model_version as "modelVersion", p.provider, p.charge_number as "chargeNumber",
           p.provider_charge_id as "providerChargeId", p.decline_by as "declineBy", p.decline_code as "declineCode",
           p.created_at as "createdAt", p.finished_at as "finishedAt",
           coalesce((select jsonb_agg(jsonb_build_object('attempt', a.attempt, 'provider', a.provider,
                              'outcome', a.outcome, 'code', a.code, 'charge_id', a.charge_id,
                              'latency_ms', round(a.latency_ms::numeric, 2),
                              'expected_success', round(a.expected_success::numeric, 4),
                              'expected_fee_minor', a.expected_fee_minor, 'reason', a.reason) order by a.attempt)
                       from payment_attempts a
                      where a.tenant_id = p.tenant_id and a.payment_id = p.payment_id), '[]') as attempts,
           (select jsonb_build_object('askedBy', c.asked_by,
                                      'expiresAtMs', (extract(epoch from c.expires_at) * 1000)::bigint)
              from payment_challenges c
             where c.tenant_id = p.tenant_id and c.payment_id = p.payment_id) as challenge,
           (select e.details from audit_events e
             where e.tenant_id = p.tenant_id and e.audit_id = 'aud_' || substr(p.payment_id, 5) || '_1') as decision
      from payments p
     where p.tenant_id = ${tenantId} and p.payment_id = ${paymentId}`;
  if (row === undefined) throw unknownPayment(paymentId);
  return {
    ...row,
    amountMinor: BigInt(row.amountMinor as string),
    capturedMinor: BigInt(row.capturedMinor as string),
    refundedMinor: BigInt(row.refundedMinor as string),
    feeMinor: BigInt(row.feeMinor as string),
    attempts: (row.attempts as PaymentAttempt[]).map((attempt) => ({
      ...attempt,
      expected_fee: attempt.expected_fee_minor === null
        ? null
        : formatAmount(BigInt(attempt.expected_fee_minor), row.currency as string),
    })),
  } as unknown as PaymentRow;
}

export function unknownPayment(paymentId: string): DomainError {
  return new DomainError("unknown_payment", `There is no payment "${paymentId}".`, {
    field: "payment_id",
    nextMove: "Use the payment_id that create_payment answered.",
  });
}

/** The stored answer of a finished payment; for an open one, its state now. */
export async function readAnswer(
  service: PaymentService,
  tenantId: string,
  paymentId: string,
): Promise<PaymentAnswer> {
  const row = await readPayment(service, tenantId, paymentId);
  return await readStoredAnswer(service, row) ?? answerOf(service, row);
}

/** What the payment's call was answered, to the letter; null without a key, or while it is open. */
export async function readStoredAnswer(
  service: PaymentService,
  { tenantId, paymentId, idempotencyKey }: PaymentRow,
): Promise<PaymentAnswer | null> {
  if (idempotencyKey === null) return null;
  const [stored] = await service.pool.of(tenantId)<{ response: string }[]>`
    select response from idempotency_answers where tenant_id = ${tenantId} and resource_id = ${paymentId}`;
  return stored === undefined ? null : JSON.parse(stored.response);
}

/**
 * The answer made from the payment's row. What moved the score is computed again from the stored vector, as long
 * as the model that scored it is the one in use.
 */
export function answerOf(service: PaymentService, row: PaymentRow): PaymentAnswer {
  const reasons = row.featureVector !== null && row.modelVersion === service.model.modelVersion
    ? screenPayment(float64Of(row.featureVector), service.model, {
      isTestMethod: row.paymentMethodId !== null && testPaymentMethod(row.paymentMethodId) !== undefined,
      stepUpAt: null,
      exploration: null,
    })
    : null;
  return {
    payment_id: row.paymentId,
    status: row.status,
    amount: formatAmount(row.amountMinor, row.currency),
    amount_minor: Number(row.amountMinor),
    currency: row.currency,
    method: row.method,
    customer_id: row.customerId,
    merchant_id: row.merchantId,
    payment_method_id: row.paymentMethodId,
    risk_score: row.riskScore,
    risk: {
      score: row.riskScore,
      decline_at: DECLINE_AT_SCORE,
      step_up_at: service.settings.stepUpAt,
      probability: row.fraudProbability === null ? null : Number(row.fraudProbability.toPrecision(4)),
      decision: row.riskDecision,
      // What was drawn is known from the record alone.
      decided_by: row.decision?.decided_by ?? reasons?.decidedBy ?? null,
      propensity: row.approvalPropensity,
      rules: [...(reasons?.rules ?? [])],
      reasons: (reasons?.reasons ?? []).map(({ feature, value, effect }) => ({
        feature,
        value: typeof value === "string" ? value : Number(value.toPrecision(4)),
        effect: Number(effect.toPrecision(4)),
      })),
      model_version: row.modelVersion,
    },
    routing: routingOf(row),
    decline: declineOf(row),
    challenge: row.status === "requires_action" && row.challenge !== null
      ? challengeOf(row.challenge.askedBy, row.challenge.expiresAtMs)
      : null,
    fee: formatAmount(row.feeMinor, row.currency),
    fee_minor: Number(row.feeMinor),
    created_at: toRfc3339(row.createdAt.getTime()),
    occurred_at: toRfc3339(row.occurredAtMs),
    time_shift_s: timeShiftS(row.createdAt.getTime(), row.occurredAtMs),
    timings_ms: {
      queue: row.decision?.queue_ms ?? null,
      screen: row.decision?.screen_ms ?? null,
      charge: row.attempts.length === 0
        ? null
        : milliseconds(row.attempts.reduce((sum, attempt) => sum + attempt.latency_ms, 0)),
    },
    next_move: nextMoveOf(row.status, declineOf(row)),
  };
}

/** Why it was declined; null unless it was. */
export function declineOf(
  { declineBy, declineCode }: Pick<PaymentRow, "declineBy" | "declineCode">,
): PaymentAnswer["decline"] {
  return declineBy === null ? null : {
    by: declineBy,
    code: declineCode!,
    message: declineMessage(declineCode!),
    retriable: declineBy === "issuer" && declineIsRetriable(declineCode as DeclineCode),
  };
}

/** As it was decided, and as the attempts recorded it. */
function routingOf(row: PaymentRow): PaymentAnswer["routing"] {
  const { provider, attempts } = row;
  if (provider === null) return null;
  const last = attempts.findLast((attempt) => attempt.provider === provider);
  const expected = expectationOf(row);
  return {
    provider,
    expected_success: expected.expectedSuccess ?? last?.expected_success ?? null,
    sample_size: expected.sampleSize,
    expected_fee: last?.expected_fee ?? null,
    expected_fee_minor: last?.expected_fee_minor ?? null,
    reason: expected.reason ?? last?.reason ?? null,
    attempts,
  };
}

/** What was expected of the provider when it was chosen; of a second one only its attempt tells. */
export function expectationOf(
  { provider, decision }: Pick<PaymentRow, "provider" | "decision">,
): Omit<SettledRoute, "provider" | "feeMinor"> {
  const known = decision !== null && decision.provider === provider ? decision : {};
  return {
    expectedSuccess: known.expected_success ?? null,
    sampleSize: known.sample_size ?? null,
    reason: known.reason ?? null,
  };
}

/** True for the failure of a settlement that lost to another one: the payment's outcome is already stored. */
export function isAlreadySettled(error: unknown): boolean {
  const code = (error as { code?: string })?.code;
  const constraint = (error as { constraint_name?: string })?.constraint_name;
  return (code === "23505" && SETTLED_ONCE.has(constraint ?? "")) ||
    (code === "23514" && constraint === "holds_end_once");
}

/** Keys that a payment's attempt and its end take once; which of them a second end meets first is PostgreSQL's choice. */
const SETTLED_ONCE = new Set([
  "payment_attempts_pkey",
  "transfers_pkey",
  "postings_pkey",
  "idempotency_answers_pkey",
  "payment_challenges_pkey",
  "audit_events_pkey",
]);

function float64Of(bytes: Uint8Array): Float64Array {
  // The driver's Buffer is a view of a pool that many answers share, and its own slice() is one too: this copies.
  return new Float64Array(new Uint8Array(bytes).buffer);
}
