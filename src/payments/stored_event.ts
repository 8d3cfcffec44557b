import { toReferenceUsd } from "../core/money.ts";
import type { Sql } from "../db/pool.ts";
import type { PaymentEvent } from "../fraud/features/event.ts";
import { testPaymentMethod } from "../providers/test_payment_methods.ts";
import { cardIdOf } from "./references.ts";

/** A payment as stored, with what the fraud features need of those it names. */
export interface StoredEventRow {
  readonly tenant_id: string;
  readonly payment_id: string;
  readonly occurred_at_ms: number;
  readonly customer_id: string;
  readonly merchant_id: string;
  readonly payment_method_id: string | null;
  readonly device_id: string | null;
  readonly address_id: string | null;
  readonly amount_minor: string;
  readonly currency: string;
  readonly country: string;
  readonly merchant_category: string | null;
  readonly merchant_country: string | null;
  readonly customer_country: string | null;
  readonly customer_since_ms: number | null;
  readonly issuer_country: string | null;
}

/** The columns of {@link StoredEventRow}; goes with {@link storedEventTables}. */
export function storedEventColumns(sql: Sql) {
  return sql`p.tenant_id, p.payment_id, p.occurred_at_ms::float8 as occurred_at_ms, p.customer_id, p.merchant_id,
             p.payment_method_id, p.device_id, p.address_id, p.amount_minor::text as amount_minor, p.currency,
             p.country, h.category as merchant_category, h.country as merchant_country,
             c.country as customer_country, c.since_ms::float8 as customer_since_ms, m.issuer_country`;
}

export function storedEventTables(sql: Sql) {
  return sql`payments p
      left join customers c on c.tenant_id = p.tenant_id and c.customer_id = p.customer_id
      left join merchants h on h.tenant_id = p.tenant_id and h.merchant_id = p.merchant_id
      left join payment_methods m on m.tenant_id = p.tenant_id and m.payment_method_id = p.payment_method_id`;
}

/** The payment as the server handed it to the engine; null when it names what is not there. */
export function storedEvent(row: StoredEventRow): PaymentEvent | null {
  const { payment_method_id: paymentMethodId, merchant_category: category } = row;
  const isTest = paymentMethodId !== null && testPaymentMethod(paymentMethodId) !== undefined;
  const cardCountry = isTest ? row.customer_country : row.issuer_country;
  if (
    category === null || row.merchant_country === null || row.customer_country === null ||
    row.customer_since_ms === null || (paymentMethodId !== null && cardCountry === null)
  ) return null;
  return {
    paymentId: row.payment_id,
    occurredAtMs: row.occurred_at_ms,
    customerId: row.customer_id,
    cardId: paymentMethodId === null ? null : cardIdOf(row.customer_id, paymentMethodId),
    deviceId: row.device_id,
    addressId: row.address_id,
    merchantId: row.merchant_id,
    amountUsd: toReferenceUsd(BigInt(row.amount_minor), row.currency),
    merchantCategory: category,
    merchantCountry: row.merchant_country,
    country: row.country,
    customerCountry: row.customer_country,
    cardCountry,
    customerSinceMs: row.customer_since_ms,
  };
}
