import { TextLineStream } from "./text_line_stream.ts";
import { GateError } from "./gate_error.ts";

export interface K6RunOptions {
  readonly k6Path: string;
  readonly script: string;
  /** All that the script sees of an environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Where what the script logs goes. */
  readonly consolePath: string;
  /** How long the run is planned to take; it is stopped when it takes much longer. */
  readonly plannedMs: number;
  /** One call for each line k6 prints. */
  readonly onLine: (line: string) => void;
  /** The first different warnings and errors k6 logs. */
  readonly onWarning: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** 0 is passed, 99 is thresholds crossed: with either, the run itself is whole. */
const K6_EXIT_PASSED = 0;
const K6_EXIT_THRESHOLDS = 99;

/** For starting virtual users, waiting for the last answers and writing the summary. */
const OVERRUN_MS = 60_000;
const INTERRUPT_GRACE_MS = 15_000;
const LINES_KEPT = 12;

/** Runs k6 to its end and returns whether its thresholds passed. Throws `k6_failed` when the run is not whole. */
export async function runK6(options: K6RunOptions): Promise<{ thresholdsPassed: boolean }> {
  const child = new Deno.Command(options.k6Path, {
    args: [
      "run",
      "--no-color",
      "--no-usage-report",
      // No control server: two runs on one machine would want the same port.
      "--address=",
      "--log-format=raw",
      `--console-output=${options.consolePath}`,
      options.script,
    ],
    // Nothing of the caller's environment: K6_DURATION or K6_OUT set somewhere would silently change the run.
    // And the token goes this way because arguments show in the process list.
    clearEnv: true,
    env: { ...options.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();

  let stopReason: string | undefined;
  let killTimer: ReturnType<typeof setTimeout> | undefined;
  const stop = (reason: string) => {
    stopReason ??= reason;
    tryKill(child, "SIGINT");
    killTimer ??= setTimeout(() => tryKill(child, "SIGKILL"), INTERRUPT_GRACE_MS);
  };
  const onAbort = () => stop("it was interrupted");
  const limitMs = options.plannedMs + OVERRUN_MS;
  const overrunTimer = setTimeout(() => stop(`it took longer than ${limitMs / 1000}s`), limitMs);
  options.signal?.addEventListener("abort", onAbort);
  if (options.signal?.aborted) onAbort();

  const warnings = new Set<string>();
  const lastErrors: string[] = [];
  const [status] = await Promise.all([
    child.status,
    eachLine(child.stdout, options.onLine),
    eachLine(child.stderr, (line) => {
      // The rules say it better.
      if (line.trim() === "" || line.startsWith("thresholds on metrics")) return;
      if (warnings.size < LINES_KEPT && !warnings.has(line)) {
        warnings.add(line);
        options.onWarning(line);
      }
      lastErrors.push(line);
      if (lastErrors.length > LINES_KEPT) lastErrors.shift();
    }),
  ]);
  clearTimeout(overrunTimer);
  clearTimeout(killTimer);
  options.signal?.removeEventListener("abort", onAbort);

  if (stopReason === undefined && status.code === K6_EXIT_PASSED) return { thresholdsPassed: true };
  if (stopReason === undefined && status.code === K6_EXIT_THRESHOLDS) return { thresholdsPassed: false };
  const why = stopReason ? `k6 was stopped because ${stopReason}` : `k6 ended with exit code ${status.code}`;
  throw new GateError("k6_failed", [`${why}.`, ...lastErrors].join("\n  "));
}

async function eachLine(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<void> {
  const lines = stream.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)
    .pipeThrough(new TextLineStream());
  for await (const line of lines) onLine(line);
}

function tryKill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It has ended in the meantime.
  }
}
