import type { TenantPool } from "./tenant_pool.ts";

const SECRET_BYTES = 32;

/** The secret that servers on one database sign with, made by the first that asks. */
export async function signingSecret(pool: TenantPool, purpose: string): Promise<Uint8Array> {
  const fresh = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  const sql = pool.of([]);
  await sql`
    insert into signing_secrets (purpose, secret) values (${purpose}, ${fresh}) on conflict do nothing`;
  const [{ secret }] = await sql<{ secret: Uint8Array }[]>`
    select secret from signing_secrets where purpose = ${purpose}`;
  return new Uint8Array(secret);
}
