import { expect } from "expect";
import { runCrash } from "./crash_run.ts";

Deno.test("a server killed with forty payments in flight leaves nothing in doubt and charges nobody twice", async () => {
  const result = await runCrash({
    payments: 40,
    seed: 3,
    // Soon given up, soon taken over: the run is shorter, not another one.
    environment: { PROVIDER_LATENCY_SCALE: "5", PROVIDER_TIMEOUT_MS: "800" },
    log: () => {},
  });
  expect(result.findings).toEqual([]);
  expect(result.inFlight).toBe(40);
  expect(result.leftOpen).toBeGreaterThan(0);
});
