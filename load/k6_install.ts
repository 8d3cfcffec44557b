/**
 * `deno task k6:install`: makes sure there is a k6 and prints its path.
 *
 * Nothing is done when {@link resolveK6} finds one. Otherwise, into DATA_DIR/bin: the official release from GitHub,
 * or, where that cannot be had, `go install`.
 */
import configuration from "../deno.json" with { type: "json" };
import { dirname, join, resolve } from "node:path";
import { downloadK6 } from "./lib/download_k6.ts";
import { GateError } from "./lib/gate_error.ts";
import { K6_VERSION } from "./lib/k6_version.ts";
import { installedK6Path, k6Version, type ResolvedK6, resolveK6 } from "./resolve_k6.ts";

export interface InstallOptions {
  readonly dataDir: string;
  /** Progress, a line at a time. */
  readonly log: (line: string) => void;
  /** Where the release's files lie; another one in tests. */
  readonly releaseUrl?: string;
  /** The archive's expected SHA-256 (`K6_SHA256`). */
  readonly sha256?: string;
  /** The go program; another one in tests. */
  readonly goCommand?: string;
}

/** The installed k6. Throws a {@link GateError} with every way that failed and why. */
export async function installK6(options: InstallOptions): Promise<ResolvedK6> {
  const path = resolve(installedK6Path(options.dataDir));
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
  } catch (error) {
    throw new GateError(
      "k6_missing",
      `Cannot make a folder for k6 at ${dirname(path)}: ${
        (error as Error).message
      }. Set DATA_DIR to another folder.`,
    );
  }
  const failures: string[] = [];
  for (const install of [fromRelease, fromGo]) {
    try {
      await install(path, options);
      const version = await k6Version(path);
      if (version !== K6_VERSION) throw new Error(`${path} reports version ${version ?? "none"}`);
      return { path, version, foundBy: "DATA_DIR" };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      options.log(`k6: ${reason}`);
      failures.push(`- ${reason}`);
    }
  }
  throw new GateError(
    "k6_missing",
    `Cannot install k6 ${K6_VERSION}:\n${failures.join("\n")}\n` +
      `Install k6 yourself (https://grafana.com/docs/k6/latest/set-up/install-k6/) and set K6 to its path.`,
  );
}

async function fromRelease(path: string, options: InstallOptions): Promise<void> {
  await downloadK6({ path, log: options.log, releaseUrl: options.releaseUrl, sha256: options.sha256 });
}

async function fromGo(path: string, options: InstallOptions): Promise<void> {
  const go = options.goCommand ?? "go";
  options.log(`k6: building k6 ${K6_VERSION} with ${go} install; this takes some minutes`);
  const startedMs = performance.now();
  const ticker = setInterval(() => {
    options.log(`k6: still building, ${Math.round((performance.now() - startedMs) / 1000)}s`);
  }, BUILD_TICK_MS);
  try {
    const { success, stderr } = await new Deno.Command(go, {
      args: ["install", `go.k6.io/k6@v${K6_VERSION}`],
      env: { GOBIN: dirname(path) },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      signal: AbortSignal.timeout(BUILD_TIMEOUT_MS),
    }).output();
    if (!success) {
      throw new Error(`${go} install failed: ${new TextDecoder().decode(stderr).trim().split("\n").at(-1)}`);
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new Error(`Go is not installed (no ${go} on PATH)`);
    throw error;
  } finally {
    clearInterval(ticker);
  }
}

const BUILD_TICK_MS = 15_000;
const BUILD_TIMEOUT_MS = 20 * 60_000;

if (import.meta.main) {
  if (Deno.args.length > 0) {
    const isHelp = ["--help", "-h"].includes(Deno.args[0]);
    console.error(
      isHelp
        ? `deno task k6:install: ${configuration.tasks["k6:install"].description}`
        : `invalid_flag: Unknown argument "${Deno.args[0]}". This command takes none.`,
    );
    Deno.exit(isHelp ? 0 : 2);
  }
  const log = (line: string) => console.error(line);
  try {
    const found = await resolveK6();
    if (found) log(`k6: version ${found.version} found by ${found.foundBy}`);
    const k6 = found ?? await installK6({
      dataDir: Deno.env.get("DATA_DIR") ?? join(Deno.cwd(), ".data"),
      sha256: Deno.env.get("K6_SHA256"),
      log,
    });
    console.log(k6.path);
  } catch (error) {
    if (!(error instanceof GateError)) throw error;
    log(`${error.code}: ${error.message}`);
    Deno.exit(2);
  }
}
