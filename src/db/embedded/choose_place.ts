import { join } from "node:path";
import { DatabaseStartError } from "../errors.ts";
import { type RememberedCluster, writeRemembered } from "./remembered.ts";
import { type Account, runShell } from "./shell.ts";

/** Where root's clusters go when their own uid cannot reach DATA_DIR, as below /root with its mode 700. */
export const SHARED_PLACES = "/var/lib/mcp-payments-lab";

/**
 * The folder for the cluster and the programs: DATA_DIR when PostgreSQL's uid can enter it, otherwise a new
 * folder under {@link SHARED_PLACES} that DATA_DIR remembers. So the cluster's identity stays with DATA_DIR:
 * whoever removes DATA_DIR begins anew.
 */
export async function choosePlace(
  dataDirectory: string,
  remembered: RememberedCluster,
  account: Account | undefined,
  log: (line: string) => void,
): Promise<string> {
  if (remembered.place) {
    await requireFolder(remembered.place, dataDirectory);
    return remembered.place;
  }
  // The uid itself tries: modes, ACLs and mount options are the kernel's to judge.
  if (!account || (await runShell('cd -- "$1"', [dataDirectory], { account })).success) return dataDirectory;

  await Deno.mkdir(SHARED_PLACES, { recursive: true });
  await Deno.chmod(SHARED_PLACES, 0o711);
  await reportAbandoned(dataDirectory, log);
  const place = join(SHARED_PLACES, crypto.randomUUID());
  await Deno.mkdir(place);
  await Deno.chmod(place, 0o700);
  await Deno.chown(place, account.uid, account.gid);
  // For the person who finds the folder and wonders whose it is.
  await Deno.writeTextFile(join(place, "data_directory"), `${dataDirectory}\n`);
  if (!(await runShell('cd -- "$1"', [place], { account })).success) {
    throw new DatabaseStartError(
      "data_directory_unusable",
      `PostgreSQL's uid ${account.uid} can enter neither ${dataDirectory} nor ${place}.`,
      { nextMove: "Set DATA_DIR to a folder that every user may enter, such as one under /srv." },
    );
  }
  await writeRemembered(dataDirectory, { place, port: remembered.port });
  log(
    `uid ${account.uid}, which PostgreSQL runs under as root may not, cannot enter ${dataDirectory}: ` +
      `the cluster lies in ${place}, and ${join(dataDirectory, "postgres.json")} remembers it`,
  );
  return place;
}

async function requireFolder(place: string, dataDirectory: string): Promise<void> {
  try {
    await Deno.stat(place);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new DatabaseStartError(
      "cluster_missing",
      `The cluster of ${dataDirectory} lies in ${place}, says its postgres.json, and that folder is missing.`,
      { nextMove: `Put ${place} back, or remove ${dataDirectory} to begin anew.` },
    );
  }
}

/**
 * Whoever removed DATA_DIR to begin anew left the old cluster behind. It is reported and not removed: a DATA_DIR
 * that was moved, or is not mounted today, still needs it.
 */
async function reportAbandoned(dataDirectory: string, log: (line: string) => void): Promise<void> {
  for await (const entry of Deno.readDir(SHARED_PLACES)) {
    const place = join(SHARED_PLACES, entry.name);
    const owner = await Deno.readTextFile(join(place, "data_directory")).catch(() => "");
    if (owner.trim() === dataDirectory) {
      log(
        `an earlier cluster of ${dataDirectory} is left in ${place}; if you are done with it: rm -rf ${place}`,
      );
    }
  }
}
