import type { PaymentEvent } from "../../src/fraud/features/event.ts";

/** A payment with what is reported and what is true about it: what every source of training data delivers. */
export interface LabelledPayment {
  /** As the features see it; later than the payment before it. */
  readonly event: PaymentEvent;
  /** The truth, by which models are judged. */
  readonly fraud: boolean;
  /** What somebody comes to say of it, and from when on that is known; null when nobody ever reports. */
  readonly label: { readonly knownAtMs: number; readonly fraud: boolean } | null;
  /** The attainable probability of fraud, where the source knows it. */
  readonly posterior: number | null;
  /** Which kind of fraud it is; null for genuine payments and where nobody knows. */
  readonly story: string | null;
}

/** A stream of payments in order of time. */
export interface PaymentSource {
  /** What the report calls it. */
  readonly name: string;
  /** For the progress bar; null when nobody has counted. */
  readonly expectedPayments: number | null;
  /** How the report describes it: seed and size of a world, name of a file. */
  readonly description: Readonly<Record<string, string | number>>;
  payments(): Iterable<LabelledPayment>;
}
