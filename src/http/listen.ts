import { type Config, ConfigError } from "../config.ts";

type Address = Pick<Config, "host" | "port">;

/**
 * Throws {@link ConfigError} when the server could not listen, before a database is started and filled for nothing.
 * Another program may still take the port until then, so {@link explainListenError} is needed all the same.
 */
export function requireFreePort({ host, port }: Address): void {
  try {
    Deno.listen({ hostname: host, port }).close();
  } catch (error) {
    throw explainListenError(error, { host, port });
  }
}

/** Why the server cannot listen, by the variable to change; any other error as it is. */
export function explainListenError(error: unknown, { host, port }: Address): unknown {
  if (error instanceof Deno.errors.AddrInUse) {
    return new ConfigError(
      `PORT ${port} on ${host} is in use by another program. Stop that one or set PORT to a free port.`,
      { code: "port_in_use" },
    );
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return new ConfigError(
      `PORT ${port} may not be used by this account. Set PORT to a free port above 1023.`,
      { code: "address_not_permitted" },
    );
  }
  if (error instanceof Deno.errors.NotCapable) {
    return new ConfigError(
      `HOST ${host} is not among the addresses this program was started with. Set HOST to 127.0.0.1, localhost, ` +
        `::1 or 0.0.0.0, or name it in ALLOW_NET, such as ALLOW_NET=,${host}`,
      { code: "address_not_permitted" },
    );
  }
  if (error instanceof Deno.errors.AddrNotAvailable || isUnknownName(error)) {
    return new ConfigError(
      `HOST ${host} is not an address of this machine. Set HOST to 127.0.0.1, or to one it has.`,
    );
  }
  return error;
}

/** The resolver's failure has no class of its own. */
function isUnknownName(error: unknown): boolean {
  return error instanceof Error &&
    /failed to lookup address|no such host|name or service|No address/i.test(error.message);
}
