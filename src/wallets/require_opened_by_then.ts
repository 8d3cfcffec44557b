import { toRfc3339 } from "../core/clock.ts";
import { DomainError } from "../core/errors.ts";
import type { PlannedTransfer } from "./transfer.ts";
import type { WalletService } from "./wallet_service.ts";

/**
 * Throws `invalid_arguments` for a transfer that is to be dated before its sender's wallet had any money. A repeated key
 * is let through, for it moves nothing; so is a wallet that is not there, which booking tells of.
 */
export async function requireOpenedByThen(
  { pool }: Pick<WalletService, "pool">,
  { request: { tenantId, principal, idempotencyKey, simulatedAtMs }, from }: PlannedTransfer,
): Promise<void> {
  if (simulatedAtMs === null) return;
  const [{ first_ms, is_known }] = await pool.of(tenantId)<{ first_ms: number | null; is_known: boolean }[]>`
    select exists (select from idempotency_keys where tenant_id = ${tenantId} and principal = ${principal}
                                                  and key = ${idempotencyKey}) as is_known,
           case when not exists (
             select from postings p join transfers t using (tenant_id, transfer_id)
              where p.tenant_id = ${tenantId} and p.account_id = ${from.accountId} and p.account_id like 'wallet:%'
                and t.created_at < ${new Date(simulatedAtMs + 1)})
           then (select ceil(extract(epoch from min(t.created_at)) * 1000)::float8
                   from postings p join transfers t using (tenant_id, transfer_id)
                  where p.tenant_id = ${tenantId} and p.account_id = ${from.accountId}
                    and p.account_id like 'wallet:%') end as first_ms`;
  if (first_ms === null || is_known) return;
  throw new DomainError(
    "invalid_arguments",
    `Cannot take ${
      toRfc3339(simulatedAtMs)
    } as the transfer's simulated time: "${from.accountId}" has its first entry ` +
      `at ${toRfc3339(first_ms)}, and had nothing to send before.`,
    { field: "from_wallet_id", nextMove: `Send a simulated time from ${toRfc3339(first_ms)} on.` },
  );
}
