import type { KeyOfCall } from "./idempotency_keys.ts";
import { isKnownKey } from "./lost_race.ts";

/** After a call came again that this process had not met, as after a restart, how long every key is looked up. */
const LOOK_UP_ALL_FOR_MS = 5_000;

/**
 * The idempotency keys that this process has met lately. A key that is not among them is most likely new, so it is
 * claimed without a look at the database first; where that was wrong the claim fails, nothing is stored, and the batch
 * is run again with a look.
 */
export class RecentKeys {
  readonly #keys = new Set<string>();
  readonly #maxEntries: number;
  readonly #monotonicMs: () => number;
  #lookUpAllUntilMs = Number.NEGATIVE_INFINITY;

  /** @param maxEntries about a hundred bytes each */
  constructor(maxEntries: number, monotonicMs: () => number) {
    this.#maxEntries = maxEntries;
    this.#monotonicMs = monotonicMs;
  }

  /** The call's key as it is to be looked up; null in it when it is taken for new without a look. */
  toLookUp(call: KeyOfCall): KeyOfCall {
    if (this.#monotonicMs() < this.#lookUpAllUntilMs || this.#keys.has(nameOf(call))) return call;
    return { ...call, key: null };
  }

  add(call: KeyOfCall): void {
    if (call.key === null) return;
    if (this.#keys.size >= this.#maxEntries) this.#keys.delete(this.#keys.values().next().value!);
    this.#keys.add(nameOf(call));
  }

  /** Runs a batch that asks {@link toLookUp}, and once more when a key that it took for new was not. */
  async run<Result>(batch: () => Promise<Result>): Promise<Result> {
    try {
      return await batch();
    } catch (error) {
      if (!isKnownKey(error)) throw error;
      this.lookUpAll();
      return await batch();
    }
  }

  /** For a while, when a key was taken for new and was not. */
  lookUpAll(): void {
    this.#lookUpAllUntilMs = this.#monotonicMs() + LOOK_UP_ALL_FOR_MS;
  }
}

function nameOf({ tenantId, principal, key }: KeyOfCall): string {
  return JSON.stringify([tenantId, principal, key]);
}
