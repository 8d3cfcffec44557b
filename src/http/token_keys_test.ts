import { expect } from "expect";
import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from "jose";
import { Authenticator } from "./authenticate.ts";
import { openTokenKeys } from "./token_keys.ts";
import { post, serveApp } from "./testing/serve_lab.ts";

const ISSUER = "https://id.example.com";
const AUDIENCE = "mcp-payments-lab";
const NOTHING = { jwtSecretKey: null, jwtJwksUrl: null };

interface Signer {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
}

async function signer(alg: string, kid: string): Promise<Signer> {
  const pair = await generateKeyPair(alg, { extractable: true });
  return { alg, kid, ...pair, jwk: { ...await exportJWK(pair.publicKey), kid, alg, use: "sig" } };
}

function sign(
  { alg, kid, privateKey }: Pick<Signer, "alg" | "kid" | "privateKey">,
  claims = {},
): Promise<string> {
  const nowS = Math.floor(Date.now() / 1000);
  return new SignJWT({
    sub: "agent-1",
    tenant: "acme",
    scope: "payments",
    aud: AUDIENCE,
    iss: ISSUER,
    exp: nowS + 600,
    ...claims,
  }).setProtectedHeader({ alg, kid }).sign(privateKey);
}

/** A key server on a free port: what it answers may be changed. */
function serveKeys(answer: { body: unknown; status?: number }) {
  let asked = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    asked++;
    return new Response(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body), {
      status: answer.status ?? 200,
    });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/jwks.json`,
    answer,
    asked: () => asked,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function outcome(authenticator: Authenticator, token: string) {
  const headers = { authorization: `Bearer ${token}` };
  const found = await authenticator.authenticate(
    new Request("http://localhost/mcp", { headers }),
    Date.now(),
  );
  return "caller" in found ? found.caller.principal : found.refusal;
}

Deno.test("tokens signed with a published key are taken: RS256, ES256 and EdDSA", async () => {
  const signers = await Promise.all([signer("RS256", "a"), signer("ES256", "b"), signer("EdDSA", "c")]);
  await using published = serveKeys({ body: { keys: signers.map(({ jwk }) => jwk) } });
  const keys = await openTokenKeys({ ...NOTHING, jwtJwksUrl: published.url });
  await using served = serveApp({ tokenKeys: keys!, config: { jwtIssuer: ISSUER } });
  const ping = { jsonrpc: "2.0", id: 1, method: "ping" };
  for (const one of signers) {
    const response = await post(served.url, ping, { authorization: `Bearer ${await sign(one)}` });
    expect({ alg: one.alg, status: response.status, body: await response.json() }).toEqual({
      alg: one.alg,
      status: 200,
      body: { jsonrpc: "2.0", id: 1, result: {} },
    });
  }
  const refused = await post(served.url, ping);
  expect({ status: refused.status, body: await refused.json() }).toMatchObject({
    status: 401,
    body: { error: { message: `No bearer token. Get one from ${ISSUER}` } },
  });
});

Deno.test("no algorithm but the published key's own proves a token", async () => {
  const rsa = await signer("RS256", "a");
  const stranger = await signer("RS256", "a");
  await using published = serveKeys({ body: { keys: [rsa.jwk] } });
  const keys = await openTokenKeys({ ...NOTHING, jwtJwksUrl: published.url });
  const authenticator = new Authenticator(keys, { jwtAudience: AUDIENCE, jwtIssuer: ISSUER });
  const text = new TextEncoder();
  const asSecret = (secret: string) =>
    sign({ alg: "HS256", kid: "a", privateKey: text.encode(secret) as unknown as CryptoKey });
  const parts = (await sign(rsa)).split(".");
  const none = btoa('{"alg":"none"}').replaceAll("=", "");
  const cases: [string, string, RegExp][] = [
    [
      "HS256 with the public key as its secret",
      await asSecret(await exportSPKI(rsa.publicKey)),
      /not a valid RS256/,
    ],
    ["HS256 with the JWK as its secret", await asSecret(JSON.stringify(rsa.jwk)), /not a valid RS256/],
    ["the algorithm none", `${none}.${parts[1]}.`, /not a valid RS256/],
    ["RS512 with the same key", await sign({ ...await signer("RS512", "a") }), /not a valid RS256/],
    ["another key under the same kid", await sign(stranger), /does not match the published key/],
    ["a key that is not published", await sign({ ...stranger, kid: "z" }), /no key at JWT_JWKS_URL/],
    ["another audience", await sign(rsa, { aud: "elsewhere" }), /audience/],
    ["another issuer", await sign(rsa, { iss: "https://evil.example.com" }), /issuer/],
    ["no issuer", await sign(rsa, { iss: undefined }), /issuer/],
    ["an expired one", await sign(rsa, { exp: 1 }), /expired/],
  ];
  for (const [what, token, why] of cases) {
    expect({ what, outcome: await outcome(authenticator, token) }).toEqual({
      what,
      outcome: expect.stringMatching(why),
    });
  }
  expect(await outcome(authenticator, await sign(rsa))).toBe("agent-1");
});

Deno.test("a rotated key is found by its kid, and the keys are not read again for every unknown one", async () => {
  const [old, fresh, unknown] = await Promise.all(["1", "2", "3"].map((kid) => signer("ES256", kid)));
  const folder = await Deno.makeTempDir();
  const path = `${folder}/jwks.json`;
  const write = (keys: readonly Signer[]) =>
    Deno.writeTextFile(path, JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }));
  try {
    await using published = serveKeys({ body: { keys: [old.jwk] } });
    for (const jwtJwksUrl of [published.url, `file://${path}`]) {
      published.answer.body = { keys: [old.jwk] };
      await write([old]);
      const readAgain = new Authenticator(await openTokenKeys({ ...NOTHING, jwtJwksUrl }, 0), {
        jwtAudience: AUDIENCE,
        jwtIssuer: null,
      });
      expect(await outcome(readAgain, await sign(old))).toBe("agent-1");
      expect(await outcome(readAgain, await sign(fresh))).toMatch(/no key at JWT_JWKS_URL/);
      published.answer.body = { keys: [old.jwk, fresh.jwk] };
      await write([old, fresh]);
      expect(await outcome(readAgain, await sign(fresh))).toBe("agent-1");
    }
    const seldom = new Authenticator(await openTokenKeys({ ...NOTHING, jwtJwksUrl: published.url }), {
      jwtAudience: AUDIENCE,
      jwtIssuer: null,
    });
    const before = published.asked();
    for (let i = 0; i < 5; i++) {
      expect(await outcome(seldom, await sign(unknown, { jti: `${i}` }))).toMatch(/no key/);
    }
    expect(published.asked()).toBe(before);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a token is refused, not answered with a fault, while the keys cannot be read", async () => {
  const [known, other] = await Promise.all([signer("ES256", "1"), signer("ES256", "2")]);
  await using published = serveKeys({ body: { keys: [known.jwk] } });
  const keys = await openTokenKeys({ ...NOTHING, jwtJwksUrl: published.url }, 0);
  const authenticator = new Authenticator(keys, { jwtAudience: AUDIENCE, jwtIssuer: null });
  for (const answer of [{ status: 500, body: "down" }, { status: 200, body: "<html>" }]) {
    Object.assign(published.answer, answer);
    expect(await outcome(authenticator, await sign(other))).toMatch(/cannot be read now/);
    expect(await outcome(authenticator, await sign(known))).toBe("agent-1");
  }
});

Deno.test("openTokenKeys() says at the start what is wrong with JWT_JWKS_URL", async () => {
  const pair = await generateKeyPair("ES256", { extractable: true });
  const privateJwk = await exportJWK(pair.privateKey);
  const cases: [string, { body: unknown; status?: number }, RegExp][] = [
    ["not found", { body: "no", status: 404 }, /gives no JWK set: Expected 200 OK/],
    ["a page", { body: "<html>" }, /gives no JWK set: Failed to parse/],
    ["no set", { body: { key: 1 } }, /gives no JWK set/],
    ["an empty set", { body: { keys: [] } }, /holds 0 keys, but no public one/],
    ["a secret", { body: { keys: [{ kty: "oct", k: "c2VjcmV0" }] } }, /holds 1 keys, but no public one/],
    ["a private key", { body: { keys: [privateJwk] } }, /no public one/],
  ];
  for (const [what, answer, why] of cases) {
    await using published = serveKeys(answer);
    const failure = await openTokenKeys({ ...NOTHING, jwtJwksUrl: published.url }).catch(String);
    expect({ what, failure }).toEqual({
      what,
      failure: expect.stringMatching(/^ConfigError: jwks_unreadable: JWT_JWKS_URL /),
    });
    expect({ what, failure }).toEqual({ what, failure: expect.stringMatching(why) });
  }
  for (const jwtJwksUrl of ["http://127.0.0.1:1/jwks.json", "file:///no/such/jwks.json"]) {
    await expect(openTokenKeys({ ...NOTHING, jwtJwksUrl })).rejects.toThrow(
      new RegExp(`^jwks_unreadable: JWT_JWKS_URL ${jwtJwksUrl} gives no JWK set: .+ Check that`),
    );
  }
  await expect(openTokenKeys({ ...NOTHING, jwtJwksUrl: "https://id.example.com/keys" })).rejects.toThrow(
    "JWT_JWKS_URL is at id.example.com, and this task may only reach this machine. Allow that address too: " +
      "ALLOW_NET=,id.example.com deno task …",
  );
});
