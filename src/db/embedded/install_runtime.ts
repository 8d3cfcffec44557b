import { join } from "node:path";
import { exists } from "../../core/exists.ts";
import { DatabaseStartError } from "../errors.ts";
import { findBinaries, RUNTIME_VERSION } from "./find_binaries.ts";
import { runShell } from "./shell.ts";

interface Symlink {
  readonly source: string;
  readonly target: string;
}

/**
 * Copies PostgreSQL's programs into `place` once and returns the folder of the copy. A copy, since the npm cache
 * may lie where the cluster's uid cannot go, must never be changed, and lacks the links of the shared libraries,
 * which a postinstall script makes and Deno does not run.
 *
 * It appears by a rename, so that a crash leaves no half of it; two processes that copy at once both succeed.
 */
export async function installRuntime(place: string): Promise<string> {
  const runtime = join(place, `runtime-${RUNTIME_VERSION}`);
  if (await exists(runtime)) return runtime;

  const native = await findBinaries();
  const temporary = `${runtime}.new-${crypto.randomUUID()}`;
  // The shell copies, so that the program needs no permission to read the package cache.
  const copied = await runShell(
    'umask 022; cp -R "$1" "$2" && chmod -R u+rwX,go+rX "$2" && chmod 755 "$2"/bin/*',
    [
      native,
      temporary,
    ],
  );
  if (!copied.success) throw cannotInstall(place, copied.stderr);
  const links: Symlink[] = JSON.parse(await Deno.readTextFile(join(temporary, "pg-symlinks.json")));
  const linked = await runShell(LINK_SCRIPT, [temporary, ...links.flatMap(linkArguments)]);
  if (!linked.success) throw cannotInstall(place, linked.stderr);

  try {
    await Deno.rename(temporary, runtime);
  } catch (error) {
    await Deno.remove(temporary, { recursive: true });
    if (!await exists(runtime)) throw error;
  }
  return runtime;
}

const LINK_SCRIPT =
  'cd "$1" || exit 1; shift; while [ $# -gt 0 ]; do ln -sf "$1" "$2" || exit 1; shift 2; done';

/** Links in lib point at a neighbour, so the copy can be moved as a whole. */
function linkArguments({ source, target }: Symlink): [string, string] {
  const neighbour = source.slice(source.lastIndexOf("/") + 1);
  return [neighbour, target.replace(/^native\//, "")];
}

function cannotInstall(place: string, stderr: string): DatabaseStartError {
  return new DatabaseStartError(
    "data_directory_unusable",
    `Cannot copy PostgreSQL's programs (60 MB) to ${place}: ${stderr.trim()}.`,
    { nextMove: "Free space there, or set DATA_DIR to another folder." },
  );
}
