import { expect } from "expect";
import { SignJWT, UnsecuredJWT } from "jose";
import { Authenticator, issueToken, SCOPES } from "./authenticate.ts";
import { secretKeys } from "./token_keys.ts";

const CONFIG = { jwtSecretKey: "0123456789abcdef0123456789abcdef", jwtAudience: "lab", jwtIssuer: null };
const KEYS = secretKeys(CONFIG.jwtSecretKey);
const NOW_MS = Date.UTC(2026, 0, 5);
const NOW_S = NOW_MS / 1000;
const CLAIMS = {
  principal: "agent-1",
  tenantId: "acme",
  scopes: ["payments", "wallets"],
  expiresInS: 60,
} as const;

Deno.test("Authenticator knows the caller by the token", async () => {
  const token = await issueToken(CONFIG, CLAIMS, NOW_MS);
  const expected = {
    caller: { tenantId: "acme", principal: "agent-1", scopes: new Set(["payments", "wallets"]) },
  };
  const authenticator = new Authenticator(KEYS, CONFIG);
  for (const scheme of ["Bearer", "bearer", "BEARER"]) {
    expect(await authenticate(authenticator, `${scheme} ${token}`)).toEqual(expected);
  }
});

Deno.test("Authenticator takes everybody for the local caller where there is no secret", async () => {
  const authenticator = new Authenticator(null, CONFIG);
  expect(await authenticate(authenticator, undefined)).toEqual({
    caller: { tenantId: "default", principal: "local", scopes: new Set(SCOPES) },
  });
});

Deno.test("Authenticator refuses every token that is not this server's, and says why", async () => {
  const good = { tenant: "acme", scope: "payments" };
  const sign = (claims: Record<string, unknown>, key = CONFIG.jwtSecretKey, alg = "HS256") =>
    new SignJWT({ sub: "agent-1", aud: "lab", exp: NOW_S + 60, ...good, ...claims })
      .setProtectedHeader({ alg }).sign(new TextEncoder().encode(key));
  const otherKey = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
  const valid = await sign({});
  const [header, payload, signature] = valid.split(".");
  const forged = btoa(JSON.stringify({ ...JSON.parse(atob(payload)), tenant: "victim" })).replaceAll("=", "");
  const cases: [string, string | undefined, RegExp][] = [
    ["no header", undefined, /^No bearer token\. Get one with: deno task token$/],
    ["another scheme", `Basic ${btoa("a:b")}`, /^No bearer token/],
    ["no token", "Bearer ", /^No bearer token/],
    ["not a token", "Bearer hello", /not a valid/],
    ["expired", `Bearer ${await sign({ exp: NOW_S - 1 })}`, /expired/],
    [
      "not yet valid",
      `Bearer ${await sign({ nbf: NOW_S + 60 })}`,
      /^The token was refused: it is not valid yet \(nbf\)\.$/,
    ],
    ["another audience", `Bearer ${await sign({ aud: "elsewhere" })}`, /audience/],
    ["no audience", `Bearer ${await sign({ aud: undefined })}`, /audience/],
    ["no expiry", `Bearer ${await sign({ exp: undefined })}`, /claim/],
    ["no subject", `Bearer ${await sign({ sub: undefined })}`, /claim/],
    ["no tenant", `Bearer ${await sign({ tenant: undefined })}`, /claim/],
    ["no scope", `Bearer ${await sign({ scope: undefined })}`, /claim/],
    ["a scope that is a list", `Bearer ${await sign({ scope: ["payments"] })}`, /scope claim/],
    ["a malformed tenant", `Bearer ${await sign({ tenant: "a/b" })}`, /tenant claim/],
    ["an upper-case tenant", `Bearer ${await sign({ tenant: "Acme" })}`, /tenant claim/],
    ["a subject that cannot be stored", `Bearer ${await sign({ sub: "a\u0000b" })}`, /sub claim/],
    ["a subject that is too long", `Bearer ${await sign({ sub: "a".repeat(129) })}`, /sub claim/],
    ["another key", `Bearer ${await sign({}, otherKey)}`, /signature/],
    ["another algorithm", `Bearer ${await sign({}, otherKey, "HS512")}`, /not a valid HS256/],
    ["changed claims", `Bearer ${header}.${forged}.${signature}`, /signature/],
    ["a changed signature", `Bearer ${header}.${payload}.${signature.slice(0, -4)}AAAA`, /signature/],
    [
      "the algorithm none",
      `Bearer ${
        new UnsecuredJWT({ sub: "agent-1", ...good }).setAudience("lab").setExpirationTime(NOW_S + 60)
          .encode()
      }`,
      /not a valid HS256/,
    ],
  ];
  const authenticator = new Authenticator(KEYS, CONFIG);
  for (const [what, authorization, why] of cases) {
    const outcome = await authenticate(authenticator, authorization);
    expect({ what, outcome }).toEqual({
      what,
      outcome: {
        refusal: expect.stringMatching(why),
        isInvalidToken: authorization?.startsWith("Bearer ") === true && authorization !== "Bearer ",
      },
    });
  }
});

Deno.test("Authenticator takes only its issuer's tokens where one is set", async () => {
  const issuer = "https://id.example.com";
  const authenticator = new Authenticator(KEYS, { ...CONFIG, jwtIssuer: issuer });
  const bearer = async (jwtIssuer: string | null) =>
    `Bearer ${await issueToken({ ...CONFIG, jwtIssuer }, CLAIMS, NOW_MS)}`;
  expect(await authenticate(authenticator, await bearer(issuer))).toHaveProperty("caller");
  for (const other of [null, `${issuer}/`, "https://evil.example.com"]) {
    expect(await authenticate(authenticator, await bearer(other))).toMatchObject({
      refusal: expect.stringContaining("issuer"),
    });
  }
});

Deno.test("Authenticator forgets a token it has seen once it expires", async () => {
  const authenticator = new Authenticator(KEYS, CONFIG);
  const authorization = `Bearer ${await issueToken(CONFIG, CLAIMS, NOW_MS)}`;
  expect(await authenticate(authenticator, authorization, NOW_MS)).toHaveProperty("caller");
  expect(await authenticate(authenticator, authorization, NOW_MS + 59_000)).toHaveProperty("caller");
  expect(await authenticate(authenticator, authorization, NOW_MS + 60_000)).toMatchObject({
    refusal: "The token was refused: it has expired.",
  });
});

function authenticate(authenticator: Authenticator, authorization: string | undefined, nowMs = NOW_MS) {
  const headers = authorization === undefined ? undefined : { authorization };
  return authenticator.authenticate(new Request("http://localhost/mcp", { headers }), nowMs);
}
