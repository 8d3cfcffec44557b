import { ConfigError } from "../config.ts";
import { type Provider, ProviderTimeout } from "../providers/provider.ts";
import { providerKeyOf } from "./payment.ts";
import type { PaymentService } from "./payment_service.ts";

/** Tenants whose payments are asked about, of a database that may have thousands. */
const TENANTS_MAX = 20;
const ASK_TIMEOUT_MS = 3_000;

interface Captured {
  tenant_id: string;
  payment_id: string;
  charge_number: number;
  provider: string;
}

/**
 * Refuses providers of another process that do not remember what this database says they have charged: a refund of it
 * would fail, and the completer would take a payment in doubt for one that was never charged. Asked are each tenant's
 * first and last captured payments; a provider that gives no answer now is not held against anybody.
 *
 * @param from where they are, for the message
 * @param dataDirectory this server's, where its world's charges were stored
 */
export async function requireKnownCharges(
  service: Pick<PaymentService, "pool"> & { provider(name: string): Pick<Provider, "findCharge"> },
  { from, dataDirectory }: { from: string; dataDirectory: string },
): Promise<void> {
  const captured = await service.pool.ofEveryTenant<Captured[]>`
    select t.tenant_id, p.payment_id, p.charge_number, p.provider
      from (select tenant_id from tenants order by tenant_id limit ${TENANTS_MAX}) t
      cross join lateral (
        (select payment_id, charge_number, provider from payments
          where tenant_id = t.tenant_id and captured_minor > 0 and provider is not null
          order by payment_id limit 1)
        union
        (select payment_id, charge_number, provider from payments
          where tenant_id = t.tenant_id and captured_minor > 0 and provider is not null
          order by payment_id desc limit 1)) p`;
  const strangers = await Promise.all(captured.map((payment) => isUnknown(service, payment)));
  const unknown = captured.find((_, i) => strangers[i]);
  if (unknown === undefined) return;
  throw new ConfigError(
    `The providers at PROVIDERS_URL ${from} do not know the charge of payment "${unknown.payment_id}", which this ` +
      `database has as captured by ${unknown.provider}. They remember in their own DATA_DIR: start ` +
      "`deno task providers` with the DATA_DIR that this database's world was loaded with (this server's is " +
      `${dataDirectory}), or this server with an empty database.`,
  );
}

async function isUnknown(
  service: { provider(name: string): Pick<Provider, "findCharge"> },
  { tenant_id, payment_id, charge_number, provider }: Captured,
): Promise<boolean> {
  const key = providerKeyOf(tenant_id, payment_id, charge_number);
  try {
    return (await service.provider(provider).findCharge(key, ASK_TIMEOUT_MS))?.outcome !== "approved";
  } catch (error) {
    if (!(error instanceof ProviderTimeout)) throw error;
    return false;
  }
}
