import { startProgress } from "../../src/core/progress.ts";
import { FeatureStream } from "../../src/fraud/features/feature_stream.ts";
import type { PaymentSource } from "./labelled_payment.ts";
import { LabelledPayments } from "./labelled_payments.ts";

const PROGRESS_EVERY_ROWS = 8_192;

/**
 * Streams a source once through the feature engine: each vector is read before its payment is observed, and each label
 * is seen from the instant on at which it became known.
 */
export function streamFeatures(source: PaymentSource): LabelledPayments {
  const payments = new LabelledPayments();
  // The sources promise it: worlds count their payments, and the CSV reader refuses an id that comes twice.
  const stream = new FeatureStream({ idsAreUnique: true });
  const progress = startProgress("features", source.expectedPayments ?? 0, "payments");
  for (const payment of source.payments()) {
    payments.add(stream.next(payment.event, payment.label)!, payment);
    if (payments.length % PROGRESS_EVERY_ROWS === 0) progress.update(payments.length);
  }
  progress.stop();
  return payments;
}
