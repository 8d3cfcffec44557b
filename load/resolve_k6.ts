import { delimiter, join } from "node:path";
import { GateError } from "./lib/gate_error.ts";
import { K6_VERSION } from "./lib/k6_version.ts";

/** A k6 that has answered `k6 version`. */
export interface ResolvedK6 {
  readonly path: string;
  /** Such as `1.8.1`. */
  readonly version: string;
  readonly foundBy: "$K6" | "PATH" | "DATA_DIR";
}

/** TypeScript scripts run without a flag from here on. */
const K6_MAJOR_MIN = 1;

/**
 * The k6 to use: `$K6`, then PATH, then `DATA_DIR/bin/k6` (where `deno task k6:install` puts it); undefined when
 * there is none. A `$K6` that does not run is an error and is not passed over: somebody asked for it by name.
 */
export async function resolveK6(
  env: Pick<typeof Deno.env, "get"> = Deno.env,
): Promise<ResolvedK6 | undefined> {
  const asked = env.get("K6");
  if (asked) {
    const version = await k6Version(asked);
    if (!version) {
      throw new GateError(
        "k6_missing",
        `K6 is ${
          JSON.stringify(asked)
        }, which is not a k6 of version ${K6_MAJOR_MIN} or later. Set K6 to the path of one, or unset it.`,
      );
    }
    return { path: asked, version, foundBy: "$K6" };
  }
  for (const folder of (env.get("PATH") ?? "").split(delimiter).filter(Boolean)) {
    const path = join(folder, K6_FILE);
    const version = await k6Version(path);
    if (version) return { path, version, foundBy: "PATH" };
  }
  const path = installedK6Path(env.get("DATA_DIR") ?? ".data");
  const version = await k6Version(path);
  return version ? { path, version, foundBy: "DATA_DIR" } : undefined;
}

/** What to tell somebody who has no k6. */
export const K6_MISSING = `k6 was not found in $K6, PATH or DATA_DIR/bin. ` +
  `Run: deno task k6:install (k6 ${K6_VERSION}).`;

const K6_FILE = Deno.build.os === "windows" ? "k6.exe" : "k6";

export function installedK6Path(dataDir: string): string {
  return join(dataDir, "bin", K6_FILE);
}

/** The version that the file at `path` reports, or undefined when it is not a usable k6. */
export async function k6Version(path: string): Promise<string | undefined> {
  try {
    // Looked at first: starting a file that does not exist costs a process for each folder of PATH.
    await Deno.stat(path);
    const { success, stdout } = await new Deno.Command(path, {
      args: ["version"],
      stdin: "null",
      stderr: "null",
      signal: AbortSignal.timeout(VERSION_TIMEOUT_MS),
    }).output();
    const match = /^k6(?:\.exe)? v((\d+)\.\d+\.\d+\S*)/.exec(new TextDecoder().decode(stdout));
    return success && match && Number(match[2]) >= K6_MAJOR_MIN ? match[1] : undefined;
  } catch (error) {
    // A flag that is missing must not look like a k6 that is missing.
    if (error instanceof Deno.errors.NotCapable) throw error;
    return undefined;
  }
}

const VERSION_TIMEOUT_MS = 20_000;
