/**
 * `deno task load:prove`: shows that the gate can fail. The same load goes to the same running server twice: through
 * a proxy that makes each tenth payment slow, where the gate must fail on the 95th percentile and on nothing else,
 * and directly, where it must pass.
 *
 * Takes the options of `deno task load`. Exit code 0: both verdicts were right. 1: one was not. 2: no verdict.
 */
import { join } from "node:path";
import { runGate } from "./gate.ts";
import { gateOptionsFromArgs, runGateCommand } from "./lib/gate_command.ts";
import type { GateOptions } from "./lib/gate_options.ts";
import type { GateResult } from "./lib/gate_result.ts";
import { startSlowProxy } from "./slow_proxy.ts";

const DELAYED_SHARE = 0.1;
/** Above the p95 limit by this much, and with the default limits well below that of p99. */
const DELAY_OVER_LIMIT_MS = 50;
const EXPECTED_FAILURES = ["approval_p95"];

export interface GateProof {
  readonly proven: boolean;
  readonly slow: GateResult;
  readonly direct: GateResult;
}

export async function proveGate(options: GateOptions): Promise<GateProof> {
  const { plan } = options;
  const delayMs = plan.limits.approvalMsP95 + DELAY_OVER_LIMIT_MS;
  const proxy = startSlowProxy({ targetUrl: plan.baseUrl, delayMs, delayedShare: DELAYED_SHARE });
  let slow: GateResult;
  try {
    slow = await runGate({
      ...options,
      plan: { ...plan, baseUrl: proxy.url, runId: `${plan.runId}-slow` },
      outDir: join(options.outDir, "slow"),
      label: `load with ${DELAYED_SHARE * 100}% +${delayMs} ms`,
    });
  } finally {
    await proxy.close();
  }
  const direct = await runGate({
    ...options,
    plan: { ...plan, runId: `${plan.runId}-direct` },
    outDir: join(options.outDir, "direct"),
    label: "load without delay",
  });
  const slowFailures = failedRules(slow);
  const failedRight = !slow.pass && slowFailures.join() === EXPECTED_FAILURES.join();
  return { proven: failedRight && direct.pass, slow, direct };
}

function failedRules(result: GateResult): string[] {
  return result.rules.filter((rule) => !rule.ok).map((rule) => rule.id);
}

/** What was expected and what came, a line for each run. */
export function formatProof({ proven, slow, direct }: GateProof): string {
  const line = (name: string, expected: string, result: GateResult) => {
    const got = [result.pass ? "PASS" : "FAIL", failedRules(result).join(", ")].join(" ").trimEnd();
    return `${name.padEnd(10)} expected ${expected.padEnd(20)} got ${got}`;
  };
  return [
    line("delayed", `FAIL ${EXPECTED_FAILURES.join(", ")}`, slow),
    line("direct", "PASS", direct),
    proven ? "The gate fails when payments are slow and passes when they are not." : "NOT PROVEN.",
  ].join("\n");
}

if (import.meta.main) {
  await runGateCommand("load:prove", async (signal) => {
    const proof = await proveGate({ ...gateOptionsFromArgs(Deno.args), signal });
    console.log(formatProof(proof));
    return proof.proven;
  });
}
