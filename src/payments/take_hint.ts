import type { PaymentService } from "./payment_service.ts";
import { applyLabels } from "./apply_labels.ts";
import { paymentOfKey } from "./payment.ts";

/** What a provider's webhook says: that something happened to a charge. What it was, the provider is asked. */
export interface WebhookHint {
  readonly provider: string;
  readonly eventId: string;
  readonly type: string;
  readonly key: string;
}

const DISPUTED = "charge.disputed";

/**
 * Makes the charge's payment due for the completer at once, if it is in doubt: then the completer asks the provider,
 * as it would have some seconds later. No money follows from a webhook, so late, repeated, reordered and forged ones
 * cannot book anything. A payment that a call is still working on is left to the call.
 *
 * A dispute labels the payment as reported fraud: the fraud features know it from then on.
 */
export async function takeHint(
  { pool, clock, clocks }: PaymentService,
  { provider, eventId, type, key }: WebhookHint,
): Promise<{ duplicate: boolean; woken: boolean }> {
  const now = new Date(clock.nowMs());
  const { tenantId, paymentId } = paymentOfKey(key) ?? { tenantId: null, paymentId: null };
  const sql = pool.of(tenantId ?? []);
  const [taken] = await sql<{ fresh: boolean; woken: boolean }[]>`
    with event as (
      insert into webhook_events (provider, event_id, type, charge_key, received_at)
      values (${provider}, ${eventId}, ${type}, ${key}, ${now})
          on conflict do nothing
      returning 1
    ), woken as (
      update open_payments o set next_check_at = ${now}
        from payments p
       where o.tenant_id = ${tenantId} and o.payment_id = ${paymentId} and o.next_check_at > ${now}
         and p.tenant_id = o.tenant_id and p.payment_id = o.payment_id
         and p.status = 'in_doubt' and p.provider = ${provider}
      returning 1
    )
    select exists (select 1 from event) as fresh, exists (select 1 from woken) as woken`;
  if (type === DISPUTED && tenantId !== null) {
    // Also for an event that was taken before: the process may have died between the two.
    const [disputed] = await sql`
      select 1 from payments
       where tenant_id = ${tenantId} and payment_id = ${paymentId} and provider = ${provider}`;
    if (disputed !== undefined) {
      await applyLabels(
        sql,
        tenantId,
        // Beside the payments' own times, which are their tenant's.
        [{ paymentId, fraud: true, reportedAtMs: await clocks.nowMs(tenantId) }],
        `dispute:${provider}`,
      );
    }
  }
  return { duplicate: !taken.fresh, woken: taken.woken };
}
