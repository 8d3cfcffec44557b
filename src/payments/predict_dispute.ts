import { toReferenceUsd } from "../core/money.ts";
import { disputeToldAt } from "./open_dispute.ts";
import { PAYMENT_STATUSES } from "./payment.ts";
import type { PaymentService } from "./payment_service.ts";
import type { PaymentRow } from "./read_answer.ts";

export type DisputePrediction =
  | {
    basis: string;
    /** That the payment, which nobody has disputed yet, will be. */
    probability: number;
    /** Payments that the prediction was fitted on. */
    sample_size: number;
    /** How far predicted and observed shares were apart on later payments, with the middle 95% over customers. */
    calibration_error: { value: number; low: number; high: number };
    /** Days after the payment by which a dispute that comes has come. */
    within_days: number;
  }
  | { basis: "disputed"; probability: 1; told_at: string }
  | { basis: "insufficient_data"; missing: string };

/**
 * How likely the customer is to dispute the payment; null where nothing was captured. Its age is that of its own time by
 * its tenant's clock: a customer of forty simulated days ago had forty days for it.
 */
export async function predictDispute(
  service: PaymentService,
  row: PaymentRow,
): Promise<DisputePrediction | null> {
  if (!PAYMENT_STATUSES[row.status].captured) return null;
  if (row.provider === null) return null;
  const [disputedAt, nowMs, [merchant]] = await Promise.all([
    disputeToldAt(service.pool.of(row.tenantId), row),
    service.clocks.nowMs(row.tenantId),
    service.pool.of(row.tenantId)<{ category: string }[]>`
      select category from merchants where tenant_id = ${row.tenantId} and merchant_id = ${row.merchantId}`,
  ]);
  if (disputedAt !== null) {
    return { basis: "disputed", probability: 1, told_at: disputedAt.toISOString() };
  }
  if (row.fraudProbability === null) {
    return {
      basis: "insufficient_data",
      missing: "a fraud probability: the payment is from before there was a screen",
    };
  }
  const { disputeModel } = service;
  const { manifest } = disputeModel;
  const probability = disputeModel.probability(
    {
      fraudProbability: row.fraudProbability,
      amountUsd: toReferenceUsd(row.amountMinor, row.currency),
      category: merchant.category,
      hasDevice: row.deviceId !== null,
    },
    Math.max(0, nowMs - row.occurredAtMs),
  );
  return {
    basis: `calibrated on ${manifest.disputes} disputes of ${manifest.payments} simulated payments` +
      (manifest.fraudModelVersion === row.modelVersion ? "" : ", which another fraud model had scored"),
    probability: Number(probability.toPrecision(4)),
    sample_size: manifest.payments,
    calibration_error: {
      value: Number(manifest.calibration.error.toPrecision(3)),
      low: Number(manifest.calibration.low.toPrecision(3)),
      high: Number(manifest.calibration.high.toPrecision(3)),
    },
    within_days: disputeModel.lastDay,
  };
}
