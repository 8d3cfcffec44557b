import { startProgress } from "../../src/core/progress.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { FeatureStream } from "../../src/fraud/features/feature_stream.ts";
import type { FraudModelPort } from "../../src/fraud/screen_payment.ts";
import type { DisputedPayment } from "../../src/fraud/disputes/dispute_model.ts";
import { CATEGORIES } from "../world/categories.ts";
import { NO_REPORT } from "../world/payment_columns.ts";
import { EventReader } from "../world/to_payment_event.ts";
import type { World } from "../world/world.ts";

export interface DisputeRow extends DisputedPayment {
  readonly day: number;
  readonly customer: number;
  readonly riskScore: number;
  /** Days until somebody reported it, as fraud or as a quarrel with the merchant; null when nobody ever did. */
  readonly disputedAfterDays: number | null;
  readonly truthFraud: boolean;
}

/** A world's payments from `fromDay` on, each scored by the fraud model on what was known just before it. */
export function disputeRows(world: World, model: FraudModelPort, fromDay: number): DisputeRow[] {
  const events = new EventReader(world.society);
  const stream = new FeatureStream({ idsAreUnique: true });
  const rows: DisputeRow[] = [];
  const progress = startProgress("features", world.config.days, "days");
  for (const { day, columns } of world.columns()) {
    for (let row = 0; row < columns.length; row++) {
      const event = events.read(columns, row, day);
      const reportedAtMs = columns.labelKnownAtMs[row];
      const report = reportedAtMs === NO_REPORT
        ? null
        : { knownAtMs: reportedAtMs, fraud: columns.labelFraud[row] === 1 };
      const vector = stream.next(event, report)!;
      if (day < fromDay) continue;
      const { probability, riskScore } = model.score(vector);
      rows.push({
        fraudProbability: probability,
        amountUsd: event.amountUsd,
        category: CATEGORIES[world.society.merchants.category[columns.merchant[row]]].name,
        hasDevice: event.deviceId !== null,
        day,
        customer: columns.customer[row],
        riskScore,
        disputedAfterDays: reportedAtMs === NO_REPORT
          ? null
          : (reportedAtMs - columns.occurredAtMs[row]) / DAY_MS,
        truthFraud: columns.fraud[row] === 1,
      });
    }
    progress.update(day + 1);
  }
  progress.stop();
  return rows;
}
