import { inSpan } from "../core/trace.ts";
import { DECLINE_CODES } from "../providers/decline_codes.ts";
import { ordersFailure, testPaymentMethod } from "../providers/test_payment_methods.ts";
import { contextOf } from "../routing/routing_context.ts";
import { type ChargeFacts, chargeRequestOf } from "./charge_facts.ts";
import { chargePayment, type ChargeResult } from "./charge_payment.ts";
import type { PaymentAnswer } from "./payment_answer.ts";
import type { PaymentService } from "./payment_service.ts";
import type { ChargeOutcome, OpenPayment, SettledRoute } from "./settle_payments.ts";

/** Providers that one payment is sent to, at most. */
const CHARGES_MAX = 2;

/** A card payment that is on its way to a provider. */
export interface ChargeInProgress {
  readonly payment: OpenPayment;
  readonly facts: ChargeFacts;
  readonly route: SettledRoute;
  readonly chargeNumber: number;
  /** Of the row that the next outcome becomes. */
  readonly attempt: number;
  readonly mayFailOver: boolean;
  /** Whether nobody can have sent this charge before. */
  readonly isFirst: boolean;
}

export interface DrivenCharge {
  readonly answer: PaymentAnswer;
  /** With all providers that were asked. */
  readonly chargeMs: number;
}

/**
 * Charges a payment and settles what came of it: at the chosen provider, and where that is known not to have
 * charged and another may, once more at a second one.
 *
 *   call the provider ─► commit the outcome ─────────────────────────────────► answer
 *                    └─► commit the outcome and the second provider ─► call it ─► commit ─► answer
 *
 * The second provider is asked only when its name is durable, so that a crash between leaves the completer one place to
 * ask. Silence never leads to it: who does not answer may have charged.
 *
 * @param known what came of the charge, when it need not be asked for
 */
export async function driveCharge(
  service: PaymentService,
  begun: ChargeInProgress,
  known: ChargeResult | null,
): Promise<DrivenCharge> {
  let progress = begun;
  let chargeMs = 0;
  for (;;) {
    const { payment, facts, route, chargeNumber, attempt } = progress;
    const charge: ChargeResult = known ?? await inSpan(
      "charge",
      { "payment.id": payment.paymentId, "payment.attempt": attempt, "payment.provider": route.provider },
      async (note) => {
        const result = await chargePayment(
          service.provider(route.provider),
          chargeRequestOf(facts, chargeNumber),
          service.settings.providerTimeoutMs,
          service.clock,
          progress.isFirst,
        );
        note({ "payment.outcome": result.outcome.outcome });
        return result;
      },
    );
    if (known === null) learn(service, facts, route.provider, charge);
    known = null;
    chargeMs += charge.latencyMs;
    const next = progress.mayFailOver && chargeNumber < CHARGES_MAX && mayDoElsewhere(charge.outcome)
      ? service.routeOf(facts, [route.provider])
      : null;
    const answer = await service.settle({
      payment,
      outcome: charge.outcome,
      attempt: { attempt, chargeNumber, route, ...charge },
      feeMinor: route.feeMinor,
      next,
    });
    if (next === null) return { answer, chargeMs };
    progress = {
      ...progress,
      payment: { ...payment, provider: next.provider, answer },
      route: next,
      chargeNumber: chargeNumber + 1,
      attempt: attempt + 1,
      isFirst: true,
    };
  }
}

/** True when it is certain that nothing was charged, and another provider may charge. */
function mayDoElsewhere(outcome: ChargeOutcome): boolean {
  if (outcome.outcome === "refused") return true;
  return outcome.outcome === "declined" && DECLINE_CODES[outcome.code].elsewhere;
}

/** What a live attempt tells routing about the provider and the issuers behind it. */
function learn(
  service: PaymentService,
  facts: ChargeFacts,
  provider: string,
  { outcome: { outcome }, note }: ChargeResult,
): void {
  if (ordersFailure(facts.paymentMethodId)) return;
  const isOrdered = testPaymentMethod(facts.paymentMethodId) !== undefined;
  service.routing.known(facts.tenantId).learn({
    provider,
    context: isOrdered ? null : contextOf(facts),
    answered: note === null && outcome !== "refused" && outcome !== "unknown",
    approved: outcome === "approved" ? true : outcome === "declined" ? false : null,
  });
}
