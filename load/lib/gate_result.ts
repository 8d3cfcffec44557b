import type { Outcome } from "./classify_answer.ts";
import type { LatencySummary } from "./latency_summary.ts";
import type { LoadPlan } from "./load_plan.ts";

/** What a run showed, as `summary.json` holds it. */
export interface GateResult {
  readonly pass: boolean;
  readonly startedAt: string;
  readonly plan: LoadPlan;
  readonly machine: Machine;
  readonly k6Version: string;
  readonly rules: readonly RuleResult[];
  /** End to end first, then the server's stages in the order it reports them. */
  readonly latencies: readonly StageLatency[];
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly errorsByCode: Readonly<Record<string, number>>;
  /** Calls answered in the measured phase, by its planned duration. */
  readonly achievedRatePerSecond: number;
  readonly droppedIterations: number;
  readonly files: GateFiles;
}

export interface RuleResult {
  readonly id: string;
  readonly title: string;
  readonly limit: string;
  readonly actual: string;
  readonly ok: boolean;
}

export interface StageLatency extends LatencySummary {
  readonly stage: string;
}

export interface Machine {
  readonly os: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
}

export interface GateFiles {
  readonly outDir: string;
  readonly summaryText: string;
  readonly summaryJson: string;
  readonly junit: string;
  readonly report: string;
  /** One line a payment: see {@link import("./payment_record.ts").PaymentRecord}. */
  readonly payments: string;
  /** k6's own summary. */
  readonly k6Summary: string;
}

/** The name of the whole call among the stages. */
export const END_TO_END = "end to end";

/** End to end without the provider's part of it: what the server, the protocol and the database add to an approval. */
export const WITHOUT_PROVIDER = "without provider";

/** End to end without the server's own total: sockets, HTTP, queueing before the handler, k6 itself. */
export const TRANSPORT = "transport";
