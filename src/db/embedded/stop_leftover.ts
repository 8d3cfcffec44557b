import { DatabaseStartError } from "../errors.ts";
import { type Account, runShell } from "./shell.ts";

const LEFTOVER_MAX_SECONDS = 20;

/**
 * Makes sure that no PostgreSQL of an earlier life works on the cluster. One is there for a moment when the
 * server was killed and started again at once: its watchdog is shutting it down. The caller holds the data
 * folder's lock, so whoever is there has no server any more.
 *
 * A pid alone proves nothing: after a reboot or in a new container the number in postmaster.pid is often some
 * other program's, and PostgreSQL then refuses to start. So the process must also have the cluster as its
 * working directory (Linux) or on its command line; otherwise the file is stale and goes.
 */
export async function stopLeftover(
  cluster: string,
  account: Account | undefined,
  log: (line: string) => void,
): Promise<void> {
  const { success, stdout, stderr } = await runShell(
    STOP_SCRIPT,
    [cluster, String(LEFTOVER_MAX_SECONDS)],
    { account },
  );
  for (const line of stdout.trim().split("\n")) if (line) log(line);
  if (success) return;
  throw new DatabaseStartError(
    "start_failed",
    `A PostgreSQL of an earlier start still works on ${cluster} and did not stop: ${stderr.trim()}.`,
    { nextMove: "Stop that process, then start again." },
  );
}

const STOP_SCRIPT = `
pidfile="$1/postmaster.pid"
[ -f "$pidfile" ] || exit 0
read -r pid <"$pidfile" || exit 0
is_ours() {
  if [ -d "/proc/$$" ]; then
    [ "$(readlink "/proc/$pid/cwd")" = "$2" ]
  else
    ps -o args= -p "$pid" | grep -qF -- "$1"
  fi
}
real=$(cd "$1" && pwd -P)
if ! is_ours "$1" "$real"; then rm -f "$pidfile"; exit 0; fi
echo "stopping PostgreSQL (pid $pid), which an earlier start left on $1"
kill -INT "$pid"
tenths=0
while is_ours "$1" "$real"; do
  if [ $tenths -eq 80 ]; then kill -QUIT "$pid"; fi
  if [ $tenths -ge $(($2 * 10)) ]; then echo "pid $pid" >&2; exit 1; fi
  sleep 0.1
  tenths=$((tenths + 1))
done
`;
