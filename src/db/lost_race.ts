/** Each loser of a race finds the winner's work done at its next try, so more tries than this point to a fault. */
const RACE_TRIES = 10;

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
  const { code, constraint_name: constraint } = error as { code?: string; constraint_name?: string };
  return code === "40P01" || code === "40001" ||
    (code === "23505" && (constraint === "idempotency_keys_pkey" || constraint === "feature_states_pkey"));
}
