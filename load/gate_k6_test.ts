import { join } from "node:path";
import { expect } from "expect";
import { runGate } from "./gate.ts";
import type { GateResult } from "./lib/gate_result.ts";
import { loadPlanFromEnv } from "./lib/load_plan.ts";
import { formatProof, proveGate } from "./prove_gate.ts";
import { K6_MISSING, resolveK6 } from "./resolve_k6.ts";
import {
  type FakeServer,
  type FakeServerOptions,
  startFakePaymentServer,
} from "./testing/fake_payment_server.ts";
import { fakeStream } from "./testing/fake_stream.ts";

const k6 = await resolveK6();
if (!k6) console.error(`The gate's k6 tests are ignored: ${K6_MISSING}`);

/** Small enough for about a second each; the limits are the real ones. */
const PLAN = { RATE: "100", DURATION: "1s", WARMUP: "0s", RUN_ID: "test" };

interface RunOptions {
  readonly streamLength?: number;
  readonly k6Path?: string;
  readonly signal?: AbortSignal;
}

interface GateTest {
  readonly server: FakeServer;
  run(env?: Record<string, string>, options?: RunOptions): Promise<GateResult>;
  readonly folder: string;
}

function gateTest(
  name: string,
  serverOptions: FakeServerOptions,
  body: (test: GateTest) => Promise<void>,
): void {
  Deno.test({
    name: `runGate() ${name}`,
    ignore: !k6,
    fn: async () => {
      const folder = await Deno.makeTempDir();
      const server = startFakePaymentServer(serverOptions);
      const run: GateTest["run"] = async (env = {}, { streamLength = 800, ...options } = {}) => {
        const streamPath = join(folder, "stream.json");
        await Deno.writeTextFile(streamPath, JSON.stringify(fakeStream(streamLength)));
        const plan = loadPlanFromEnv({ ...PLAN, BASE_URL: server.url, ...env });
        const outDir = join(folder, "out");
        return await runGate({ ...options, plan, streamPath, outDir, label: "test load" });
      };
      try {
        await body({ server, run, folder });
      } finally {
        await server.close();
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

function failedRules(result: GateResult): string[] {
  return result.rules.filter((rule) => !rule.ok).map((rule) => rule.id);
}

gateTest("passes a fast server and writes four reports", {}, async ({ run, server }) => {
  const result = await run({ DURATION: "2s", WARMUP: "1s" });
  expect(failedRules(result)).toEqual([]);
  expect(result.pass).toBe(true);
  expect(result.outcomes.approved).toBeGreaterThan(140);
  expect(result.outcomes.replayed).toBeGreaterThan(2);
  expect(result.latencies.map((latency) => latency.stage)).toEqual(
    ["end to end", "without provider", "screen", "charge", "settle", "total", "transport"],
  );
  // The 100 or so of the warm-up are not among the measured.
  const measured = Object.values(result.outcomes).reduce((sum, count) => sum + count);
  expect(server.calls() - measured).toBeGreaterThanOrEqual(99);

  const { summaryText, summaryJson, junit, report } = result.files;
  expect(await Deno.readTextFile(summaryText)).toMatch(/PASS[^]*p99[^]*end to end[^]*approved/);
  expect(JSON.parse(await Deno.readTextFile(summaryJson)).pass).toBe(true);
  expect(await Deno.readTextFile(junit)).toMatch(/tests="8" failures="0"/);
  const html = await Deno.readTextFile(report);
  expect(html.match(/<svg/g)?.length).toBe(4);
  expect(html).not.toMatch(/<script|(?:src|href)="http/);
});

gateTest(
  "fails on p95 when each seventh payment is slow",
  { slowEvery: 7, slowMs: 400 },
  async ({ run }) => {
    const result = await run();
    expect(result.pass).toBe(false);
    expect(failedRules(result)).toEqual(["approval_p95"]);
    expect(await Deno.readTextFile(result.files.junit)).toMatch(
      /failures="1"[^]*<failure message="40\d\.\d ms/,
    );
  },
);

gateTest("fails on errors and counts them by code", { errorEvery: 15 }, async ({ run }) => {
  const result = await run();
  expect(failedRules(result)).toEqual(["errors"]);
  expect(result.errorsByCode.overloaded).toBeGreaterThan(2);
});

gateTest("fails for want of samples when every call fails", { status: 500 }, async ({ run }) => {
  const result = await run();
  expect(failedRules(result)).toEqual(
    ["approval_p95", "approval_p99", "errors", "timed", "one_payment_per_key", "stages_reported"],
  );
  expect(result.rules[0].actual).toBe("no samples");
  expect(result.errorsByCode).toEqual({ http_500: result.outcomes.error });
});

gateTest("fails on payments that could not be sent", { latencyMs: 2500 }, async ({ run }) => {
  // 100/s × 2.5 s of waiting takes 250 senders; at most 200 are started.
  const result = await run({ LIMIT_P95_MS: "9000", LIMIT_P99_MS: "9000", DURATION: "3s" });
  expect(failedRules(result)).toEqual(expect.arrayContaining(["dropped_iterations", "answered"]));
  expect(result.droppedIterations).toBeGreaterThan(0);
});

gateTest("fails when a repeated key makes a second payment", { forgetsKeys: true }, async ({ run }) => {
  expect(failedRules(await run())).toEqual(["one_payment_per_key"]);
});

gateTest("refuses a stream that would run out, before anything is sent", {}, async ({ run, server }) => {
  await expect(run({}, { streamLength: 100 })).rejects.toMatchObject({
    code: "stream_too_short",
    message: expect.stringMatching(/holds 100 payments/),
  });
  expect(server.calls()).toBe(0);
});

gateTest("says that a server is not ready", { ready: false }, async ({ run }) => {
  await expect(run()).rejects.toMatchObject({ code: "server_not_ready" });
});

gateTest("says that no server answers", {}, async ({ run }) => {
  await expect(run({ BASE_URL: "http://127.0.0.1:1" })).rejects.toMatchObject({ code: "server_unreachable" });
});

gateTest("says that the k6 asked for is none", {}, async ({ run }) => {
  await expect(run({}, { k6Path: "/nowhere/k6" })).rejects.toMatchObject({ code: "k6_missing" });
});

gateTest("stops k6 and gives no verdict when it is interrupted", {}, async ({ run }) => {
  const interrupted = run({ DURATION: "6s" }, { signal: AbortSignal.timeout(1500) });
  await expect(interrupted).rejects.toMatchObject({
    code: "k6_failed",
    message: expect.stringMatching(/it was interrupted/),
  });
});

gateTest("pays anew when it runs twice on one server", {}, async ({ run }) => {
  expect((await run({ RUN_ID: "one" })).pass).toBe(true);
  expect((await run({ RUN_ID: "two" })).pass).toBe(true);
  // The same run id again: everything is a replay, and the gate says so.
  expect(failedRules(await run({ RUN_ID: "two" }))).toEqual(expect.arrayContaining(["timed"]));
});

gateTest("is proven by a proxy that slows the same server down", {}, async ({ server, folder }) => {
  const streamPath = join(folder, "stream.json");
  await Deno.writeTextFile(streamPath, JSON.stringify(fakeStream(800)));
  const plan = loadPlanFromEnv({ ...PLAN, BASE_URL: server.url });
  const proof = await proveGate({ plan, streamPath, outDir: join(folder, "proof") });
  expect(formatProof(proof)).toMatch(/got FAIL approval_p95\n.*got PASS\n/);
  expect(proof.proven).toBe(true);
});
