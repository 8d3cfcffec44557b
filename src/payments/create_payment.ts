import { DomainError } from "../core/errors.ts";
import { keyReusedError } from "../db/idempotency_keys.ts";
import { DECLINE_AT_SCORE } from "../fraud/screen_payment.ts";
import { type AcceptedPayment, requestHashOf } from "./accept_payments.ts";
import { chargeFactsOf } from "./charge_facts.ts";
import { completePayment } from "./complete_open_payments.ts";
import { confirmPayment, withConfirmToken } from "./confirm_payment.ts";
import { driveCharge } from "./drive_charge.ts";
import { isAlreadySettled, readAnswer } from "./read_answer.ts";
import type { PaymentRequest } from "./payment.ts";
import { baseAnswer, type PaymentAnswer } from "./payment_answer.ts";
import type { PaymentService } from "./payment_service.ts";
import type { PaymentReferences } from "./references.ts";
import { type OpenPayment, PAID_BY_WALLET } from "./settle_payments.ts";

export interface CreatedPayment {
  readonly answer: PaymentAnswer;
  /** True when an earlier call with the same key made the payment. */
  readonly replayed: boolean;
  /** This call's own stages; a replay has only `total`. */
  readonly timingsMs: Readonly<Record<string, number>>;
}

/** How long a repeated call waits for the first one before it is told to come back. */
const IN_FLIGHT_WAIT_MS = 8_000;
const IN_FLIGHT_POLL_MS = 50;

/**
 * Creates a payment: screened, routed, charged, booked, audited; at most once for one idempotency key.
 *
 *   1. find whom and what it names                    crash here: nothing has happened
 *   2. transaction 1: key, score, decision, route     crash after: the completer charges and books
 *   3. ask the provider, no transaction open          crash after: the completer asks what happened
 *   4. transaction 2: outcome, ledger, answer         crash after: a repeated call gets the stored answer
 *      or, where it is known that nothing was charged and another provider may: the outcome and the second
 *      provider, then 3 and 4 again                   crash after: the completer asks the second provider
 *      or, where the customer has to pass a challenge: that it waits; `confirmPayment` goes on from here
 *
 * Errors, in the order they are looked for: `unknown_customer`, `unknown_merchant`, `unknown_payment_method`,
 * `invalid_approval_token`, `overloaded`, `idempotency_key_reused`, `idempotency_key_in_flight`, `unknown_wallet`. A key whose first call still
 * runs in this process does not queue, so there `idempotency_key_reused` comes before `overloaded`.
 *
 * A decline is an answer. The fraud screen declines before a wallet is found too small.
 */
export async function createPayment(
  service: PaymentService,
  request: PaymentRequest,
): Promise<CreatedPayment> {
  const startedMs = service.clock.monotonicMs();
  const [references] = await Promise.all([
    service.references.of(request),
    service.routing.of(request.tenantId),
    service.clocks.read(request.tenantId),
  ]);
  const requestHash = requestHashOf(request);
  if (request.confirmation !== null) {
    return await confirmPayment(service, request, request.confirmation, requestHash);
  }
  const key = request.idempotencyKey;
  if (key === null) return await firstCall(service, request, references, requestHash, startedMs);

  return await service.firstCalls.run({
    key: JSON.stringify([request.tenantId, request.principal, key]),
    requestHash,
    first: () => firstCall(service, request, references, requestHash, startedMs),
    replay: (answer) => replay(service, answer, startedMs),
    reused: () => {
      throw keyReusedError(key);
    },
  });
}

async function firstCall(
  service: PaymentService,
  request: PaymentRequest,
  references: PaymentReferences,
  requestHash: string,
  startedMs: number,
): Promise<CreatedPayment> {
  const { clock, events } = service;
  const submittedMs = clock.monotonicMs();
  const paymentId = service.ids.next("pay");
  const accepted = await service.accept({ request, references, requestHash, paymentId, submittedMs });
  const acceptMs = clock.monotonicMs() - submittedMs;
  switch (accepted.kind) {
    case "refused":
      throw accepted.error;
    case "replay":
      return replay(service, JSON.parse(accepted.response), startedMs);
    case "in_flight":
      if (accepted.paymentId === paymentId) {
        return await finishStored(service, request, requestHash, paymentId, startedMs);
      }
      return replay(
        service,
        withConfirmToken(
          service,
          request,
          requestHash,
          await waitForAnswer(service, request, accepted.paymentId),
        ),
        startedMs,
      );
    case "declined":
    case "challenged": {
      const totalMs = clock.monotonicMs() - startedMs;
      const timingsMs = { ...queueAndScreen(accepted.answer), accept: acceptMs, total: totalMs };
      reportStages(service, timingsMs);
      reportExploration(service, accepted.answer);
      events.outcome(accepted.answer.status, accepted.answer.decline?.by ?? null);
      return {
        answer: withConfirmToken(service, request, requestHash, accepted.answer),
        replayed: false,
        timingsMs,
      };
    }
    case "accepted": {
      const drivenMs = clock.monotonicMs();
      const finished = await finishAccepted(service, accepted.payment);
      const { chargeMs } = finished;
      const answer = withConfirmToken(service, request, requestHash, finished.answer);
      const endedMs = clock.monotonicMs();
      const timingsMs = {
        ...queueAndScreen(answer),
        accept: acceptMs,
        ...(chargeMs === null ? {} : { charge: chargeMs }),
        settle: endedMs - drivenMs - (chargeMs ?? 0),
        total: endedMs - startedMs,
      };
      reportStages(service, timingsMs);
      reportExploration(service, answer);
      events.outcome(answer.status, answer.decline?.by ?? null);
      return { answer, replayed: false, timingsMs };
    }
  }
}

async function finishAccepted(
  service: PaymentService,
  accepted: AcceptedPayment,
): Promise<{ answer: PaymentAnswer; chargeMs: number | null }> {
  const { item: { request, references, paymentId }, route, holdId, occurredAtMs, risk } = accepted;
  const payment: OpenPayment = {
    tenantId: request.tenantId,
    paymentId,
    principal: request.principal,
    idempotencyKey: request.idempotencyKey,
    method: request.method,
    amountMinor: request.amountMinor,
    currency: request.currency,
    customerId: request.customerId,
    merchantId: references.merchant.merchantId,
    provider: route?.provider ?? null,
    holdId,
    answer: baseAnswer(accepted, "processing"),
  };
  try {
    if (route === null) {
      const answer = await service.settle({
        payment,
        outcome: PAID_BY_WALLET,
        attempt: null,
        feeMinor: 0n,
        next: null,
      });
      return { answer, chargeMs: null };
    }
    return await driveCharge(service, {
      payment,
      facts: chargeFactsOf({ ...request, paymentId, occurredAtMs, riskDecision: risk.decision }, references),
      route,
      chargeNumber: 1,
      attempt: 1,
      mayFailOver: service.settings.failover,
      isFirst: true,
    }, null);
  } catch (error) {
    if (!isAlreadySettled(error)) throw error;
    return { answer: await readAnswer(service, request.tenantId, paymentId), chargeMs: null };
  }
}

/**
 * This call's own payment, stored by a try whose answer was lost with the database connection: it is driven to its end
 * from what is stored, as the completer would do it later.
 */
async function finishStored(
  service: PaymentService,
  request: PaymentRequest,
  requestHash: string,
  paymentId: string,
  startedMs: number,
): Promise<CreatedPayment> {
  const { tenantId } = request;
  await completePayment(service, { tenant_id: tenantId, payment_id: paymentId, checks: 1 });
  const answer = withConfirmToken(
    service,
    request,
    requestHash,
    await readAnswer(service, tenantId, paymentId),
  );
  const totalMs = service.clock.monotonicMs() - startedMs;
  return { answer, replayed: false, timingsMs: { ...queueAndScreen(answer), total: totalMs } };
}

function replay(service: PaymentService, answer: PaymentAnswer, startedMs: number): CreatedPayment {
  return { answer, replayed: true, timingsMs: { total: service.clock.monotonicMs() - startedMs } };
}

/** Waits for a first call that runs in another process, or that the completer is finishing. */
async function waitForAnswer(
  service: PaymentService,
  request: PaymentRequest,
  paymentId: string,
): Promise<PaymentAnswer> {
  const untilMs = service.clock.monotonicMs() + IN_FLIGHT_WAIT_MS;
  for (;;) {
    const answer = await readAnswer(service, request.tenantId, paymentId);
    if (answer.status !== "processing") return answer;
    if (service.clock.monotonicMs() >= untilMs) break;
    await new Promise((resolve) => setTimeout(resolve, IN_FLIGHT_POLL_MS));
  }
  throw new DomainError(
    "idempotency_key_in_flight",
    `The first call with idempotency key "${request.idempotencyKey}" made payment "${paymentId}", which is still processing.`,
    {
      field: "idempotency_key",
      nextMove: `Call get_payment_status with payment_id "${paymentId}", or repeat this call.`,
    },
  );
}

function queueAndScreen({ timings_ms: { queue, screen } }: PaymentAnswer): Record<string, number> {
  return { ...(queue === null ? {} : { queue }), ...(screen === null ? {} : { screen }) };
}

function reportStages(service: PaymentService, timingsMs: Readonly<Record<string, number>>): void {
  for (const stage of ["queue", "screen", "accept", "charge", "settle", "total"] as const) {
    if (timingsMs[stage] !== undefined) service.events.stage(stage, timingsMs[stage]);
  }
}

/** Where chance has decided: of other payments that score so high the propensity is 0, or a test payment method's. */
function reportExploration({ events }: PaymentService, { risk }: PaymentAnswer): void {
  if (risk.score! < DECLINE_AT_SCORE || risk.propensity === 0 || risk.decided_by === "test_payment_method") {
    return;
  }
  events.explored(risk.decision === "approve" ? "approve" : "decline");
}
