import { hourUtc } from "../core/clock.ts";
import { toReferenceUsd } from "../core/money.ts";
import type { PaymentService } from "./payment_service.ts";
import type { PaymentRow } from "./read_answer.ts";
import { combinedTail, robustZ, twoSidedTail } from "./tail_probability.ts";

export interface AnomalyPart {
  readonly name:
    | "amount_for_customer"
    | "amount_for_merchant"
    | "hour_for_customer"
    | "merchant_for_customer";
  /** This payment's value, and what is usual. */
  readonly value: string;
  readonly usual: string;
  /** Robust z of the logarithm of the amount; null for what has none. */
  readonly z: number | null;
  /** Share of the payments before it that were at least as unusual in this. */
  readonly tail: number;
  readonly sample_size: number;
}

export type AnomalyScore =
  | {
    readonly basis: string;
    /** 0 to 100: the share of payments like it that would be less unusual, if its parts were independent. */
    readonly score: number;
    readonly parts: readonly AnomalyPart[];
    readonly sample_size: number;
  }
  | { readonly basis: "insufficient_data"; readonly sample_size: number; readonly missing: string };

/** Fewer of a customer's payments say too little about what is usual for them; so with a merchant's. */
const CUSTOMER_MIN = 10;
const MERCHANT_MIN = 20;
const CUSTOMER_HISTORY = 200;
/** How many of the tenant's payments are looked through for the merchant's: bounds the cost of the call. */
const MERCHANT_LOOK_BACK = 10_000;
const MERCHANT_HISTORY = 500;

/**
 * How unusual a payment is beside the ones before it, of its customer and of its merchant. The amount by its robust z
 * (median and median deviation of logarithms, in US dollars at the reference rate), the hour by how seldom the
 * customer pays around it, the merchant by how seldom the customer goes to a new one. The parts' tail
 * probabilities are combined by Fisher's method.
 */
export async function scoreAnomaly(service: PaymentService, row: PaymentRow): Promise<AnomalyScore> {
  const [customers, merchants] = await Promise.all([
    readCustomerHistory(service, row),
    readMerchantHistory(service, row),
  ]);
  return anomalyOf(row, customers, merchants);
}

export interface PastPayment {
  readonly amountUsd: number;
  readonly occurredAtMs: number;
  readonly merchantId: string;
}

/** The score from histories that are at hand, latest first. */
export function anomalyOf(
  row: Pick<PaymentRow, "amountMinor" | "currency" | "occurredAtMs" | "merchantId">,
  customers: readonly PastPayment[],
  merchants: readonly PastPayment[],
): AnomalyScore {
  const parts: AnomalyPart[] = [];
  const amountUsd = toReferenceUsd(row.amountMinor, row.currency);
  if (customers.length >= CUSTOMER_MIN) {
    parts.push(
      amountPart("amount_for_customer", amountUsd, customers),
      hourPart(hourUtc(row.occurredAtMs), customers),
      merchantPart(row.merchantId, customers),
    );
  }
  if (merchants.length >= MERCHANT_MIN) parts.push(amountPart("amount_for_merchant", amountUsd, merchants));
  const sampleSize = customers.length + merchants.length;
  if (parts.length === 0) {
    return {
      basis: "insufficient_data",
      sample_size: sampleSize,
      missing: `${CUSTOMER_MIN - customers.length} more payments of the customer, or ${
        MERCHANT_MIN - merchants.length
      } more of the merchant`,
    };
  }
  return {
    basis: `${customers.length} earlier payments of the customer and ${merchants.length} of the merchant`,
    score: Math.round(1_000 * (1 - combinedTail(parts.map(({ tail }) => tail)))) / 10,
    parts,
    sample_size: sampleSize,
  };
}

function amountPart(
  name: "amount_for_customer" | "amount_for_merchant",
  amountUsd: number,
  past: readonly PastPayment[],
): AnomalyPart {
  const { z, median } = robustZ(Math.log(amountUsd), past.map((payment) => Math.log(payment.amountUsd)));
  return {
    name,
    value: `${amountUsd.toFixed(2)} US dollars`,
    usual: `${Math.exp(median).toFixed(2)} US dollars`,
    z: Math.round(100 * z) / 100,
    // No history is so long that it could show a rarer event.
    tail: significant(Math.max(twoSidedTail(z), 1 / (10 * (past.length + 1)))),
    sample_size: past.length,
  };
}

const NEAR_HOURS = 3;

function hourPart(hour: number, past: readonly PastPayment[]): AnomalyPart {
  const density = (at: number) =>
    past.filter(({ occurredAtMs }) => circularHours(hourUtc(occurredAtMs), at) <= NEAR_HOURS).length;
  const here = density(hour);
  // How many of the past payments were made at an hour at least as lonely.
  const lonelier = past.filter(({ occurredAtMs }) => density(hourUtc(occurredAtMs)) <= here).length;
  return {
    name: "hour_for_customer",
    value: `${String(Math.floor(hour)).padStart(2, "0")}:00 UTC`,
    usual: `${here} of ${past.length} payments within ${NEAR_HOURS} hours of it`,
    z: null,
    tail: significant((lonelier + 1) / (past.length + 1)),
    sample_size: past.length,
  };
}

function circularHours(a: number, b: number): number {
  const apart = Math.abs(a - b);
  return Math.min(apart, 24 - apart);
}

function merchantPart(merchantId: string, past: readonly PastPayment[]): AnomalyPart {
  const isNew = !past.some((payment) => payment.merchantId === merchantId);
  // Of the later half, those that went to a merchant that neither the earlier half nor they had met before.
  const half = Math.floor(past.length / 2);
  const met = new Set(past.slice(half).map((payment) => payment.merchantId));
  let firstVisits = 0;
  for (const payment of past.slice(0, half).toReversed()) {
    if (!met.has(payment.merchantId)) firstVisits++;
    met.add(payment.merchantId);
  }
  return {
    name: "merchant_for_customer",
    value: isNew ? "never paid before" : "paid before",
    usual: `${firstVisits} of the last ${half} payments went to a new merchant`,
    z: null,
    tail: isNew ? significant((firstVisits + 1) / (half + 1)) : 1,
    sample_size: past.length,
  };
}

function significant(value: number): number {
  return Number(value.toPrecision(4));
}

type HistoryRow = { amount_minor: string; currency: string; occurred_at_ms: number; merchant_id: string };

async function readCustomerHistory(service: PaymentService, row: PaymentRow): Promise<PastPayment[]> {
  const rows = await service.pool.of(row.tenantId)<HistoryRow[]>`
    select amount_minor::text, currency, occurred_at_ms::float8 as occurred_at_ms, merchant_id from payments
     where tenant_id = ${row.tenantId} and customer_id = ${row.customerId}
       and occurred_at_ms < ${row.occurredAtMs} and payment_id <> ${row.paymentId}
     order by occurred_at_ms desc limit ${CUSTOMER_HISTORY}`;
  return rows.map(pastPayment);
}

async function readMerchantHistory(service: PaymentService, row: PaymentRow): Promise<PastPayment[]> {
  const rows = await service.pool.of(row.tenantId)<HistoryRow[]>`
    select amount_minor::text, currency, occurred_at_ms::float8 as occurred_at_ms, merchant_id
      from (select * from payments where tenant_id = ${row.tenantId} and payment_id < ${row.paymentId}
             order by payment_id desc limit ${MERCHANT_LOOK_BACK}) recent
     where merchant_id = ${row.merchantId} order by payment_id desc limit ${MERCHANT_HISTORY}`;
  return rows.map(pastPayment);
}

function pastPayment(row: HistoryRow): PastPayment {
  return {
    amountUsd: toReferenceUsd(BigInt(row.amount_minor), row.currency),
    occurredAtMs: row.occurred_at_ms,
    merchantId: row.merchant_id,
  };
}
