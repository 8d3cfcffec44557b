import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from "jose";
import { type Config, ConfigError } from "../config.ts";

/**
 * What a token's signature is checked with. The algorithms belong to the key, and never to the token: a published key
 * cannot be used as an HS256 secret, and a secret signs nothing but HS256.
 */
export type TokenKeys =
  | { readonly kind: "secret"; readonly secret: Uint8Array; readonly algorithms: readonly ["HS256"] }
  | { readonly kind: "published"; readonly find: JWTVerifyGetKey; readonly algorithms: readonly string[] };

const PUBLISHED_ALGORITHMS = ["RS256", "ES256", "EdDSA", "Ed25519"] as const;
const FETCH_TIMEOUT_MS = 5_000;
/** A key id that is not known makes the keys be read again, but not more often than this. */
const READ_AGAIN_AFTER_MS = 10_000;

/**
 * The keys of a server that asks for tokens, null for one that does not. Published keys are read once before it
 * returns, so that a wrong address is known at the start. Throws {@link ConfigError}.
 *
 * @param readAgainAfterMs how soon an unknown key id may make published keys be read again
 */
export async function openTokenKeys(
  { jwtSecretKey, jwtJwksUrl }: Pick<Config, "jwtSecretKey" | "jwtJwksUrl">,
  readAgainAfterMs = READ_AGAIN_AFTER_MS,
): Promise<TokenKeys | null> {
  if (jwtSecretKey !== null) return secretKeys(jwtSecretKey);
  if (jwtJwksUrl === null) return null;
  const find = createRemoteJWKSet(new URL(jwtJwksUrl), {
    timeoutDuration: FETCH_TIMEOUT_MS,
    cooldownDuration: readAgainAfterMs,
    ...(jwtJwksUrl.startsWith("file:") ? { [customFetch]: readFile } : {}),
  });
  try {
    await find.reload();
  } catch (error) {
    throw explainUnreadable(jwtJwksUrl, error as Error);
  }
  const keys = find.jwks()!.keys;
  if (!keys.some(({ kty, use, d }) => SIGNING_KEY_TYPES.has(kty ?? "") && use !== "enc" && d === undefined)) {
    throw new ConfigError(
      `JWT_JWKS_URL ${jwtJwksUrl} holds ${keys.length} keys, but no public one that signs (RSA, EC or OKP). Publish the ` +
        "authorization server's public signing keys there, or correct JWT_JWKS_URL.",
      { code: "jwks_unreadable" },
    );
  }
  return { kind: "published", find, algorithms: PUBLISHED_ALGORITHMS };
}

export function secretKeys(secret: string): TokenKeys {
  return { kind: "secret", secret: new TextEncoder().encode(secret), algorithms: ["HS256"] };
}

const SIGNING_KEY_TYPES = new Set(["RSA", "EC", "OKP"]);

/** A file is read as often, and as carefully, as an address. */
async function readFile(url: string): Promise<Response> {
  return new Response(await Deno.readTextFile(new URL(url)));
}

function explainUnreadable(url: string, error: Error): ConfigError {
  const { host, protocol } = new URL(url);
  if (error instanceof Deno.errors.NotCapable && protocol !== "file:") {
    return new ConfigError(
      `JWT_JWKS_URL is at ${host}, and this task may only reach this machine. Allow that address too: ` +
        `ALLOW_NET=,${host} deno task …`,
      { code: "jwks_unreadable" },
    );
  }
  const why = error instanceof errors.JOSEError || protocol === "file:"
    ? error.message
    : `${error.message}${error.cause instanceof Error ? ` (${error.cause.message})` : ""}`;
  return new ConfigError(
    `JWT_JWKS_URL ${url} gives no JWK set: ${
      why.replace(/\.$/, "")
    }. Check that the address is right and that the ` +
      'authorization server runs; it must answer 200 with {"keys": […]}.',
    { code: "jwks_unreadable" },
  );
}
