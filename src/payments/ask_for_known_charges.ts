import type { TenantStatements } from "../db/tenant_pool.ts";
import { ProviderTimeout } from "../providers/provider.ts";
import type { ProvidersProcess } from "../providers/providers_process.ts";
import { providerKeyOf } from "./payment.ts";

/** Tenants whose payments are asked about, of a database that may have thousands. */
const TENANTS_MAX = 20;
/** Of each tenant: a copy of the folder that fell behind lacks the newest, another world the oldest. */
const NEWEST = 20;
const OLDEST = 3;
const ANSWER_TIMEOUT_MS = 3_000;

interface Captured {
  tenant_id: string;
  payment_id: string;
  charge_number: number;
  provider: string;
}

/** What another process says of this database's charges. */
export type KnownCharges =
  /** It knows all that were asked about, and remembers them in this book. */
  | { readonly answer: "known"; readonly bookId: string }
  /** It remembers in another book: this payment's charge is not in it as captured. */
  | { readonly answer: "unknown"; readonly bookId: string; readonly about: string }
  /** It does not answer, or became another process between two questions. */
  | { readonly answer: "none" };

/**
 * Whether providers of another process remember what this database says they have charged. Where they do not, a refund
 * of it would fail, and the completer would take a payment in doubt for one that was never charged. Asked are each
 * tenant's newest captured payments and its oldest, of the book itself: faults that were ordered do not silence it.
 *
 * @param statements every tenant's
 */
export async function askForKnownCharges(
  statements: TenantStatements,
  providers: Pick<ProvidersProcess, "bookId" | "readStatements">,
): Promise<KnownCharges> {
  const bookId = await providers.bookId(ANSWER_TIMEOUT_MS);
  if (bookId === null) return { answer: "none" };
  const captured = await statements<Captured[]>`
    select t.tenant_id, p.payment_id, p.charge_number, p.provider
      from (select tenant_id from tenants order by tenant_id limit ${TENANTS_MAX}) t
      cross join lateral (
        (select payment_id, charge_number, provider from payments
          where tenant_id = t.tenant_id and captured_minor > 0 and provider is not null
          order by payment_id limit ${OLDEST})
        union
        (select payment_id, charge_number, provider from payments
          where tenant_id = t.tenant_id and captured_minor > 0 and provider is not null
          order by payment_id desc limit ${NEWEST})) p`;
  try {
    const found = await providers.readStatements(
      captured.map(({ tenant_id, payment_id, charge_number, provider }) => ({
        provider,
        key: providerKeyOf(tenant_id, payment_id, charge_number),
      })),
      bookId,
    );
    const unknown = captured.find((_, i) => found[i]?.reply.outcome !== "approved");
    if (unknown === undefined) return { answer: "known", bookId };
    const about = `the charge of payment "${unknown.payment_id}", which this database has as captured by ` +
      unknown.provider;
    return { answer: "unknown", bookId, about };
  } catch (error) {
    if (!(error instanceof ProviderTimeout)) throw error;
    return { answer: "none" };
  }
}
