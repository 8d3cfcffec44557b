import type { Config } from "./config.ts";
import { systemClock } from "./core/clock.ts";
import type { Log } from "./core/log.ts";
import { ownUrl } from "./own_url.ts";
import { warnOfNotTaken, WebhookSender } from "./providers/webhook_sender.ts";

/** Providers in this process tell this server by its own address, as others would, unless they are told another. */
export function ownWebhookSender(config: Config, stdio: boolean, log: Log): WebhookSender | null {
  const { webhookSecret: secret, providersUrl } = config;
  const url = config.webhookUrl ?? (stdio ? null : `${ownUrl(config)}/webhooks`);
  if (secret === null || providersUrl !== null || url === null) return null;
  return new WebhookSender({
    url,
    secret,
    clock: systemClock,
    delayScale: 1,
    onNotTaken: warnOfNotTaken(log),
  });
}
