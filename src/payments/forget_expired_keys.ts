import type { PaymentService } from "./payment_service.ts";

/** Keys forgotten in one statement: bounds how long its locks are held. */
const FORGET_LIMIT = 5_000;

/**
 * Forgets the idempotency keys whose thirty days are over, all tenants'. A key without an answer is kept: its
 * payment is still open.
 *
 * @returns how many were forgotten
 */
export async function forgetExpiredKeys(service: PaymentService): Promise<number> {
  let forgotten = 0;
  for (;;) {
    const { count } = await service.pool.ofEveryTenant`
      with expired as (
        select k.tenant_id, k.principal, k.key, k.resource_id
          from idempotency_keys k join idempotency_answers a using (tenant_id, resource_id)
         where k.expires_at < ${new Date(service.clock.nowMs())}
         limit ${FORGET_LIMIT}
      ), answers as (
        delete from idempotency_answers a using expired e
         where a.tenant_id = e.tenant_id and a.resource_id = e.resource_id
      )
      delete from idempotency_keys k using expired e
       where k.tenant_id = e.tenant_id and k.principal = e.principal and k.key = e.key`;
    forgotten += count;
    if (count < FORGET_LIMIT) return forgotten;
  }
}

/** Longer than any provider delivers an event again. */
const WEBHOOKS_KEPT_MS = 7 * 24 * 3600 * 1000;

/** Forgets the webhooks that nobody will repeat any more. That a payment is disputed is never forgotten. */
export async function forgetOldWebhooks({ pool, clock }: PaymentService): Promise<void> {
  await pool.of([])`delete from webhook_events where received_at < ${new Date(
    clock.nowMs() - WEBHOOKS_KEPT_MS,
  )} and type <> 'charge.disputed'`;
}
