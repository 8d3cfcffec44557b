import { errors, jwtVerify, SignJWT } from "jose";
import type { Config } from "../config.ts";
import type { Caller } from "../mcp/define_tool.ts";

export const SCOPES = ["payments", "wallets", "analytics", "monitoring", "compliance", "simulate"] as const;
export type Scope = (typeof SCOPES)[number];

export const DEFAULT_TENANT = "default";
export const TENANT = /^[a-z0-9][a-z0-9_-]{0,62}$/;
/** What may be stored as the one who called: visible ASCII, no blanks. */
export const PRINCIPAL = /^[\x21-\x7e]{1,128}$/;
const CACHE_MAX_TOKENS = 10_000;

/** The caller of a server without a secret: it listens on loopback only, and every call is this one's. */
const LOCAL_CALLER: Caller = { tenantId: DEFAULT_TENANT, principal: "local", scopes: new Set(SCOPES) };

/** `challenge` is the WWW-Authenticate header: RFC 6750 names an error only where a token was sent. */
export type Authentication = { caller: Caller } | { refusal: string; challenge: string };

const CHALLENGE = 'Bearer realm="mcp-payments-lab"';

function refused(refusal: string): Authentication {
  return { refusal, challenge: `${CHALLENGE}, error="invalid_token", error_description="${refusal}"` };
}

/** Establishes who calls from the Authorization header. */
export class Authenticator {
  readonly #key: Uint8Array | null;
  readonly #audience: string;
  /** A checked token stays good until it expires; checking its signature again costs more than a look-up. */
  readonly #checked = new Map<string, { caller: Caller; expiresMs: number }>();

  constructor(config: Pick<Config, "jwtSecretKey" | "jwtAudience">) {
    this.#key = config.jwtSecretKey === null ? null : new TextEncoder().encode(config.jwtSecretKey);
    this.#audience = config.jwtAudience;
  }

  async authenticate(request: Request, nowMs: number): Promise<Authentication> {
    if (this.#key === null) return { caller: LOCAL_CALLER };
    const header = request.headers.get("authorization");
    if (header === null || !/^bearer /i.test(header)) {
      return { refusal: "No bearer token. Get one with: deno task token", challenge: CHALLENGE };
    }
    const token = header.slice(7).trim();
    const known = this.#checked.get(token);
    if (known !== undefined && known.expiresMs > nowMs) return { caller: known.caller };
    return await this.#verify(token, this.#key, nowMs);
  }

  async #verify(token: string, key: Uint8Array, nowMs: number): Promise<Authentication> {
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: ["HS256"],
        audience: this.#audience,
        requiredClaims: ["sub", "exp", "tenant", "scope"],
        currentDate: new Date(nowMs),
      });
      const { sub, tenant, scope, exp } = payload;
      if (typeof tenant !== "string" || !TENANT.test(tenant)) {
        return refused("The token's tenant claim is malformed.");
      }
      if (typeof sub !== "string" || !PRINCIPAL.test(sub)) {
        return refused("The token's sub claim is malformed.");
      }
      if (typeof scope !== "string") return refused("The token's scope claim is not a text.");
      const caller: Caller = { tenantId: tenant, principal: sub, scopes: new Set(scope.split(" ")) };
      if (this.#checked.size >= CACHE_MAX_TOKENS) this.#checked.delete(this.#checked.keys().next().value!);
      this.#checked.set(token, { caller, expiresMs: exp! * 1000 });
      return { caller };
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
      const why = REFUSALS[error.code] ?? "it is not a valid HS256 token of this server";
      return refused(`The token was refused: ${why}.`);
    }
  }
}

const REFUSALS: Readonly<Record<string, string>> = {
  ERR_JWT_EXPIRED: "it has expired",
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: "its signature does not match JWT_SECRET_KEY",
  ERR_JWT_CLAIM_VALIDATION_FAILED: "its audience, or a claim (sub, exp, tenant, scope), is missing or wrong",
};

/** A token for a principal of a tenant. */
export function issueToken(
  config: { jwtSecretKey: string; jwtAudience: string },
  claims: { principal: string; tenantId: string; scopes: readonly Scope[]; expiresInS: number },
  nowMs: number,
): Promise<string> {
  return new SignJWT({ tenant: claims.tenantId, scope: claims.scopes.join(" ") })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(claims.principal)
    .setAudience(config.jwtAudience)
    .setIssuedAt(Math.floor(nowMs / 1000))
    .setExpirationTime(Math.floor(nowMs / 1000) + claims.expiresInS)
    .sign(new TextEncoder().encode(config.jwtSecretKey));
}
