import { DatabaseStartError } from "../errors.ts";
import { type Account, runShell } from "./shell.ts";

const UNPRIVILEGED_USERS = ["postgres", "nobody"] as const;

/**
 * The account PostgreSQL runs under: the caller's own (undefined), or an unprivileged one when the caller is
 * root, whom PostgreSQL refuses. The name must be known to the system: initdb looks its uid up.
 */
export async function chooseAccount(): Promise<Account | undefined> {
  if (Deno.uid() !== 0) return undefined;
  for (const user of UNPRIVILEGED_USERS) {
    const { success, stdout } = await runShell('id -u "$1" && id -g "$1"', [user]);
    if (!success) continue;
    const [uid, gid] = stdout.trim().split("\n").map(Number);
    if (uid > 0) return { uid, gid };
  }
  throw new DatabaseStartError(
    "start_failed",
    `PostgreSQL does not run as root, and this system has no user named ${UNPRIVILEGED_USERS.join(" or ")}.`,
    { nextMove: "Run as another user, or set DATABASE_URL to a PostgreSQL of your own." },
  );
}
