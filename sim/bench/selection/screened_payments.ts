import { FeatureStream } from "../../../src/fraud/features/feature_stream.ts";
import type { Random } from "../../../src/core/random.ts";
import { startProgress } from "../../../src/core/progress.ts";
import { LabelledPayments } from "../../train/labelled_payments.ts";
import type { PaymentSource } from "../../train/labelled_payment.ts";

/** Who decides on a payment, and how many of those to be declined are let through to learn from. */
export interface Screen {
  /** From this instant on. */
  readonly fromMs: number;
  declines(vector: Float64Array): boolean;
  /** One would-be decline in so many is approved at random: its propensity is 1 over this. */
  readonly exploreOneIn: number;
  readonly chance: Random;
}

/** What became of a payment. */
export const OUTCOME = { approved: 0, declined: 1, explored: 2 } as const;

export interface ScreenedPayments {
  /** From {@link Screen.fromMs} on, each with the report that it would have had, whatever became of it. */
  readonly payments: LabelledPayments;
  /** {@link OUTCOME} of each. */
  readonly outcome: Uint8Array;
}

/**
 * Streams a world through a screen. Nobody ever reports a payment that was declined, so features and models learn nothing
 * of it; features remember that it was tried. What is explored is reported like any other.
 */
export function screenedPayments(source: PaymentSource, screen: Screen): ScreenedPayments {
  const payments = new LabelledPayments();
  const outcomes: number[] = [];
  const stream = new FeatureStream({ idsAreUnique: true });
  const progress = startProgress("screening", source.expectedPayments ?? 0, "payments");
  let seen = 0;
  for (const payment of source.payments()) {
    if (++seen % 8_192 === 0) progress.update(seen);
    if (payment.event.occurredAtMs < screen.fromMs) {
      stream.skip(payment.event, payment.label);
      continue;
    }
    let outcome: number = OUTCOME.approved;
    const vector = stream.decide(payment.event, (vector) => {
      if (screen.declines(vector)) {
        outcome = screen.chance.uniform() * screen.exploreOneIn < 1 ? OUTCOME.explored : OUTCOME.declined;
      }
      return outcome === OUTCOME.declined ? null : payment.label;
    })!;
    payments.add(vector, payment);
    outcomes.push(outcome);
  }
  progress.stop();
  return { payments, outcome: Uint8Array.from(outcomes) };
}
