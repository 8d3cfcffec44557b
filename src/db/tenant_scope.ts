/**
 * For whom a statement is: the tenants whose rows it may see and write. PostgreSQL's row-level security looks at the
 * setting `app.tenants` (src/db/migrations/0008_row_level_security.sql).
 */
export type TenantScope = string | readonly string[];

/** What names a tenant to PostgreSQL. Commas separate them, so what is no name of a tenant names nobody. */
const TENANT = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** The setting's value for these tenants, each once and in one order, so that the same ones are the same text. */
export function tenantsSetting(scope: TenantScope): string {
  if (typeof scope === "string") return TENANT.test(scope) ? scope : "";
  return [...new Set(scope)].filter((name) => TENANT.test(name)).sort().join(",");
}

/** Sets it for the session, and for a transaction. The value needs no quoting: see {@link TENANT}. */
export function setTenants(setting: string): string {
  return `set app.tenants = '${setting}'`;
}
export function setLocalTenants(setting: string): string {
  return `set local app.tenants = '${setting}'`;
}

/**
 * For work that is everybody's: lists the tenants there are, anew each time, and sets them for the session. One
 * message, so it costs no round trip of its own.
 */
export const SET_EVERY_TENANT = "set app.tenants = '*'; " +
  "select set_config('app.tenants', coalesce((select string_agg(tenant_id, ',') from tenants), ''), false)";
