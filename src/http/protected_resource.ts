import type { Config } from "../config.ts";
import { TOOLS } from "../mcp/catalog.ts";
import { TOOL_SCOPES } from "./authenticate.ts";

/** The document's own path, and the one that RFC 9728 derives from the endpoint's: clients ask for the second first. */
export const METADATA_PATHS = [
  "/.well-known/oauth-protected-resource",
  "/.well-known/oauth-protected-resource/mcp",
] as const;

type Settings = Pick<Config, "publicUrl" | "jwtIssuer">;

/**
 * What RFC 9728 calls protected resource metadata: where to ask for a token, and which scopes tools have. An issuer that
 * is not named leaves `authorization_servers` out: tokens then come from elsewhere, such as `deno task token`.
 */
export function resourceMetadata(request: Request, settings: Settings): Record<string, unknown> {
  return {
    resource: `${baseUrl(request, settings)}/mcp`,
    ...(settings.jwtIssuer === null ? {} : { authorization_servers: [settings.jwtIssuer] }),
    scopes_supported: TOOL_SCOPES,
    bearer_methods_supported: ["header"],
    resource_name: "mcp-payments-lab",
  };
}

/** The WWW-Authenticate header of 401. The scopes are those that something can be done with. */
export function tokenChallenge(
  request: Request,
  settings: Settings,
  { refusal, isInvalidToken }: { refusal: string; isInvalidToken: boolean },
): string {
  return challenge(request, settings, {
    ...(isInvalidToken ? { error: "invalid_token", error_description: refusal } : {}),
    scope: [...new Set(TOOLS.map(({ scope }) => scope))].join(" "),
  });
}

/** The WWW-Authenticate header of 403: a client that can asks for a token with this scope and calls again. */
export function scopeChallenge(
  request: Request,
  settings: Settings,
  { scope, message }: { scope: string; message: string },
): string {
  return challenge(request, settings, { error: "insufficient_scope", error_description: message, scope });
}

function challenge(request: Request, settings: Settings, parts: Readonly<Record<string, string>>): string {
  const all = {
    realm: "mcp-payments-lab",
    ...parts,
    resource_metadata: `${baseUrl(request, settings)}${METADATA_PATHS[1]}`,
  };
  return `Bearer ${
    Object.entries(all).map(([name, value]) => `${name}="${value.replaceAll(/["\\]/g, "'")}"`).join(", ")
  }`;
}

/** The Host header has been checked by now. */
function baseUrl(request: Request, { publicUrl }: Settings): string {
  return publicUrl ?? `http://${request.headers.get("host")}`;
}
