import { DatabaseStartError } from "../db/errors.ts";
import { openPool } from "../db/pool.ts";
import { isCurrentLayout } from "../fraud/features/state.ts";

/**
 * Refuses a database whose feature states another version of this program has written: no payment could be screened.
 * One row tells, since no version writes beside another's. Throws {@link DatabaseStartError}.
 */
export async function requireCurrentStates(ownerUrl: string): Promise<void> {
  const sql = openPool({ url: ownerUrl, max: 1, applicationName: "mcp-payments-lab states" });
  try {
    const [row] = await sql<{ state: Uint8Array }[]>`select state from feature_states limit 1`;
    if (row === undefined || isCurrentLayout(row.state)) return;
  } finally {
    await sql.end();
  }
  throw new DatabaseStartError(
    "feature_states_of_other_version",
    "The fraud features of this database were kept by another version of this program.",
    { nextMove: "Set DATA_DIR (or DATABASE_URL) to a new one, or run the version that made it." },
  );
}
