import { toReferenceUsd } from "../../src/core/money.ts";
import type { PaymentEvent } from "../../src/fraud/features/event.ts";
import { CATEGORIES } from "./categories.ts";
import { COUNTRIES, CURRENCY_CODES } from "./countries.ts";
import { addressIdOf, cardIdOf, customerIdOf, deviceIdOf, merchantIdOf } from "./ids.ts";
import type { PaymentColumns } from "./payment_columns.ts";
import { INDEX_STEP_PER_DAY } from "./world.ts";
import type { Society } from "./society.ts";
import type { SimPayment } from "./types.ts";
import type { World } from "./world.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";

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
    addressId: payment.addressId,
    merchantId: payment.merchantId,
    amountUsd: toReferenceUsd(payment.amountMinor, payment.currency),
    merchantCategory: merchant.category,
    merchantCountry: merchant.country,
    country: payment.country,
    customerCountry: customer.country,
    cardCountry: card.issuerCountry,
    customerSinceMs: customer.sinceMs,
  };
}

/** As {@link toPaymentEvent}, straight from the columns: the same event, without the record of the payment between. */
export class EventReader {
  readonly #society: Society;
  readonly #customerIds: string[] = [];
  readonly #merchantIds: string[] = [];
  readonly #cardIds: string[] = [];

  constructor(society: Society) {
    this.#society = society;
  }

  read(columns: PaymentColumns, row: number, day: number): PaymentEvent {
    const { people, merchants, cards, startMs } = this.#society;
    const customer = columns.customer[row];
    const merchant = columns.merchant[row];
    const card = columns.card[row];
    const currency = CURRENCY_CODES[columns.currency[row]];
    return {
      paymentId: `sim_${day * INDEX_STEP_PER_DAY + row}`,
      occurredAtMs: columns.occurredAtMs[row],
      customerId: this.#customerIds[customer] ??= customerIdOf(customer),
      cardId: this.#cardIds[card] ??= cardIdOf(customer, card - cards.first[customer]),
      deviceId: deviceIdOf(columns.device[row]),
      addressId: addressIdOf(columns.address[row]),
      merchantId: this.#merchantIds[merchant] ??= merchantIdOf(merchant),
      amountUsd: toReferenceUsd(columns.amountMinor[row], currency),
      merchantCategory: CATEGORIES[merchants.category[merchant]].name,
      merchantCountry: COUNTRIES[merchants.country[merchant]].code,
      country: COUNTRIES[columns.country[row]].code,
      customerCountry: COUNTRIES[people.country[customer]].code,
      cardCountry: COUNTRIES[cards.issuerCountry[card]].code,
      customerSinceMs: startMs + Math.floor(people.sinceDay[customer] * DAY_MS),
    };
  }
}
