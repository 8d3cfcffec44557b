import { ENTITY_KINDS, type EntityKind, type EntityRef } from "./event.ts";

/**
 * The states that one batch or one simulation works on, by entity. The server fills it from PostgreSQL before a
 * batch and writes back what `entries()` holds; the trainer keeps one for the whole stream.
 */
export class FeatureStates {
  readonly #byKind: Readonly<Record<EntityKind, Map<string, Float64Array>>> = {
    customer: new Map(),
    card: new Map(),
    device: new Map(),
    address: new Map(),
    merchant: new Map(),
  };

  get(ref: EntityRef): Float64Array | undefined {
    return this.#byKind[ref.kind].get(ref.id);
  }

  /** Keeps the array itself, not a copy: `observe` updates it in place. */
  set(ref: EntityRef, state: Float64Array): void {
    this.#byKind[ref.kind].set(ref.id, state);
  }

  /** As {@link get} without a reference object: it is called five times a payment. */
  find(kind: EntityKind, id: string | null): Float64Array | undefined {
    return id === null ? undefined : this.#byKind[kind].get(id);
  }

  get size(): number {
    return ENTITY_KINDS.reduce((size, kind) => size + this.#byKind[kind].size, 0);
  }

  *entries(): IterableIterator<[EntityRef, Float64Array]> {
    for (const kind of ENTITY_KINDS) {
      for (const [id, state] of this.#byKind[kind]) yield [{ kind, id }, state];
    }
  }
}
