/** The user a command runs as; undefined means the caller. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface ShellResult {
  readonly success: boolean;
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Options of every command this folder starts. All go through `sh`, so one `--allow-run=sh` is enough. The
 * environment is cleared: PGDATA or LC_ALL of the caller must not reach PostgreSQL, and Deno refuses a scoped
 * `--allow-run` when the caller has LD_LIBRARY_PATH set. The folder is `/`, as another uid may not be able to
 * enter the caller's.
 */
export function shellOptions(account: Account | undefined) {
  return {
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "/usr/local/bin:/usr/bin:/bin", LC_ALL: "C" },
    cwd: "/",
    ...(account ? { uid: account.uid, gid: account.gid } : {}),
  };
}

/** Runs a short script to its end. The arguments are `$1`, `$2`, …, never pasted into the script. */
export async function runShell(
  script: string,
  args: readonly string[] = [],
  options: { account?: Account; input?: string } = {},
): Promise<ShellResult> {
  const child = new Deno.Command("sh", {
    ...shellOptions(options.account),
    args: ["-c", script, "sh", ...args],
    stdin: options.input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    // A session of its own: a terminal's Ctrl-C must not end a copy half-way, which would read like a full disk.
    detached: true,
  }).spawn();
  if (options.input !== undefined) {
    const writer = child.stdin.getWriter();
    // A script that fails early closes its end; its status says more than the broken pipe does.
    await writer.write(new TextEncoder().encode(options.input)).catch(() => {});
    await writer.close().catch(() => {});
  }
  const output = await child.output();
  const decoder = new TextDecoder();
  return {
    success: output.success,
    code: output.code,
    stdout: decoder.decode(output.stdout),
    stderr: decoder.decode(output.stderr),
  };
}
