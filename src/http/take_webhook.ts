import { z } from "zod";
import { takeHint, type WebhookHint } from "../payments/take_hint.ts";
import type { PaymentService } from "../payments/payment_service.ts";
import { webhookFault } from "../core/webhook_signature.ts";
import type { Refusal } from "./refuse.ts";

export interface WebhookDependencies {
  readonly secret: string;
  readonly payments: PaymentService;
  /** Called when a payment is due for the completer at once. */
  readonly wake: () => void;
}

const WebhookMessage = z.object({
  id: z.string().min(1).max(100),
  type: z.string().min(1).max(60),
  provider: z.string(),
  key: z.string().min(1).max(300),
});

/**
 * One delivery of a webhook: proven to come from a provider and to be fresh, then taken as a hint. Refusals in the
 * order they are looked for: unknown provider, signature, age, form.
 */
export async function takeWebhook(
  { secret, payments, wake }: WebhookDependencies,
  delivery: { provider: string; signature: string | null; body: string; nowMs: number },
): Promise<{ received: true; duplicate: boolean } | { refusal: Refusal }> {
  const { provider, signature, body, nowMs } = delivery;
  if (!payments.providers.has(provider)) {
    return refused(404, "unknown_provider", "There is no such provider.");
  }
  const fault = webhookFault(secret, signature, body, nowMs);
  if (fault !== null) return refused(401, fault, FAULTS[fault]);
  const hint = hintOf(body, provider);
  if (hint === null) return refused(400, "invalid_webhook", "The body is not an event of this provider.");
  const { duplicate, woken } = await takeHint(payments, hint);
  if (woken) wake();
  return { received: true, duplicate };
}

const FAULTS = {
  signature_missing:
    "The header x-provider-signature is missing. Send t=<Unix seconds>,v1=<HMAC-SHA256 in hex>.",
  signature_malformed: "The header x-provider-signature is not t=<Unix seconds>,v1=<HMAC-SHA256 in hex>.",
  signature_wrong: "The signature is not that of this body. Sign <t>.<body> with PROVIDER_WEBHOOK_SECRET.",
  webhook_too_old: "The signature's time is more than five minutes off. Sign each delivery anew.",
} as const;

function hintOf(body: string, provider: string): WebhookHint | null {
  try {
    const { id, type, key, provider: named } = WebhookMessage.parse(JSON.parse(body));
    return named === provider ? { provider, eventId: id, type, key } : null;
  } catch {
    return null;
  }
}

function refused(status: 400 | 401 | 404, code: string, message: string): { refusal: Refusal } {
  return { refusal: { status, code, message } };
}
