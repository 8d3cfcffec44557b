/** Owns the database and its schema; runs the migrations. */
export const OWNER_ROLE = "mcp_payments_owner";
/** The server's role: it owns nothing, and has what the migrations grant it. */
export const APP_ROLE = "mcp_payments_app";
/** Of the embedded cluster only; nothing connects as it but a start that finds a grant missing. */
export const SUPERUSER = "postgres";
export const DATABASE_NAME = "payments";
