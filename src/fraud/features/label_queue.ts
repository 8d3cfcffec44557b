import type { LabelEvent } from "./event.ts";

/** Labels that wait to become known, the next one first; at one instant by payment id. A binary heap. */
export class LabelQueue {
  readonly #heap: LabelEvent[] = [];

  get size(): number {
    return this.#heap.length;
  }

  add(label: LabelEvent): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(label);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(label, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = label;
  }

  /** Takes the next label that is known by `untilMs`; null when there is none. */
  next(untilMs: number): LabelEvent | null {
    const heap = this.#heap;
    if (heap.length === 0 || heap[0].knownAtMs > untilMs) return null;
    const first = heap[0];
    const last = heap.pop()!;
    if (heap.length > 0) this.#sink(last);
    return first;
  }

  #sink(label: LabelEvent): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++;
      if (!isBefore(heap[child], label)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = label;
  }
}

function isBefore(a: LabelEvent, b: LabelEvent): boolean {
  return a.knownAtMs < b.knownAtMs ||
    (a.knownAtMs === b.knownAtMs && a.payment.paymentId < b.payment.paymentId);
}
