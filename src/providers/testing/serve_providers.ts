import type { Clock } from "../../core/clock.ts";
import { ACQUIRER_PROFILES } from "../acquirer_profiles.ts";
import { ChargeLog } from "../charge_log.ts";
import { FaultPlan } from "../faults.ts";
import { createProviderApp } from "../provider_app.ts";
import { SimulatedAcquirer } from "../simulated_acquirer.ts";

/** All providers on a free port of loopback, with no latency of their own. */
export function serveProviders(clock: Clock, path = ":memory:") {
  const log = new ChargeLog(path);
  const faults = new FaultPlan();
  const providers = new Map(ACQUIRER_PROFILES.map((profile) => [
    profile.name,
    new SimulatedAcquirer({ profile, log, clock, latencyScale: 0, faults }),
  ]));
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    createProviderApp({ providers, log, faults }).fetch,
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    log,
    faults,
    providers,
    [Symbol.asyncDispose]: async () => {
      await server.shutdown();
      log.close();
    },
  };
}
