import { startProgress } from "../../src/core/progress.ts";
import { observe, readFeatures } from "../../src/fraud/features/engine.ts";
import { FeatureStates } from "../../src/fraud/features/feature_states.ts";
import type { PaymentSource } from "./labelled_payment.ts";
import { LabelledPayments } from "./labelled_payments.ts";

const PROGRESS_EVERY_ROWS = 8_192;

/** Streams a source once through the feature engine: each vector is read before its payment is observed. */
export function streamFeatures(source: PaymentSource): LabelledPayments {
  const payments = new LabelledPayments();
  const states = new FeatureStates();
  const progress = startProgress("features", source.expectedPayments ?? 0, "payments");
  for (const payment of source.payments()) {
    const vector = readFeatures(payment.event, states);
    observe(payment.event, states);
    payments.add(vector, payment);
    if (payments.length % PROGRESS_EVERY_ROWS === 0) progress.update(payments.length);
  }
  progress.stop();
  return payments;
}
