import { APP_ROLE } from "./roles.ts";
import { DatabaseStartError } from "./errors.ts";
import { openPool, type Sql } from "./pool.ts";

/** Below it GRANT … WITH SET and security_invoker views are missing. */
export const POSTGRES_MIN_MAJOR = 16;

interface Standing {
  login: string;
  role_exists: boolean;
  may_take_role: boolean;
  version: string;
  version_number: number;
}

/**
 * Makes a PostgreSQL that is not ours ready for the server: the role `mcp_payments_app` exists and the login of
 * DATABASE_URL may take it. The server then opens its connections with the startup parameter
 * `role=mcp_payments_app`, and so works with that role's rights, not with those of the schema's owner.
 *
 * Weaker than the embedded cluster's two logins: a session can give the role back. It guards against mistakes of
 * the server, not against somebody who can send SQL of his own. Give the server a login of its own for that.
 */
export async function prepareExternal(url: string): Promise<{ role: typeof APP_ROLE }> {
  const sql = openPool({ url, max: 1, applicationName: "mcp-payments-lab prepare" });
  try {
    const before = await readStanding(sql).catch((error) => {
      throw explainConnectError(error, url);
    });
    if (before.version_number < POSTGRES_MIN_MAJOR * 10_000) {
      throw new DatabaseStartError(
        "cluster_of_other_version",
        `DATABASE_URL is a PostgreSQL ${before.version}; this program needs ${POSTGRES_MIN_MAJOR} or newer.`,
        { nextMove: "Upgrade it, or leave DATABASE_URL unset to use the embedded PostgreSQL." },
      );
    }
    await ensure(sql, before.login, {
      what: `create the role ${APP_ROLE}`,
      statement: `create role ${APP_ROLE} nologin`,
      isDone: (standing) => standing.role_exists,
    });
    await ensure(sql, before.login, {
      what: `be granted ${APP_ROLE}`,
      statement: `grant ${APP_ROLE} to "${before.login.replaceAll('"', '""')}" with set true, inherit false`,
      isDone: (standing) => standing.may_take_role,
    });
  } finally {
    await sql.end();
  }
  await requireRole(url);
  return { role: APP_ROLE };
}

/** Why DATABASE_URL's server could not be asked anything; names the server, never the password. */
function explainConnectError(error: Error & { code?: string }, url: string): Error {
  const { host, pathname } = new URL(url);
  const database = pathname.slice(1);
  if (error.name === "NotCapable" || error.code === "EPERM" || /Requires net access/.test(error.message)) {
    return new DatabaseStartError(
      "database_unreachable",
      `DATABASE_URL is at ${host}, and this task may only reach this machine.`,
      { nextMove: `Allow that address too: ALLOW_NET=,${host} deno task …` },
    );
  }
  return new DatabaseStartError(
    "database_unreachable",
    `DATABASE_URL: no session on database "${database}" at ${host}: ${error.message}.`,
    {
      nextMove:
        "Check host, port, user, password and database name, and that the server accepts connections.",
    },
  );
}

async function readStanding(sql: Sql): Promise<Standing> {
  const [standing] = await sql<Standing[]>`
    select current_user as login,
           r.oid is not null as role_exists,
           coalesce(pg_has_role(current_user, r.oid,
             case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end), false)
             as may_take_role,
           current_setting('server_version') as version,
           current_setting('server_version_num')::int as version_number
    from (select) one left join pg_roles r on r.rolname = ${APP_ROLE}`;
  return standing;
}

interface Step {
  readonly what: string;
  readonly statement: string;
  readonly isDone: (standing: Standing) => boolean;
}

async function ensure(sql: Sql, login: string, { what, statement, isDone }: Step): Promise<void> {
  if (isDone(await readStanding(sql))) return;
  try {
    await sql.unsafe(statement);
  } catch (cause) {
    // Another server that starts at the same time may have been quicker.
    if (isDone(await readStanding(sql))) return;
    throw new DatabaseStartError(
      "privilege_missing",
      `"${login}", the login of DATABASE_URL, may not ${what}: ${
        cause instanceof Error ? cause.message : String(cause)
      }.`,
      { nextMove: `Have an administrator run once: ${statement};`, cause },
    );
  }
}

/** Asks the server who we are: a pooler in between may drop the startup parameter without a word. */
async function requireRole(url: string): Promise<void> {
  const sql = openPool({ url, max: 1, role: APP_ROLE, applicationName: "mcp-payments-lab prepare" });
  try {
    const [{ current_user: user }] = await sql<{ current_user: string }[]>`select current_user`;
    if (user === APP_ROLE) return;
    throw new DatabaseStartError(
      "privilege_missing",
      `A connection asked for the role ${APP_ROLE} and works as "${user}".`,
      {
        nextMove:
          "Let DATABASE_URL go to PostgreSQL itself, or to a pooler that passes the parameter `role` on.",
      },
    );
  } finally {
    await sql.end();
  }
}
