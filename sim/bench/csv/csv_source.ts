import { DAY_MS } from "../../../src/fraud/features/windows.ts";
import type { LabelledPayment, PaymentSource } from "../../train/labelled_payment.ts";
import type { CsvPayment } from "./csv_payments.ts";
import { readCsv } from "./read_csv.ts";

/** Lists hold amounts of nothing; features take logarithms. */
const LEAST_AMOUNT = 0.01;

/** A CSV file as training data. Without label times all labels are right and known after `labelDelayDays`. */
export async function csvSource(path: string, labelDelayDays: number): Promise<PaymentSource> {
  const payments = await readCsv(path);
  const order = payments.byTime();
  return {
    name: path.replace(/^.*\//, ""),
    expectedPayments: payments.length,
    description: { file: path.replace(/^.*\//, ""), payments: payments.length },
    *payments(): Iterable<LabelledPayment> {
      for (const row of order) yield toLabelledPayment(payments.at(row), labelDelayDays * DAY_MS);
    },
  };
}

function toLabelledPayment(payment: CsvPayment, labelDelayMs: number): LabelledPayment {
  const { fraud, labelFraud, labelKnownAtMs, posterior } = payment;
  return {
    event: {
      paymentId: payment.txId,
      occurredAtMs: payment.atMs,
      customerId: payment.customerId,
      cardId: payment.cardId,
      deviceId: payment.deviceId,
      addressId: payment.addressId,
      merchantId: payment.terminalId,
      amountUsd: Math.max(LEAST_AMOUNT, payment.amount),
      merchantCategory: payment.category,
      merchantCountry: payment.merchantCountry,
      country: payment.country,
      customerCountry: payment.customerCountry,
      cardCountry: payment.cardCountry,
      customerSinceMs: Number.isNaN(payment.customerSinceMs) ? null : payment.customerSinceMs,
    },
    fraud,
    label: labelKnownAtMs === null
      ? { knownAtMs: payment.atMs + labelDelayMs, fraud }
      : Number.isNaN(labelKnownAtMs)
      ? null
      : { knownAtMs: labelKnownAtMs, fraud: labelFraud ?? fraud },
    posterior: Number.isNaN(posterior) ? null : posterior,
    story: payment.story,
  };
}
