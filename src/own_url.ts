import type { Config } from "./config.ts";

/** Where a server is reached from its own machine, without a path. A wildcard is no address to call. */
export function ownUrl({ host, port }: Pick<Config, "host" | "port">): string {
  const isWildcard = host === "0.0.0.0" || host === "::";
  return `http://${isWildcard ? "127.0.0.1" : urlHost(host)}:${port}`;
}

/** A host as it stands in a URL. */
export function urlHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
