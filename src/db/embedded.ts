import { join } from "node:path";
import { chooseAccount } from "./embedded/choose_account.ts";
import { choosePlace } from "./embedded/choose_place.ts";
import { grantAppRole } from "./embedded/grant_app_role.ts";
import { choosePort, LISTEN_ADDRESS, portInUse } from "./embedded/choose_port.ts";
import { initialiseCluster } from "./embedded/initialise_cluster.ts";
import { installRuntime } from "./embedded/install_runtime.ts";
import { Postmaster } from "./embedded/postmaster.ts";
import { type ClusterPasswords, readRemembered, writeRemembered } from "./embedded/remembered.ts";
import type { Account } from "./embedded/shell.ts";
import { stopLeftover } from "./embedded/stop_leftover.ts";
import { DatabaseStartError } from "./errors.ts";
import { type DataDirectoryLock, lockDataDirectory } from "./lock_data_directory.ts";
import { APP_ROLE, DATABASE_NAME, OWNER_ROLE, SUPERUSER } from "./roles.ts";

export interface EmbeddedPostgresOptions {
  /** DATA_DIR, absolute; created when missing. */
  readonly dataDirectory: string;
  /** POSTGRES_PORT when the operator set it; otherwise a free port is chosen and remembered. */
  readonly port?: number;
  /** Settings of PostgreSQL over {@link DEFAULT_SETTINGS}. */
  readonly settings?: Readonly<Record<string, string>>;
  /** False only for a cluster that is thrown away: its files are not synced when it is made. */
  readonly durable?: boolean;
  /** PostgreSQL's programs as an earlier start installed them elsewhere; without it they are copied (60 MB, once). */
  readonly runtimeDirectory?: string;
  /** The caller's hold on DATA_DIR. Without one it is taken here and released by `stop`. */
  readonly lock?: DataDirectoryLock;
  readonly log: (line: string) => void;
}

export interface EmbeddedPostgres {
  /** Connects as the owner of the database `payments`: for migrations. */
  readonly adminUrl: string;
  /** Connects as the server's role, which owns nothing. */
  readonly appUrl: string;
  readonly port: number;
  readonly pid: number;
  /** Where PostgreSQL's programs lie. */
  readonly runtimeDirectory: string;
  /** Resolves when PostgreSQL has ended, whether stopped or not. */
  readonly exited: Promise<Deno.CommandStatus>;
  /** Fast shutdown; immediate after 8 s. May be called twice. */
  stop(): Promise<void>;
}

/** Durable: nothing that was acknowledged is lost to a crash of the process or of the machine. */
export const DEFAULT_SETTINGS: Readonly<Record<string, string>> = {
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",
  shared_buffers: "256MB",
  max_connections: "100",
  max_wal_size: "4GB",
  // The default (8 MB here) filled up ten thousand times in a minute of payments, and each time a commit waited.
  wal_buffers: "64MB",
  // Payments are short statements: compiling one costs more than running it.
  jit: "off",
  timezone: "UTC",
  log_timezone: "UTC",
  cluster_name: "mcp-payments-lab",
};

const PORT_ATTEMPTS_MAX = 3;

/**
 * Starts PostgreSQL on the data folder, making the cluster when there is none. It ends with this process, however
 * this process ends. Throws {@link DatabaseStartError} with a code and a next move.
 *
 * ```ts ignore
 * const postgres = await startEmbeddedPostgres({ dataDirectory: "/srv/payments/.data", log: console.error });
 * await migrate(connect(postgres.adminUrl), …);
 * await postgres.stop();
 * ```
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { dataDirectory, log } = options;
  const locks = new DisposableStack();
  if (!options.lock) locks.adopt(await lockDataDirectory(dataDirectory), (lock) => lock.release());
  try {
    // 1. Who runs it, where it lies.
    const remembered = await readRemembered(dataDirectory);
    const fallbackAccount = await chooseAccount();
    const place = await choosePlace(dataDirectory, remembered, fallbackAccount, log);
    if (place !== dataDirectory) {
      // A copy of DATA_DIR remembers the same place.
      locks.adopt(await lockDataDirectory(place), (lock) => lock.release());
    }
    const cluster = join(place, "postgres");
    const account = await accountOfCluster(cluster, fallbackAccount);

    // 2. The programs and the cluster, once.
    const runtime = options.runtimeDirectory ?? await installRuntime(place);
    const durable = options.durable ?? true;
    const passwords = await initialiseCluster({ dataDirectory, place, runtime, account, durable });

    // 3. Nobody else on it, then start.
    await stopLeftover(cluster, account, log);
    const { postmaster, port } = await startOnFreePort(
      options,
      { cluster, runtime, account },
      remembered.port,
    );
    if (port !== remembered.port) {
      // DATA_DIR itself is not written down: it may be moved.
      await writeRemembered(dataDirectory, { place: place === dataDirectory ? undefined : place, port });
    }
    const { superuserUrl, ...urls } = urlsOf(port, passwords);
    await grantAppRole({ ...urls, superuserUrl }).catch(async (error) => {
      await postmaster.stop();
      throw error;
    });
    return {
      ...urls,
      port,
      pid: postmaster.pid,
      runtimeDirectory: runtime,
      exited: postmaster.exited,
      stop: async () => {
        await postmaster.stop();
        locks.dispose();
      },
    };
  } catch (error) {
    locks.dispose();
    throw error;
  }
}

/** PostgreSQL's own log: inside the cluster, where its uid may write and others may not read. */
function logPathOf(cluster: string): string {
  return join(cluster, "log", "postgres.log");
}

/** The URLs of a cluster that listens on `port`, by who connects. */
export function urlsOf(
  port: number,
  passwords: ClusterPasswords,
): { adminUrl: string; appUrl: string; superuserUrl: string } {
  const at = `${LISTEN_ADDRESS}:${port}/${DATABASE_NAME}`;
  return {
    adminUrl: `postgres://${OWNER_ROLE}:${passwords.owner}@${at}`,
    appUrl: `postgres://${APP_ROLE}:${passwords.app}@${at}`,
    superuserUrl: `postgres://${SUPERUSER}:${passwords.superuser}@${at}`,
  };
}

interface Placed {
  readonly cluster: string;
  readonly runtime: string;
  readonly account: Account | undefined;
}

/** Between the choice of a port and PostgreSQL's bind another process may take it: then another is chosen. */
async function startOnFreePort(
  options: EmbeddedPostgresOptions,
  { cluster, runtime, account }: Placed,
  rememberedPort: number | undefined,
): Promise<{ postmaster: Postmaster; port: number }> {
  for (let attempt = 1;; attempt++) {
    const port = choosePort(options.port, attempt === 1 ? rememberedPort : undefined);
    const postmaster = Postmaster.spawn({
      runtime,
      cluster,
      logPath: logPathOf(cluster),
      port,
      settings: { ...DEFAULT_SETTINGS, ...options.settings },
      account,
    });
    const ready = await postmaster.ready((elapsedMs) =>
      options.log(`PostgreSQL is recovering or starting, ${Math.round(elapsedMs / 1000)} s so far`)
    );
    if (ready) return { postmaster, port };

    const lines = await postmaster.lastLogLines();
    const lostPort = /could not bind IPv4 address.*Address already in use/.test(lines);
    if (lostPort && options.port !== undefined) throw portInUse(port);
    if (lostPort && attempt < PORT_ATTEMPTS_MAX) continue;
    throw new DatabaseStartError(
      "start_failed",
      `PostgreSQL did not start on ${cluster}. The end of ${logPathOf(cluster)}:\n${lines}\n`,
      { nextMove: "Act on the last lines above, then start again." },
    );
  }
}

/**
 * A cluster that exists is run by its owner, whoever made it first: root can do that for anyone, another caller
 * for himself only.
 */
async function accountOfCluster(
  cluster: string,
  fallback: Account | undefined,
): Promise<Account | undefined> {
  let owner: Deno.FileInfo;
  try {
    owner = await Deno.stat(cluster);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return fallback;
    throw error;
  }
  if (fallback) return owner.uid ? { uid: owner.uid, gid: owner.gid ?? fallback.gid } : fallback;
  if (owner.uid === Deno.uid()) return undefined;
  throw new DatabaseStartError(
    "cluster_of_other_user",
    `${cluster} belongs to uid ${owner.uid}; this process runs as uid ${Deno.uid()}.`,
    { nextMove: "Start as that user or as root, or set DATA_DIR to another folder." },
  );
}
