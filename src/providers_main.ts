/**
 * `deno task providers`: the simulated providers as a process of their own, on this machine only. A server started
 * with `PROVIDERS_URL` charges through them. What they charged is stored in DATA_DIR and outlives any kill.
 */
import { join } from "node:path";
import { ConfigError, readConfig } from "./config.ts";
import { systemClock } from "./core/clock.ts";
import { createLog } from "./core/log.ts";
import { ACQUIRER_PROFILES } from "./providers/acquirer_profiles.ts";
import { ChargeLog, chargeLogPath } from "./providers/charge_log.ts";
import { FaultPlan } from "./providers/faults.ts";
import { listenForOrders } from "./providers/listen_for_orders.ts";
import { SimulatedAcquirer } from "./providers/simulated_acquirer.ts";
import { warnOfNotTaken, WebhookSender } from "./providers/webhook_sender.ts";
import { refuseArguments, runCommand } from "./core/run_command.ts";

/** Charges whose replies are lost hold their connections; the exit does not wait for them. */
const DRAIN_MAX_MS = 2_000;

async function main(args: readonly string[]): Promise<void> {
  refuseArguments(args);
  const config = readConfig((name) => Deno.env.get(name));
  const log = createLog(config.logLevel, () => systemClock.nowMs());
  await Deno.mkdir(join(config.dataDirectory, "providers"), { recursive: true });
  const charges = new ChargeLog(chargeLogPath(config.dataDirectory));
  const faults = new FaultPlan();
  const { webhookUrl, webhookSecret } = config;
  if (webhookUrl !== null && webhookSecret === null) {
    throw new ConfigError(
      "WEBHOOK_URL is set but PROVIDER_WEBHOOK_SECRET is not: webhooks must be signed. Set both.",
    );
  }
  const sender = webhookUrl === null ? null : new WebhookSender({
    url: webhookUrl,
    secret: webhookSecret!,
    clock: systemClock,
    delayScale: 1,
    onNotTaken: warnOfNotTaken(log),
  });
  const providers = new Map(ACQUIRER_PROFILES.map((profile) => [
    profile.name,
    new SimulatedAcquirer({
      profile,
      log: charges,
      clock: systemClock,
      latencyScale: config.providerLatencyScale,
      faults,
      onEvent: (event) => sender?.send(event),
    }),
  ]));
  const server = listenForOrders(
    config.providersPort,
    { providers, log: charges, faults },
    (url) => log.info("listening", { url, providers: [...providers.keys()], webhooks: webhookUrl }),
  );
  const signal = await new Promise<string>((resolve) => {
    for (const name of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(name, () => resolve(name));
  });
  log.info("draining", { signal });
  await Promise.race([server.shutdown(), new Promise((resolve) => setTimeout(resolve, DRAIN_MAX_MS))]);
  await sender?.close();
  charges.close();
}

if (import.meta.main) await runCommand("providers", main);
