import { expect } from "expect";
import { systemClock } from "../src/core/clock.ts";
import { RandomIds } from "../src/core/ids.ts";
import { openPool } from "../src/db/pool.ts";
import { freshDatabase } from "../src/db/testing/fresh_database.ts";
import { DAY_MS } from "../src/fraud/features/windows.ts";
import { bearer, SECRET, serveApp } from "../src/http/testing/serve_lab.ts";
import { loadFraudModel, SHIPPED_MODEL_DIRECTORY } from "../src/load_fraud_model.ts";
import { checkLedger } from "../src/ledger/check_ledger.ts";
import { openPaymentStack } from "../src/payment_stack.ts";
import { checkFeatures } from "../src/payments/check_features.ts";
import { openWalletStack } from "../src/wallet_stack.ts";
import { loadWorld } from "./history/load_world.ts";
import { driveLive } from "./live.ts";
import { knownWorld } from "./stream/known_world.ts";
import { generateWorld } from "./world/world.ts";

const CONFIG = { seed: 7, days: 20, customers: 150, startMs: Date.UTC(2026, 0, 5) };
const END_MS = CONFIG.startMs + CONFIG.days * DAY_MS;

Deno.test("driveLive() goes on with the world over MCP where its history ends, and tells what the screen made of it", async () => {
  const database = await freshDatabase();
  const dataDirectory = await Deno.makeTempDir({ prefix: "mcp-payments-lab-" });
  const owner = openPool({ url: database.ownerUrl, max: 1, applicationName: "live test" });
  await loadWorld(generateWorld(CONFIG), {
    pool: { url: database.ownerUrl },
    tenantId: "default",
    dataDirectory,
    nowMs: END_MS,
  });
  const stack = await openPaymentStack({
    config: {
      dataDirectory,
      poolSize: 4,
      providerTimeoutMs: 30_000,
      providerLatencyScale: 0,
      providersUrl: null,
      failover: true,
      stepUpAt: 65,
      exploreDeclines: 0,
    },
    database: { pool: { url: database.appUrl } },
    clock: systemClock,
    ids: new RandomIds(() => systemClock.nowMs()),
    model: await loadFraudModel({ modelDirectory: SHIPPED_MODEL_DIRECTORY, dataDirectory }),
    events: { stage: () => {}, outcome: () => {}, batch: () => {}, explored: () => {} },
  });
  const wallets = await openWalletStack({
    database: { pool: { url: database.appUrl } },
    stack,
    clock: systemClock,
    ids: new RandomIds(() => systemClock.nowMs()),
    events: { batch: () => {} },
  });
  const served = serveApp({ payments: stack.payments, wallets });
  try {
    const known = await knownWorld({ url: database.ownerUrl }, "default");
    const quick = { ratePerSecond: 40, durationS: 1 };
    const beyond = { ...known, reachedMs: END_MS + 366 * DAY_MS };
    await expect(driveLive(beyond, { url: served.url, token: null, ...quick })).rejects.toThrow(
      /^stream_ended: The world's stream of payments ends at 2027-01-25T00:00:00.*reached 2027-01-26/,
    );
    await using guarded = serveApp({
      payments: stack.payments,
      config: { jwtSecretKey: SECRET, simulatedTime: "token" },
    });
    const [, token] = (await bearer({ tenantId: "default" })).authorization.split(" ");
    await expect(driveLive(known, { url: guarded.url, token, ...quick })).rejects.toThrow(
      /^simulated_time_refused: .*needs the scope "simulate"/,
    );
    const [, walletsOnly] = (await bearer({ tenantId: "default", scopes: ["wallets", "simulate"] }))
      .authorization
      .split(" ");
    await expect(driveLive(known, { url: guarded.url, token: walletsOnly, ...quick })).rejects.toThrow(
      /^forbidden: .*needs the scope "payments"/,
    );
    await expect(driveLive(known, { url: guarded.url, token: null, ...quick })).rejects.toThrow(
      /^unauthorized: .*wants a token, and --token gives none\. Get one by deno task token --scope/,
    );
    await expect(driveLive(known, { url: guarded.url, token: "no.such.token", ...quick })).rejects.toThrow(
      /^unauthorized: .*does not take the token of --token.*It says: The token was refused: [^{}]*$/,
    );
    await expect(driveLive(known, { url: "http://127.0.0.1:9/mcp", token: null, ...quick })).rejects.toThrow(
      /^server_unreachable: No MCP server answers at/,
    );
    // Another tenant's token: of this world's customers it knows none.
    const [, stranger] = (await bearer({ tenantId: "other", scopes: ["payments", "simulate"] })).authorization
      .split(" ");
    await expect(driveLive(known, { url: guarded.url, token: stranger, ...quick })).rejects.toThrow(
      /^other_tenant: The token of --token is for tenant "other", and the stream is the world of tenant "default".*--tenant other/,
    );
    const text = await driveLive(known, { url: served.url, token: null, ratePerSecond: 60, durationS: 6 });
    expect(text).toMatch(/^360 calls in /);
    expect(text).not.toMatch(/error: |failed: |Cards only/);
    const [, , frauds, , genuine] =
      /against the truth: (\d+) of (\d+) frauds by card declined, (\d+) of (\d+) genuine/.exec(text)!.map(
        Number,
      );
    const [{ payments, first }] = await owner<{ payments: number; first: number }[]>`
      select count(*)::int as payments, min(occurred_at_ms)::float8 as first from payments
       where principal <> 'simulation' and method = 'card' and merchant_id <> 'merch_wallet'`;
    // A few calls repeat an earlier one, which makes no second payment.
    expect(frauds + genuine).toBe(payments);
    expect(payments).toBeGreaterThan(100);
    // Whoever has a wallet goes on with it: what is told is what is stored.
    const told = (what: string) => Number(new RegExp(`^  ${what} +(\\d+)$`, "m").exec(text)?.[1] ?? 0);
    const [stored] = await owner<Record<string, number>[]>`
      select (select count(*) from payments where method = 'wallet' and status = 'succeeded'
                 and principal <> 'simulation')::int as paid,
             (select count(*) from wallet_transfers where status = 'posted' and principal <> 'simulation')::int as sent,
             (select count(*) from wallet_top_ups where status = 'succeeded' and principal <> 'simulation')::int as filled,
             (select min(occurred_at_ms) from wallet_transfers where principal <> 'simulation')::float8 as first`;
    expect(stored).toMatchObject({
      paid: told("wallet payment succeeded"),
      sent: told("transfer posted"),
      filled: told("top-up succeeded"),
    });
    expect(stored.paid).toBeGreaterThan(3);
    expect(stored.sent).toBeGreaterThan(0);
    expect(stored.first).toBeGreaterThanOrEqual(END_MS);
    const broken = (await checkLedger(owner)).filter(({ violations }) => violations > 0);
    expect(broken).toEqual([]);
    expect(first).toBeGreaterThanOrEqual(END_MS);
    expect(await checkFeatures(owner)).toMatchObject({ differingVectors: 0, differingStates: 0 });
  } finally {
    await served[Symbol.asyncDispose]();
    await wallets.end();
    await stack.end();
    await owner.end();
    await database.drop();
    await Deno.remove(dataDirectory, { recursive: true });
  }
});
