import type { Config } from "./config.ts";
import { systemClock } from "./core/clock.ts";
import { ownUrl } from "./own_url.ts";
import { WebhookSender } from "./providers/webhook_sender.ts";

/** Providers in this process tell this server by its own address, as others would, unless they are told another. */
export function ownWebhookSender(config: Config, stdio: boolean): WebhookSender | null {
  const { webhookSecret: secret, providersUrl } = config;
  const url = config.webhookUrl ?? (stdio ? null : `${ownUrl(config)}/webhooks`);
  if (secret === null || providersUrl !== null || url === null) return null;
  return new WebhookSender({ url, secret, clock: systemClock, delayScale: 1 });
}
