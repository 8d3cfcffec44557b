import type { LoadPlan } from "./load_plan.ts";

/** One run of the gate. */
export interface GateOptions {
  /** From `loadPlanFromEnv`, or with fields of it replaced. */
  readonly plan: LoadPlan;
  readonly streamPath: string;
  /** Made when it does not exist; files of an earlier run in it are replaced. */
  readonly outDir: string;
  /** Bearer token, when the server asks for one. */
  readonly token?: string;
  /** The k6 program; found by `resolveK6` when left out. */
  readonly k6Path?: string;
  /** Shown in the progress. */
  readonly label?: string;
  readonly signal?: AbortSignal;
}
