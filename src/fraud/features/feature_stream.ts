import { earliestKnownMs, earliestMs, observe, observeLabel, readFeatures } from "./engine.ts";
import type { LabelEvent, PaymentEvent } from "./event.ts";
import { FeatureStates } from "./feature_states.ts";
import { LabelQueue } from "./label_queue.ts";

/** When somebody comes to know what a payment was; nobody may look before. */
export interface DueLabel {
  readonly knownAtMs: number;
  readonly fraud: boolean;
}

/**
 * Payments in order of time, each with the label that will become known of it: the engine as trainers, loaders and
 * checks use it. What the rules for all that is irregular are:
 *
 *   - At one instant labels come first, by payment id, then payments, which {@link byTime} puts in order of their ids.
 *   - A payment that is late, or at the same instant as one of its entities' earlier payments, is moved to the first
 *     instant at which it fits (`earliestMs`), as the server does; so are labels.
 *   - A payment id that was there before is ignored, label and all.
 */
export class FeatureStream {
  /** Of the last payment: when it took place for the engine, which may be later than it was asked for. */
  occurredAtMs = -Infinity;
  readonly states: FeatureStates;
  readonly #pending = new LabelQueue();
  readonly #onLabel: ((label: LabelEvent) => void) | null;
  readonly #seen: Set<string> | null;

  /**
   * @param onLabel told of each label when it has been applied, with the instant at which it was
   * @param idsAreUnique the caller promises it; then ids are not remembered
   */
  constructor({ states = new FeatureStates(), onLabel = null, idsAreUnique = false }: {
    states?: FeatureStates;
    onLabel?: ((label: LabelEvent) => void) | null;
    idsAreUnique?: boolean;
  } = {}) {
    this.states = states;
    this.#onLabel = onLabel;
    this.#seen = idsAreUnique ? null : new Set();
  }

  /** Reads the payment's vector as of its instant, then remembers it. Null for a payment that was there before. */
  next(payment: PaymentEvent, label: DueLabel | null): Float64Array | null {
    return this.decide(payment, () => label);
  }

  /** As {@link next}, where what will be known of the payment depends on what is decided on its vector. */
  decide(payment: PaymentEvent, labelOf: (vector: Float64Array) => DueLabel | null): Float64Array | null {
    const event = this.#arrange(payment);
    if (event === null) return null;
    const vector = readFeatures(event, this.states);
    this.#remember(event, labelOf(vector));
    return vector;
  }

  /** As {@link next}, for who needs no vector. Returns whether the payment was new. */
  skip(payment: PaymentEvent, label: DueLabel | null): boolean {
    const event = this.#arrange(payment);
    if (event === null) return false;
    this.#remember(event, label);
    return true;
  }

  /** Applies the labels that are known by `untilMs`, and moves none that fits. */
  applyLabels(untilMs: number): void {
    for (let due = this.#pending.next(untilMs); due !== null; due = this.#pending.next(untilMs)) {
      const knownAtMs = earliestKnownMs(due.payment, due.knownAtMs, this.states);
      const label = knownAtMs === due.knownAtMs ? due : { ...due, knownAtMs };
      observeLabel(label, this.states);
      this.#onLabel?.(label);
    }
  }

  /** Labels that are not known yet. */
  get pendingLabels(): number {
    return this.#pending.size;
  }

  #arrange(payment: PaymentEvent): PaymentEvent | null {
    if (this.#seen !== null) {
      if (this.#seen.has(payment.paymentId)) return null;
      this.#seen.add(payment.paymentId);
    }
    let atMs = payment.occurredAtMs;
    for (;;) {
      this.applyLabels(atMs);
      const event = atMs === payment.occurredAtMs ? payment : { ...payment, occurredAtMs: atMs };
      const fitsAtMs = earliestMs(event, this.states);
      if (fitsAtMs === atMs) {
        this.occurredAtMs = atMs;
        return event;
      }
      atMs = fitsAtMs;
    }
  }

  #remember(event: PaymentEvent, label: DueLabel | null): void {
    observe(event, this.states);
    if (label !== null) {
      this.#pending.add({ payment: event, knownAtMs: label.knownAtMs, fraud: label.fraud });
    }
  }
}

/** The order in which a stream wants payments: by instant, and at one instant by id, in order of code units. */
export function byTime(a: PaymentEvent, b: PaymentEvent): number {
  return a.occurredAtMs - b.occurredAtMs ||
    (a.paymentId < b.paymentId ? -1 : a.paymentId > b.paymentId ? 1 : 0);
}
