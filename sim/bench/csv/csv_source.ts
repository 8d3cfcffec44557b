import { DAY_MS } from "../../../src/fraud/features/windows.ts";
import type { LabelledPayment, PaymentSource } from "../../train/labelled_payment.ts";
import type { CsvPayment, CsvPayments } from "./csv_payments.ts";
import { DatasetError } from "./dataset_error.ts";
import { fileKind } from "./file_kind.ts";
import { readCsv } from "./read_csv.ts";
import { readParquet } from "./read_parquet.ts";
import { tellingValues } from "./telling_values.ts";

/** Lists hold amounts of nothing; features take logarithms. */
const AMOUNT_OF_NOTHING = 0.01;

export interface CsvSource extends PaymentSource {
  /** What somebody should check in the file before its figures are believed. */
  readonly notes: readonly string[];
}

/** A CSV or Parquet file as training data. Without label times all labels are right and known after `labelDelayDays`. */
export async function csvSource(path: string, labelDelayDays: number): Promise<CsvSource> {
  const { kind, bytes } = await fileKind(path);
  const payments = kind === "parquet" ? await readParquet(path) : await readCsv(path, bytes);
  refuseOneClass(path, payments);
  const order = payments.byTime();
  // Below whatever the file's unit makes the least of its payments.
  const nothing = Math.min(AMOUNT_OF_NOTHING, payments.leastAmount);
  return {
    name: path.replace(/^.*\//, ""),
    expectedPayments: payments.length,
    description: { file: path.replace(/^.*\//, ""), payments: payments.length },
    notes: tellingValues(payments),
    *payments(): Iterable<LabelledPayment> {
      for (const row of order) yield toLabelledPayment(payments.at(row), labelDelayDays * DAY_MS, nothing);
    },
  };
}

function refuseOneClass(path: string, { length, frauds }: CsvPayments): void {
  if (length === 0) {
    throw new DatasetError("dataset_empty", `${path} has no payments below its header. Add some.`);
  }
  if (frauds > 0 && frauds < length) return;
  throw new DatasetError(
    "dataset_one_class",
    frauds === 0
      ? `none of the ${length} payments in ${path} is fraud: there is nothing to learn or to find. Fill the fraud column.`
      : `all ${length} payments in ${path} are fraud: there is nothing to tell them from. Add the genuine payments.`,
  );
}

function toLabelledPayment(payment: CsvPayment, labelDelayMs: number, nothing: number): LabelledPayment {
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
      amountUsd: payment.amount || nothing,
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
