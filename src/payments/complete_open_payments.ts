import type { ChargeResult } from "./charge_payment.ts";
import { chargePayment } from "./charge_payment.ts";
import { ProviderTimeout } from "../providers/provider.ts";
import { providerKeyOf } from "./payment.ts";
import type { PaymentAnswer } from "./payment_answer.ts";
import type { PaymentService } from "./payment_service.ts";
import { answerOf, isAlreadySettled, readPayment } from "./read_answer.ts";

const CLAIM_LIMIT = 200;
const CONCURRENCY = 25;
/** A claimed payment is left to its claimer this long; longer than charging and settling take. */
const LEASE_MS = 20_000;

/**
 * Drives every payment that is due on the open list to its end, without the client: what a crash left between
 * the transactions, and what a provider left in doubt. Several servers may run it; a claim is a lease.
 *
 * @returns how many payments it settled
 */
export async function completeOpenPayments(service: PaymentService): Promise<number> {
  const now = new Date(service.clock.nowMs());
  const lease = new Date(service.clock.nowMs() + LEASE_MS);
  const claimed = await service.sql<{ tenant_id: string; payment_id: string }[]>`
    update open_payments o set next_check_at = ${lease}, checks = o.checks + 1
      from (select tenant_id, payment_id from open_payments where next_check_at <= ${now}
             order by next_check_at limit ${CLAIM_LIMIT} for update skip locked) due
     where o.tenant_id = due.tenant_id and o.payment_id = due.payment_id
    returning o.tenant_id, o.payment_id`;
  let settled = 0;
  const queue = [...claimed];
  const worker = async () => {
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      if (await completePayment(service, next.tenant_id, next.payment_id)) settled++;
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, claimed.length) }, worker));
  return settled;
}

/** One payment to its end; false when it is still in doubt. Safe to run beside any other driver of the payment. */
async function completePayment(
  service: PaymentService,
  tenantId: string,
  paymentId: string,
): Promise<boolean> {
  const row = await readPayment(service, tenantId, paymentId);
  if (row.status !== "processing" && row.status !== "in_doubt") return false;
  const charge = row.provider === null ? null : await learnOutcome(service, row);
  if (charge?.outcome.outcome === "unknown" && row.status === "in_doubt") return false;
  const references = row.method === "card"
    ? await service.references.of({ ...emptyRequest, ...row, principal: row.principal })
    : null;
  const crossBorder = references !== null && references.paymentMethod !== null &&
    references.paymentMethod.issuerCountry !== references.merchant.country;
  let answer: PaymentAnswer;
  try {
    answer = await service.settle({
      payment: {
        tenantId,
        paymentId,
        principal: row.principal,
        idempotencyKey: row.idempotencyKey,
        method: row.method,
        amountMinor: row.amountMinor,
        currency: row.currency,
        customerId: row.customerId,
        merchantId: row.merchantId,
        provider: row.provider,
        holdId: row.method === "wallet" ? `hold_${paymentId.slice(4)}` : null,
        answer: answerOf(service, row),
      },
      outcome: charge?.outcome ?? { outcome: "approved", chargeId: "" },
      attempt: charge && { attempt: row.attempts.length + 1, ...charge },
      feeMinor: row.provider === null
        ? 0n
        : service.provider(row.provider).feeMinor(row.amountMinor, row.currency, crossBorder),
    });
  } catch (error) {
    if (isAlreadySettled(error)) return false;
    throw error;
  }
  service.events.outcome(answer.status, answer.decline?.by ?? null);
  return answer.status !== "in_doubt";
}

/**
 * What became of the charge. The provider's memory comes first. Where it has none, a payment that a crash left
 * is charged now, under its own key; one whose charge went unanswered is voided, so that no late charge can
 * follow what the customer is told.
 */
async function learnOutcome(
  service: PaymentService,
  row: Awaited<ReturnType<typeof readPayment>>,
): Promise<ChargeResult> {
  const { clock, settings: { providerTimeoutMs } } = service;
  const provider = service.provider(row.provider!);
  const key = providerKeyOf(row.tenantId, row.paymentId);
  const startedAtMs = clock.nowMs();
  const startedMs = clock.monotonicMs();
  const result = (outcome: ChargeResult["outcome"], note: string): ChargeResult => ({
    outcome,
    startedAtMs,
    latencyMs: clock.monotonicMs() - startedMs,
    note,
  });
  try {
    const found = await provider.findCharge(key, providerTimeoutMs);
    if (found !== null) return result(found, "found_by_key");
    if (row.status === "in_doubt") {
      return result(await provider.voidKey(key, providerTimeoutMs), "voided_after_no_reply");
    }
  } catch (error) {
    if (error instanceof ProviderTimeout) return result({ outcome: "unknown" }, "no_reply_to_look_up");
    throw error;
  }
  const { paymentMethod, merchant } = await service.references.of({ ...emptyRequest, ...row });
  return await chargePayment(
    provider,
    {
      key,
      amountMinor: row.amountMinor,
      currency: row.currency,
      paymentMethodId: paymentMethod!.paymentMethodId,
      network: paymentMethod!.network,
      issuerCountry: paymentMethod!.issuerCountry,
      merchantCountry: merchant.country,
    },
    providerTimeoutMs,
    clock,
  );
}

/** What {@link References.of} does not look at. */
const emptyRequest = {
  description: null,
  deviceId: null,
  ipAddress: null,
  country: null,
  metadata: null,
  simulatedAtMs: null,
};

/** Runs {@link completeOpenPayments} again and again until it is stopped. */
export class Completer {
  readonly #service: PaymentService;
  readonly #intervalMs: number;
  readonly #onError: (error: unknown) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(service: PaymentService, intervalMs: number, onError: (error: unknown) => void) {
    this.#service = service;
    this.#intervalMs = intervalMs;
    this.#onError = onError;
  }

  start(): void {
    this.#running = this.#round().finally(() => {
      if (!this.#stopped) this.#timer = setTimeout(() => this.start(), this.#intervalMs);
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #round(): Promise<void> {
    try {
      await completeOpenPayments(this.#service);
    } catch (error) {
      this.#onError(error);
    }
  }
}
