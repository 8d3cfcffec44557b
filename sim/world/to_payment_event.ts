import { toReferenceUsd } from "../../src/core/money.ts";
import type { PaymentEvent } from "../../src/fraud/features/event.ts";
import type { SimPayment } from "./types.ts";
import type { World } from "./world.ts";

/** The payment as the fraud features see it; what is true or reported about it is left behind. */
export function toPaymentEvent(payment: SimPayment, world: World): PaymentEvent {
  const customer = world.customerById.get(payment.customerId)!;
  const merchant = world.merchantById.get(payment.merchantId)!;
  const card = world.cardById.get(payment.paymentMethodId)!;
  return {
    paymentId: `sim_${payment.index}`,
    occurredAtMs: payment.occurredAtMs,
    customerId: payment.customerId,
    cardId: payment.paymentMethodId,
    deviceId: payment.deviceId,
    merchantId: payment.merchantId,
    amountUsd: toReferenceUsd(payment.amountMinor, payment.currency),
    currency: payment.currency,
    method: payment.method,
    merchantCategory: merchant.category,
    merchantCountry: merchant.country,
    country: payment.country,
    customerCountry: customer.country,
    cardCountry: card.issuerCountry,
    customerSinceMs: customer.sinceMs,
  };
}
