import type { EntityRef } from "../fraud/features/event.ts";

/** A feature state as it stands in the database, or will when the batch that writes it commits. */
export interface StoredState {
  readonly state: Float64Array;
  /** Of its row: chosen by whoever wrote it, see {@link newStateVersion}. */
  readonly version: string;
}

/**
 * The feature states that this process wrote or read last: most payments find theirs here, and their batch then needs no
 * reading before it writes. The database stays the judge: a state is stored only over the version it was taken at, so
 * one that another server has changed or created meanwhile makes the batch fail, and be read again.
 *
 * A batch takes its states out and puts them back when its statement is on its way: the next batch goes on from there
 * before the first has been stored. If that fails its states are forgotten, and so the next one fails, too: the version
 * that it wants to write over never comes to be.
 *
 * All by {@link stateKey}.
 */
export class RememberedStates {
  readonly #states = new Map<string, StoredState>();
  /** Taken and not put back: by a batch that decides, or by one that failed. */
  readonly #taken = new Set<string>();
  readonly #maxEntries: number;
  #isComplete = false;

  /** @param maxEntries half a kilobyte each */
  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  /** Null when the entity has no state yet; undefined when that is not known here. */
  take(key: string): StoredState | null | undefined {
    const known = this.#states.get(key);
    if (known === undefined) return this.#isComplete && !this.#taken.has(key) ? null : undefined;
    this.#states.delete(key);
    this.#taken.add(key);
    return known;
  }

  /** The entries put longest ago make room. */
  put(key: string, stored: StoredState): void {
    this.#taken.delete(key);
    if (this.isFull) {
      this.#states.delete(this.#states.keys().next().value!);
      this.#isComplete = false;
    }
    this.#states.set(key, stored);
  }

  /** What a failed batch has put, unless another one has gone on from it. */
  forget(key: string, version: string): void {
    if (this.#states.get(key)?.version !== version) return;
    this.#states.delete(key);
    this.#taken.add(key);
  }

  /** For what was read a while ago: a batch may have taken it since, or written it anew. */
  putIfUnknown(key: string, stored: StoredState): void {
    if (!this.#taken.has(key) && !this.#states.has(key)) this.put(key, stored);
  }

  /** Every state there is has been put: what is not here is new. */
  setComplete(): void {
    this.#isComplete = !this.isFull;
  }

  get isFull(): boolean {
    return this.#states.size >= this.#maxEntries;
  }
}

/**
 * A version that no state has had: a random number of 52 bits to begin with, and the following ones for this process. As
 * text, as a row's 64-bit integer comes back.
 */
export function newStateVersion(): string {
  return String(++latestVersion);
}

let latestVersion = (([high, low]) => (high >>> 12) * 2 ** 32 + low)(
  crypto.getRandomValues(new Uint32Array(2)),
);

/** Names an entity among all tenants'. */
export function stateKey(tenantId: string, ref: EntityRef): string {
  return `${tenantId}/${ref.kind}/${ref.id}`;
}
