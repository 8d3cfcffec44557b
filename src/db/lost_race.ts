/** Each loser of a race finds the winner's work done at its next try, so more tries than this point to a fault. */
export const RACE_TRIES = 10;

/**
 * Two servers on one database may create the same key or the same row at the same moment, or wait for each other's
 * rows in a circle. PostgreSQL then undoes one of them whole, which simply begins again.
 */
export async function againAfterLostRace<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1;; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!isLostRace(error) || tries === RACE_TRIES) throw error;
    }
  }
}

export function isLostRace(error: unknown): boolean {
  const { code } = error as { code?: string };
  return isDeadlock(error) || code === "40001" || isKnownKey(error) ||
    isDuplicateOf(error, FEATURE_STATE);
}

/** Whether it reached a connection that does not know yet for whom it is: one that has just replaced another. */
export function isWithoutTenant(error: unknown): boolean {
  return (error as { code?: string }).code === "42501";
}

/** Whether the connection ended while it was under way: nobody knows whether it was done. */
export function isConnectionLost(error: unknown): boolean {
  return CONNECTION_LOST.has((error as { code?: string }).code ?? "");
}

/** What is said of a statement that was not sent any more. */
export function connectionLost(under: string): Error {
  return Object.assign(new Error(`The database connection was lost under ${under}`), {
    code: "CONNECTION_CLOSED",
  });
}

/** For work whose second try finds out whether the first one was stored. */
export async function againAfterLostConnection<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isConnectionLost(error)) throw error;
    return await work();
  }
}

/** The driver's and the system's words for it, and PostgreSQL's last ones: ended by an administrator, or crashed. */
const CONNECTION_LOST = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_DESTROYED",
  "CONNECTION_ENDED",
  "ECONNRESET",
  "EPIPE",
  "57P01",
  "57P02",
]);

/** Whether it waited for others in a circle. */
export function isDeadlock(error: unknown): boolean {
  return (error as { code?: string }).code === "40P01";
}

/** Whether an idempotency key was claimed that an earlier call has claimed, wherever that one ran. */
export function isKnownKey(error: unknown): boolean {
  return isDuplicateOf(error, IDEMPOTENCY_KEY);
}

const IDEMPOTENCY_KEY = new Set(["idempotency_keys_pkey"]);
const FEATURE_STATE = new Set(["feature_states_pkey"]);

/** Whether a row was refused because one of these unique constraints has it already. */
export function isDuplicateOf(error: unknown, constraints: ReadonlySet<string>): boolean {
  const { code, constraint_name: constraint } = error as { code?: string; constraint_name?: string };
  return code === "23505" && constraints.has(constraint ?? "");
}
