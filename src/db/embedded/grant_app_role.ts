import { openPool } from "../pool.ts";
import { APP_ROLE, OWNER_ROLE } from "../roles.ts";

/**
 * Lets the database's owner work as the server's role, which a second server does that is given the owner's URL. New
 * clusters have it from the beginning (initialise_cluster.ts); this is for those that were made before.
 */
export async function grantAppRole(urls: { adminUrl: string; superuserUrl: string }): Promise<void> {
  const asked = openPool({ url: urls.adminUrl, max: 1, applicationName: "mcp-payments-lab roles" });
  try {
    const [{ may_take: mayTake }] = await asked<{ may_take: boolean }[]>`
      select pg_has_role(current_user, ${APP_ROLE}, 'SET') as may_take`;
    if (mayTake) return;
  } finally {
    await asked.end();
  }
  const sql = openPool({ url: urls.superuserUrl, max: 1, applicationName: "mcp-payments-lab roles" });
  try {
    await sql.unsafe(`grant ${APP_ROLE} to ${OWNER_ROLE} with inherit false, set true`);
  } finally {
    await sql.end();
  }
}
