import type { TenantStatements } from "../db/tenant_pool.ts";
import type { Transaction } from "../ledger/transfers.ts";
import { providerKeyOf } from "./payment.ts";

/** When a payment's provider told that the customer disputes it; null where it did not, or no provider was asked. */
export async function disputeToldAt(
  sql: TenantStatements | Transaction,
  { tenantId, paymentId, provider, chargeNumber }: {
    readonly tenantId: string;
    readonly paymentId: string;
    readonly provider: string | null;
    readonly chargeNumber: number;
  },
): Promise<Date | null> {
  if (provider === null) return null;
  const [disputed] = await (sql as TenantStatements)<{ at: Date }[]>`
    select received_at as at from webhook_events
     where provider = ${provider} and type = 'charge.disputed'
       and charge_key = ${providerKeyOf(tenantId, paymentId, chargeNumber)}
     order by received_at limit 1`;
  return disputed?.at ?? null;
}
