import { errors, type JWTPayload, jwtVerify, type JWTVerifyOptions, SignJWT } from "jose";
import type { Config } from "../config.ts";
import { APPROVAL_SCOPE } from "../dashboard/approval_scope.ts";
import type { Caller } from "../mcp/define_tool.ts";
import type { TokenKeys } from "./token_keys.ts";

/** What an agent may be given. A person's {@link APPROVAL_SCOPE} is none of them, and is advertised to no client. */
export const SCOPES = ["payments", "wallets", "analytics", "monitoring", "compliance", "simulate"] as const;
/**
 * What a client asks for, and a token is for when nothing is said: the tools. Setting the time of a payment moves a
 * tenant's clock for everybody, so nobody is told to ask for that.
 */
export const TOOL_SCOPES = SCOPES.filter((scope) => scope !== "simulate");
/** What a token may carry: an agent's scopes, or a person's one. */
export type Scope = (typeof SCOPES)[number] | typeof APPROVAL_SCOPE;

export const DEFAULT_TENANT = "default";
export const TENANT = /^[a-z0-9][a-z0-9_-]{0,62}$/;
/** What may be stored as the one who called: visible ASCII, no blanks. */
export const PRINCIPAL = /^[\x21-\x7e]{1,128}$/;
const CACHE_MAX_TOKENS = 10_000;

/** The caller of a server without keys: it listens on loopback only, and every call is this one's. */
const LOCAL_CALLER: Caller = { tenantId: DEFAULT_TENANT, principal: "local", scopes: new Set(SCOPES) };

/** `isInvalidToken`: RFC 6750 names an error in the challenge only where a token was sent. */
export type Authentication = { caller: Caller } | { refusal: string; isInvalidToken: boolean };

function refused(refusal: string): Authentication {
  return { refusal, isInvalidToken: true };
}

/** Establishes who calls from the Authorization header. */
export class Authenticator {
  readonly #keys: TokenKeys | null;
  readonly #audience: string;
  readonly #issuer: string | null;
  /** A checked token stays good until it expires; checking its signature again costs more than a look-up. */
  readonly #checked = new Map<string, { caller: Caller; untilMs: number }>();

  /** @param keys null where nobody needs a token */
  constructor(keys: TokenKeys | null, { jwtAudience, jwtIssuer }: Pick<Config, "jwtAudience" | "jwtIssuer">) {
    this.#keys = keys;
    this.#audience = jwtAudience;
    this.#issuer = jwtIssuer;
  }

  async authenticate(request: Request, nowMs: number): Promise<Authentication> {
    if (this.#keys === null) return { caller: LOCAL_CALLER };
    const header = request.headers.get("authorization");
    if (header === null || !/^bearer /i.test(header)) {
      return {
        refusal: `No bearer token. ${whereToGetOne(this.#keys, this.#issuer)}`,
        isInvalidToken: false,
      };
    }
    const checked = await this.checkToken(header.slice(7).trim(), nowMs);
    return "caller" in checked && mayDecideToo(checked.caller) ? refused(TWO_HATS) : checked;
  }

  /** Whose a token is, wherever it came from. */
  async checkToken(token: string, nowMs: number): Promise<Authentication> {
    if (this.#keys === null) return { caller: LOCAL_CALLER };
    const known = this.#checked.get(token);
    if (known !== undefined && known.untilMs > nowMs) return { caller: known.caller };
    return await this.#verify(token, this.#keys, nowMs);
  }

  async #verify(token: string, keys: TokenKeys, nowMs: number): Promise<Authentication> {
    let payload: JWTPayload;
    try {
      payload = await verifySignature(token, keys, {
        algorithms: [...keys.algorithms],
        audience: this.#audience,
        ...(this.#issuer === null ? {} : { issuer: this.#issuer }),
        requiredClaims: ["sub", "exp", "tenant", "scope"],
        currentDate: new Date(nowMs),
      });
    } catch (error) {
      return refused(`The token was refused: ${reasonOf(error, keys)}.`);
    }
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
    const endMs = exp! * 1000;
    const untilMs = keys.kind === "secret" ? endMs : Math.min(endMs, nowMs + PUBLISHED_KEY_TRUSTED_MS);
    this.#checked.set(token, { caller, untilMs });
    return { caller };
  }
}

/**
 * Of a token that an authorization server has made for both: the dashboard takes no token that calls tools, and here none
 * is taken that decides, so that it cannot be half of an agent's way to approve what it asked for.
 */
function mayDecideToo({ scopes }: Caller): boolean {
  return scopes.has(APPROVAL_SCOPE) && SCOPES.some((scope) => scopes.has(scope));
}
const TWO_HATS =
  `The token can decide about approvals (${APPROVAL_SCOPE}) and call tools as well: whoever may ask for a ` +
  "refund must not decide about it. Use two tokens.";

/** A key that its server has withdrawn is not trusted for longer than this, whatever the tokens say. */
const PUBLISHED_KEY_TRUSTED_MS = 600_000;

async function verifySignature(
  token: string,
  keys: TokenKeys,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  const verified = keys.kind === "secret"
    ? await jwtVerify(token, keys.secret, options)
    : await jwtVerify(token, keys.find, options);
  return verified.payload;
}

function whereToGetOne(keys: TokenKeys, issuer: string | null): string {
  if (keys.kind === "secret") return "Get one with: deno task token";
  return issuer === null ? "Get one from the authorization server." : `Get one from ${issuer}`;
}

function reasonOf(error: unknown, keys: TokenKeys): string {
  // Whatever the keys' address answers, or does not, the token stays unproven.
  if (!(error instanceof errors.JOSEError)) {
    if (keys.kind === "published") return "the keys at JWT_JWKS_URL cannot be read now";
    throw error;
  }
  if (error.code === "ERR_JWS_SIGNATURE_VERIFICATION_FAILED") {
    return `its signature does not match ${keys.kind === "secret" ? "JWT_SECRET_KEY" : "the published key"}`;
  }
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === "nbf") {
    return error.reason === "check_failed" ? "it is not valid yet (nbf)" : "its nbf claim is no time";
  }
  return REASONS[error.code] ??
    `it is not a valid ${keys.kind === "secret" ? "HS256" : "RS256, ES256 or EdDSA"} token of this server`;
}

const REASONS: Readonly<Record<string, string>> = {
  ERR_JWT_EXPIRED: "it has expired",
  ERR_JWT_CLAIM_VALIDATION_FAILED:
    "its audience, its issuer, or a claim (sub, exp, tenant, scope), is missing or wrong",
  ERR_JWKS_NO_MATCHING_KEY: "no key at JWT_JWKS_URL has its kid and algorithm",
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: "it names no kid, and several keys at JWT_JWKS_URL could have signed it",
  ERR_JOSE_GENERIC: "the keys at JWT_JWKS_URL cannot be read now",
  ERR_JWKS_TIMEOUT: "the keys at JWT_JWKS_URL cannot be read now",
};

/** A token for a principal of a tenant. */
export function issueToken(
  config: { jwtSecretKey: string; jwtAudience: string; jwtIssuer?: string | null },
  claims: { principal: string; tenantId: string; scopes: readonly Scope[]; expiresInS: number },
  nowMs: number,
): Promise<string> {
  const token = new SignJWT({ tenant: claims.tenantId, scope: claims.scopes.join(" ") })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(claims.principal)
    .setAudience(config.jwtAudience)
    .setIssuedAt(Math.floor(nowMs / 1000))
    .setExpirationTime(Math.floor(nowMs / 1000) + claims.expiresInS);
  if (config.jwtIssuer) token.setIssuer(config.jwtIssuer);
  return token.sign(new TextEncoder().encode(config.jwtSecretKey));
}
