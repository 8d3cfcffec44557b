import { type Config, ConfigError } from "./config.ts";
import type { Log } from "./core/log.ts";
import type { PaymentService } from "./payments/payment_service.ts";
import { requireKnownCharges } from "./payments/require_known_charges.ts";
import { ProvidersProcess } from "./providers/providers_process.ts";

const ANSWER_TIMEOUT_MS = 1_000;

/** Why the server is ready for less than all; null where it is ready for all. */
export type DegradedBy = () => Promise<string | null>;

/**
 * Looks at providers of another process. Dead ones do not keep a server from starting, nor make it unready: what needs no
 * charge goes on without them, payments end as in doubt and are settled when they are back, and another server, which a
 * balancer would turn to, has the same providers. Ones that do not remember this database's charges do keep it from
 * starting, by {@link ConfigError}, whenever they can be asked.
 *
 * @returns null where the providers are in this process
 */
export async function watchProviders(
  { providersUrl, dataDirectory }: Pick<Config, "providersUrl" | "dataDirectory">,
  payments: PaymentService,
  log: Log,
): Promise<DegradedBy | null> {
  if (providersUrl === null) return null;
  const providers = new ProvidersProcess(providersUrl);
  const require = () => requireKnownCharges(payments, { from: providersUrl, dataDirectory });
  // A process that was started again may be another one.
  let isKnown = await providers.isUp(ANSWER_TIMEOUT_MS);
  if (isKnown) await require();
  else {
    log.warn("providers_down", {
      url: providersUrl,
      nextMove: "Start deno task providers; until then each charge ends in doubt.",
    });
  }
  return async () => {
    if (!await providers.isUp(ANSWER_TIMEOUT_MS)) {
      if (isKnown) log.warn("providers_down", { url: providersUrl });
      isKnown = false;
      return "the providers at PROVIDERS_URL do not answer: each charge ends in doubt until they do";
    }
    if (isKnown) return null;
    try {
      await require();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      log.error("providers_are_others", { error: error.message });
      return "the providers at PROVIDERS_URL do not know the charges of this database";
    }
    isKnown = true;
    return null;
  };
}
