import { lockDataDirectory } from "./lock_data_directory.ts";
import { startEmbeddedPostgres } from "./embedded.ts";
import { DatabaseStartError } from "./errors.ts";
import { readPasswords } from "./embedded/remembered.ts";
import { migrate } from "./migrate.ts";
import { openPool, type PoolOptions } from "./pool.ts";
import { prepareExternal } from "./prepare_external.ts";
import { databaseUrl } from "./url.ts";

export interface Database {
  /** As the server's role, which owns nothing. */
  readonly pool: Pick<PoolOptions, "url" | "role">;
  /** As the owner of the schema: for migrations and for what a benchmark keeps beside the server's database. */
  readonly ownerUrl: string;
  readonly isEmbedded: boolean;
  /** Resolves, with what happened, when an embedded PostgreSQL ends without having been stopped. */
  readonly failed: Promise<string>;
  stop(): Promise<void>;
}

interface DatabaseSettings {
  readonly dataDirectory: string;
  readonly databaseUrl: string | null;
  readonly postgresPort: number | null;
}

/**
 * The database, migrated: DATABASE_URL's where it is set, else the embedded one on the data folder, which is taken
 * for this process. Throws {@link DatabaseStartError}.
 */
export async function openDatabase(
  settings: DatabaseSettings,
  log: (line: string) => void,
): Promise<Database> {
  if (settings.databaseUrl !== null) {
    // The providers' memory lies in the folder, so two servers must not share it here either.
    const lock = await lockDataDirectory(settings.dataDirectory);
    const { role } = await prepareExternal(settings.databaseUrl);
    await migrateBy(settings.databaseUrl, log);
    return {
      pool: { url: settings.databaseUrl, role },
      ownerUrl: settings.databaseUrl,
      isEmbedded: false,
      failed: new Promise(() => {}),
      stop: () => Promise.resolve(lock.release()),
    };
  }
  const postgres = await startEmbeddedPostgres({
    dataDirectory: settings.dataDirectory,
    ...(settings.postgresPort === null ? {} : { port: settings.postgresPort }),
    log,
  });
  let stopping = false;
  try {
    await migrateBy(postgres.adminUrl, log);
  } catch (error) {
    await postgres.stop();
    throw error;
  }
  return {
    pool: { url: postgres.appUrl },
    ownerUrl: postgres.adminUrl,
    isEmbedded: true,
    failed: postgres.exited.then((status) => {
      if (stopping) return new Promise(() => {});
      return `PostgreSQL ended by itself with code ${status.code}`;
    }),
    stop: () => {
      stopping = true;
      return postgres.stop();
    },
  };
}

/**
 * The database of the server that runs on the data folder, or, when none runs, one opened for the caller: for
 * commands that work beside a server as well as without one.
 *
 * @param options.mustExist refuses a folder without a database: a check must not pass on one it has just made
 */
export async function joinDatabase(
  settings: DatabaseSettings,
  log: (line: string) => void,
  options: { mustExist?: boolean } = {},
): Promise<Database> {
  if (settings.databaseUrl === null) {
    const running = await databaseUrl(undefined, settings.dataDirectory).catch((error) => {
      if (error instanceof DatabaseStartError && error.code === "not_running") return null;
      throw error;
    });
    if (running !== null) {
      return {
        pool: { url: running },
        ownerUrl: running,
        isEmbedded: true,
        failed: new Promise(() => {}),
        stop: () => Promise.resolve(),
      };
    }
    if (options.mustExist && await readPasswords(settings.dataDirectory) === undefined) {
      throw new DatabaseStartError(
        "database_missing",
        `There is no database in the data folder ${settings.dataDirectory}.`,
        {
          nextMove:
            "Set DATA_DIR to the folder of the one that is meant, or make one with `deno task serve`.",
        },
      );
    }
    return await openDatabase(settings, log);
  }
  const { role } = await prepareExternal(settings.databaseUrl);
  await migrateBy(settings.databaseUrl, log);
  return {
    pool: { url: settings.databaseUrl, role },
    ownerUrl: settings.databaseUrl,
    isEmbedded: false,
    failed: new Promise(() => {}),
    stop: () => Promise.resolve(),
  };
}

async function migrateBy(url: string, log: (line: string) => void): Promise<void> {
  const sql = openPool({ url, max: 1, applicationName: "mcp-payments-lab migrate" });
  try {
    await migrate(sql, { log });
  } finally {
    await sql.end();
  }
}
