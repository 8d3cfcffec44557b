import { formatDuration, parseDurationMs } from "./duration.ts";

/**
 * What one run asks of the server, read from the environment by the k6 script and by the gate alike, so that both
 * count the same payments. Runs under k6 and Deno: plain TypeScript, no imports from either.
 */
export interface LoadPlan {
  readonly baseUrl: string;
  readonly ratePerSecond: number;
  readonly warmupMs: number;
  readonly durationMs: number;
  /** Appended to every idempotency key, so that a second run on the same server pays anew. */
  readonly runId: string;
  readonly limits: LoadLimits;
}

export interface LoadLimits {
  readonly approvalMsP95: number;
  readonly approvalMsP99: number;
  readonly errorShare: number;
  readonly droppedIterations: number;
}

export const DEFAULT_LIMITS: LoadLimits = {
  approvalMsP95: 250,
  approvalMsP99: 1000,
  errorShare: 0.001,
  droppedIterations: 0,
};

/** The server's own default; `PORT` moves both. */
const DEFAULT_PORT = "8000";

/** Between warm-up and measurement, so that nothing slow in the warm-up is still running when measuring starts. */
export const WARMUP_GRACE_MS = 1000;

/** Longer than {@link REQUEST_TIMEOUT_MS}: every payment that was started is waited for and counted. */
export const MEASURE_GRACE_MS = 12_000;
export const REQUEST_TIMEOUT_MS = 10_000;

/** k6 may start one iteration more than rate × duration (one at each end); items are kept free for it. */
const EXTRA_ITERATIONS = 2;

/** Reads RATE, DURATION, WARMUP, BASE_URL, RUN_ID and the limits. Throws an error that names the variable. */
export function loadPlanFromEnv(env: Readonly<Record<string, string | undefined>>): LoadPlan {
  const durationMs = parseDurationMs(env.DURATION ?? "30s", "DURATION");
  if (durationMs < 1000) throw new Error(`DURATION is ${env.DURATION}: measure for at least 1s.`);
  const warmupMs = parseDurationMs(env.WARMUP ?? "10s", "WARMUP");
  if (warmupMs !== 0 && warmupMs < 1000) {
    throw new Error(`WARMUP is ${env.WARMUP}: warm up for at least 1s, or 0s for none.`);
  }
  const ratePerSecond = readNumber(env, "RATE", 200, 1);
  if (!Number.isInteger(ratePerSecond)) {
    throw new Error(`RATE is ${env.RATE}: give whole payments per second.`);
  }
  return {
    baseUrl: (env.BASE_URL ?? `http://127.0.0.1:${env.PORT ?? DEFAULT_PORT}`).replace(/\/+$/, ""),
    ratePerSecond,
    warmupMs,
    durationMs,
    runId: env.RUN_ID ?? Date.now().toString(36),
    limits: {
      approvalMsP95: readNumber(env, "LIMIT_P95_MS", DEFAULT_LIMITS.approvalMsP95, 0),
      approvalMsP99: readNumber(env, "LIMIT_P99_MS", DEFAULT_LIMITS.approvalMsP99, 0),
      errorShare: readNumber(env, "LIMIT_ERROR_SHARE", DEFAULT_LIMITS.errorShare, 0),
      droppedIterations: readNumber(env, "LIMIT_DROPPED", DEFAULT_LIMITS.droppedIterations, 0),
    },
  };
}

/** The variables that {@link loadPlanFromEnv} reads back as the same plan. */
export function envOfLoadPlan(plan: LoadPlan): Record<string, string> {
  return {
    BASE_URL: plan.baseUrl,
    RATE: String(plan.ratePerSecond),
    WARMUP: formatDuration(plan.warmupMs),
    DURATION: formatDuration(plan.durationMs),
    RUN_ID: plan.runId,
    LIMIT_P95_MS: String(plan.limits.approvalMsP95),
    LIMIT_P99_MS: String(plan.limits.approvalMsP99),
    LIMIT_ERROR_SHARE: String(plan.limits.errorShare),
    LIMIT_DROPPED: String(plan.limits.droppedIterations),
  };
}

/** Which items of the stream each scenario takes: warm-up `[0, measureOffset)`, measurement from there on. */
export interface StreamShare {
  readonly measureOffset: number;
  readonly measureIterations: number;
  /** The stream must be at least this long. */
  readonly paymentsNeeded: number;
}

export function streamShareOf(
  plan: Pick<LoadPlan, "ratePerSecond" | "warmupMs" | "durationMs">,
): StreamShare {
  const warmupIterations = Math.ceil((plan.ratePerSecond * plan.warmupMs) / 1000);
  const measureIterations = Math.floor((plan.ratePerSecond * plan.durationMs) / 1000);
  const measureOffset = warmupIterations === 0 ? 0 : warmupIterations + EXTRA_ITERATIONS;
  return {
    measureOffset,
    measureIterations,
    paymentsNeeded: measureOffset + measureIterations + EXTRA_ITERATIONS,
  };
}

/** The sentence for a stream that would run out, or undefined when it is long enough. */
export function streamTooShort(plan: LoadPlan, streamLength: number): string | undefined {
  const { paymentsNeeded } = streamShareOf(plan);
  if (streamLength >= paymentsNeeded) return undefined;
  return `The stream holds ${streamLength} payments; ${plan.ratePerSecond}/s for ${
    plan.warmupMs / 1000
  }s of ` +
    `warm-up and ${plan.durationMs / 1000}s of measurement takes ${paymentsNeeded}. No item is used twice: ` +
    `make a longer stream, or lower RATE or DURATION.`;
}

function readNumber(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  fallback: number,
  minimum: number,
): number {
  const text = env[name];
  if (text === undefined || text === "") return fallback;
  const value = Number(text);
  if (!Number.isFinite(value) || value < minimum) {
    throw new Error(`${name} is ${JSON.stringify(text)}: give a number of at least ${minimum}.`);
  }
  return value;
}
