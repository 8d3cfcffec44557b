/**
 * A broken invariant is a bug, not an outcome: it throws, the request dies loudly and nothing is committed.
 * Outcomes a caller can act on are {@link DomainError}s instead.
 */
export class InvariantError extends Error {
  override name = "InvariantError";
}

/** Throws {@link InvariantError} with `message` unless `condition` holds. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** For the branch a type says cannot happen. */
export function unreachable(value: never, what: string): never {
  throw new InvariantError(`Unreachable ${what}: ${JSON.stringify(value)}`);
}
