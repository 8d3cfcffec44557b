import configuration from "../../deno.json" with { type: "json" };
import { join } from "node:path";
import { parseArgs } from "node:util";
import { GateError } from "./gate_error.ts";
import type { GateOptions } from "./gate_options.ts";
import { loadPlanFromEnv } from "./load_plan.ts";

/** The options of the command line, over those of the environment. Also used by `load:prove`. */
export function gateOptionsFromArgs(args: string[]): GateOptions {
  try {
    const { values } = parseArgs({
      args,
      options: {
        "base-url": { type: "string" },
        rate: { type: "string" },
        duration: { type: "string" },
        warmup: { type: "string" },
        stream: { type: "string" },
        out: { type: "string" },
        token: { type: "string" },
      },
    });
    const dataDir = Deno.env.get("DATA_DIR") ?? ".data";
    const fromEnv = (name: string, value: string | undefined) => value ?? Deno.env.get(name);
    const names = ["RUN_ID", "LIMIT_P95_MS", "LIMIT_P99_MS", "LIMIT_ERROR_SHARE", "LIMIT_DROPPED"];
    return {
      plan: loadPlanFromEnv({
        ...Object.fromEntries(names.map((name) => [name, Deno.env.get(name)])),
        PORT: Deno.env.get("PORT") || undefined,
        BASE_URL: fromEnv("BASE_URL", values["base-url"]),
        RATE: fromEnv("RATE", values.rate),
        DURATION: fromEnv("DURATION", values.duration),
        WARMUP: fromEnv("WARMUP", values.warmup),
      }),
      streamPath: fromEnv("STREAM", values.stream) ?? join(dataDir, "stream.json"),
      outDir: values.out ?? join(dataDir, "load", new Date().toISOString().replace(/[:.]/g, "-")),
      token: fromEnv("TOKEN", values.token),
    };
  } catch (error) {
    throw new GateError("bad_option", error instanceof Error ? error.message : String(error));
  }
}

const USAGE =
  `  [--base-url http://127.0.0.1:8000] [--rate 200] [--duration 30s] [--warmup 10s] [--stream FILE] [--out FOLDER]
  [--token TOKEN]

load/README.md has the same as environment variables, and what is judged.`;

/** Runs a command-line body with Ctrl-C and SIGTERM as an abort signal; ends the process with its exit code. */
export async function runGateCommand(
  task: "load" | "load:prove",
  body: (signal: AbortSignal) => Promise<boolean>,
): Promise<never> {
  if (Deno.args.includes("--help") || Deno.args.includes("-h")) {
    console.log(`deno task ${task}: ${configuration.tasks[task].description}\n\n${USAGE}`);
    Deno.exit(0);
  }
  const controller = new AbortController();
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, () => controller.abort());
  try {
    Deno.exit(await body(controller.signal) ? 0 : 1);
  } catch (error) {
    if (!(error instanceof GateError)) throw error;
    console.error(`${error.code}: ${error.message}`);
    Deno.exit(2);
  }
}
