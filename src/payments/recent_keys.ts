import type { KeyOfCall } from "../db/idempotency_keys.ts";

/**
 * The idempotency keys that this process has met lately. A key that is not among them is most likely new, so it is
 * claimed without a look at the database first; where that was wrong the claim fails, nothing is stored, and the batch
 * is run again with a look.
 */
export class RecentKeys {
  readonly #keys = new Set<string>();
  readonly #maxEntries: number;

  /** @param maxEntries about a hundred bytes each */
  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  has(call: KeyOfCall): boolean {
    return this.#keys.has(nameOf(call));
  }

  add(call: KeyOfCall): void {
    if (call.key === null) return;
    if (this.#keys.size >= this.#maxEntries) this.#keys.delete(this.#keys.values().next().value!);
    this.#keys.add(nameOf(call));
  }
}

function nameOf({ tenantId, principal, key }: KeyOfCall): string {
  return JSON.stringify([tenantId, principal, key]);
}
