import { ConfigError } from "../config.ts";
import type { ChargeLog } from "./charge_log.ts";
import type { FaultPlan } from "./faults.ts";
import type { Provider } from "./provider.ts";
import { createProviderApp } from "./provider_app.ts";

/** Loopback: whoever can reach the providers can order faults. */
const HOST = "127.0.0.1";

/**
 * Serves the providers of this process on this machine: the charge log, orders for faults, and charges from other
 * servers. Throws {@link ConfigError} where the port is not free.
 */
export function listenForOrders(
  port: number,
  simulated: {
    readonly providers: ReadonlyMap<string, Provider>;
    readonly log: ChargeLog;
    readonly faults: FaultPlan;
  },
  onListen: (url: string) => void,
): Deno.HttpServer {
  requireFreeProvidersPort(port);
  return Deno.serve({
    hostname: HOST,
    port,
    onListen: ({ port }) => onListen(`http://${HOST}:${port}`),
  }, createProviderApp(simulated).fetch);
}

/** For a start that would do much else first. */
export function requireFreeProvidersPort(port: number): void {
  try {
    Deno.listen({ hostname: HOST, port }).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new ConfigError(
      `PROVIDERS_PORT ${port} on ${HOST} is in use by another program. Stop that one or set PROVIDERS_PORT to a free port.`,
      { code: "port_in_use" },
    );
  }
}
