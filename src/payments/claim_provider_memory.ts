import { OperatorError } from "../core/run_command.ts";
import { openPool, type PoolOptions } from "../db/pool.ts";

/** Any number that nobody else locks in this database. */
const LOCK = "7274958311";
/** The connection of a server that was killed may live a little longer than it. */
const TRIES = 10;
const TRY_INTERVAL_MS = 500;

/**
 * Makes sure that one server at a time charges this database's payments at providers of its own process: another one's
 * would not know what the first one's have charged, and would let the completer take a charged payment for lost.
 *
 * The claim is a connection's: it ends with the process, however that ends. Throws {@link OperatorError}.
 */
export async function claimProviderMemory(
  pool: Pick<PoolOptions, "url" | "role">,
): Promise<{ release(): Promise<void> }> {
  const sql = openPool({ ...pool, max: 1, applicationName: "mcp-payments-lab providers" });
  for (let tries = 1; tries <= TRIES; tries++) {
    const [{ claimed }] = await sql<{ claimed: boolean }[]>`
      select pg_try_advisory_lock(${LOCK}::bigint) as claimed`;
    if (claimed) return { release: () => sql.end() };
    await new Promise((resolve) => setTimeout(resolve, TRY_INTERVAL_MS));
  }
  await sql.end();
  throw new OperatorError(
    "providers_not_shared",
    "Another server on this DATABASE_URL has simulated providers of its own, which would know nothing of this one's " +
      "charges. Start `deno task providers` and both servers with the same PROVIDERS_URL, or stop the other server.",
  );
}
