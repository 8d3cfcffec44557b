import { expect } from "expect";
import { envOfLoadPlan, loadPlanFromEnv, streamShareOf, streamTooShort } from "./load_plan.ts";

Deno.test("loadPlanFromEnv() defaults to 200 payments a second for 30 s after 10 s of warm-up", () => {
  const plan = loadPlanFromEnv({ RUN_ID: "r1" });
  expect(plan).toEqual({
    baseUrl: "http://127.0.0.1:8000",
    ratePerSecond: 200,
    warmupMs: 10_000,
    durationMs: 30_000,
    runId: "r1",
    limits: { approvalMsP95: 250, approvalMsP99: 1000, errorShare: 0.001, droppedIterations: 0 },
  });
});

Deno.test("loadPlanFromEnv() names the variable that is wrong", () => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ RATE: "many" }, /^RATE /],
    [{ RATE: "0" }, /^RATE /],
    [{ RATE: "1.5" }, /^RATE /],
    [{ DURATION: "10" }, /^DURATION /],
    [{ DURATION: "500ms" }, /^DURATION /],
    [{ WARMUP: "500ms" }, /^WARMUP /],
    [{ LIMIT_P95_MS: "-1" }, /^LIMIT_P95_MS /],
    [{ LIMIT_ERROR_SHARE: "x" }, /^LIMIT_ERROR_SHARE /],
  ];
  for (const [env, message] of cases) expect(() => loadPlanFromEnv(env)).toThrow(message);
});

Deno.test("streamShareOf() keeps warm-up and measurement apart, with room for k6's extra iteration", () => {
  const plan = { ratePerSecond: 200, warmupMs: 10_000, durationMs: 30_000 };
  expect(streamShareOf(plan)).toEqual({ measureOffset: 2002, measureIterations: 6000, paymentsNeeded: 8004 });
  expect(streamShareOf({ ...plan, warmupMs: 0 }).measureOffset).toBe(0);
});

Deno.test("streamTooShort() says how many payments are needed", () => {
  const plan = loadPlanFromEnv({});
  expect(streamTooShort(plan, 8004)).toBeUndefined();
  expect(streamTooShort(plan, 8003)).toMatch(/holds 8003 payments.*takes 8004/);
});

Deno.test("envOfLoadPlan() and loadPlanFromEnv() are inverse", () => {
  const plan = {
    ...loadPlanFromEnv({
      RATE: "7",
      DURATION: "1500ms",
      WARMUP: "0s",
      LIMIT_ERROR_SHARE: "0.5",
      RUN_ID: "x",
    }),
    baseUrl: "http://127.0.0.1:1",
  };
  expect(loadPlanFromEnv(envOfLoadPlan(plan))).toEqual(plan);
});
