import { join } from "node:path";
import { DatabaseStartError } from "../errors.ts";
import { APP_ROLE, DATABASE_NAME, OWNER_ROLE, SUPERUSER } from "../roles.ts";
import { POSTGRES_MAJOR } from "./find_binaries.ts";
import { type ClusterPasswords, randomPassword, readPasswords, writePasswords } from "./remembered.ts";
import { type Account, runShell } from "./shell.ts";

export interface InitialiseOptions {
  readonly dataDirectory: string;
  readonly place: string;
  readonly runtime: string;
  readonly account: Account | undefined;
  /** False leaves out the sync at the end: for clusters that live as long as a test run. */
  readonly durable: boolean;
}

/**
 * Makes the cluster `place/postgres` when there is none, with its roles and its database, and returns the
 * passwords. All of it happens in a folder beside, renamed at the end: after a crash at any point there is a
 * whole cluster or none.
 */
export async function initialiseCluster(options: InitialiseOptions): Promise<ClusterPasswords> {
  const { dataDirectory, place, runtime, account } = options;
  const cluster = join(place, "postgres");
  const stored = await readPasswords(dataDirectory);
  if (await isWholeCluster(cluster)) {
    if (stored) return stored;
    throw new DatabaseStartError(
      "passwords_missing",
      `${cluster} has a database, but ${join(dataDirectory, "postgres_passwords.json")} is missing.`,
      { nextMove: `Put the file back, or remove ${cluster} to begin anew.` },
    );
  }

  // 1. The passwords first: a cluster whose passwords are lost is lost, passwords without a cluster are nothing.
  const passwords = stored ??
    { superuser: randomPassword(), owner: randomPassword(), app: randomPassword() };
  if (!stored) await writePasswords(dataDirectory, passwords);

  // 2. A folder of PostgreSQL's own uid, beside the final one so that a rename can finish.
  await removeAbandoned(place);
  const temporary = join(place, `postgres.new-${crypto.randomUUID()}`);
  await Deno.mkdir(temporary);
  await Deno.chmod(temporary, 0o700);
  if (account) await Deno.chown(temporary, account.uid, account.gid);

  // 3. initdb, then the roles and the database without a server: `postgres --single` reads SQL from stdin.
  const made = await runShell(INITDB_SCRIPT, [
    join(runtime, "bin"),
    temporary,
    options.durable ? "--sync-method=fsync" : "--no-sync",
  ], { account, input: `${passwords.superuser}\n` });
  if (!made.success) throw await initialisationFailed(temporary, "initdb", made.stdout + made.stderr);
  const filled = await runShell('exec "$1/postgres" --single -j -D "$2/cluster" postgres', [
    join(runtime, "bin"),
    temporary,
  ], { account, input: rolesSql(passwords) });
  // Single-user mode reports a failed statement on stderr and still exits with 0.
  if (!filled.success || /^.*(ERROR|FATAL|PANIC):/m.test(filled.stderr)) {
    throw await initialisationFailed(temporary, "creating the roles", filled.stderr);
  }

  // 4. From here on it exists.
  await Deno.rename(join(temporary, "cluster"), cluster);
  await Deno.remove(temporary, { recursive: true });
  return passwords;
}

// The built-in C.UTF-8 provider sorts by code point on every machine: no index breaks when a libc is upgraded.
// lz4 is taken where the build has it: `postgres -C` refuses the setting where it has not.
const INITDB_SCRIPT = `
set -e
umask 077
cat >"$2/password"
"$1/initdb" --pgdata="$2/cluster" --username=${SUPERUSER} --pwfile="$2/password" --auth=scram-sha-256 \\
  --encoding=UTF8 --locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C --data-checksums \\
  --no-instructions "$3"
rm "$2/password"
if "$1/postgres" -D "$2/cluster" -c wal_compression=lz4 -C wal_compression >/dev/null 2>&1; then
  echo "wal_compression = lz4" >>"$2/cluster/postgresql.conf"
fi
`;

/** In single-user mode with -j a statement ends at a semicolon and an empty line. Hex passwords need no escaping. */
function rolesSql(passwords: ClusterPasswords): string {
  return [
    // CREATEDB, so that the tests can give each module a database of its own.
    `CREATE ROLE ${OWNER_ROLE} LOGIN CREATEDB NOSUPERUSER NOCREATEROLE PASSWORD '${passwords.owner}'`,
    `CREATE ROLE ${APP_ROLE} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '${passwords.app}'`,
    // A second server that is given the owner's login works as the server's role too (prepare_external.ts).
    `GRANT ${APP_ROLE} TO ${OWNER_ROLE} WITH INHERIT FALSE, SET TRUE`,
    `CREATE DATABASE ${DATABASE_NAME} OWNER ${OWNER_ROLE}`,
    // The server's role owns nothing, temporary tables included.
    `REVOKE ALL ON DATABASE ${DATABASE_NAME} FROM PUBLIC`,
    `GRANT CONNECT ON DATABASE ${DATABASE_NAME} TO ${APP_ROLE}`,
  ].map((statement) => `${statement};\n\n`).join("");
}

async function isWholeCluster(cluster: string): Promise<boolean> {
  let version: string;
  try {
    version = (await Deno.readTextFile(join(cluster, "PG_VERSION"))).trim();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return await refuseStrayFolder(cluster);
  }
  if (version === String(POSTGRES_MAJOR)) return true;
  throw new DatabaseStartError(
    "cluster_of_other_version",
    `${cluster} was made by PostgreSQL ${version}; this program carries PostgreSQL ${POSTGRES_MAJOR}.`,
    {
      nextMove:
        `Run the release of this program that carries PostgreSQL ${version}, move the data by pg_upgrade ` +
        "or by dump and restore, or set DATA_DIR to another folder.",
    },
  );
}

/** A folder of that name without PG_VERSION is not ours to fill or to remove. */
async function refuseStrayFolder(cluster: string): Promise<false> {
  try {
    for await (const _ of Deno.readDir(cluster)) {
      throw new DatabaseStartError(
        "initialisation_failed",
        `${cluster} is not empty and not a PostgreSQL cluster: PG_VERSION is missing.`,
        { nextMove: "Restore it from a backup, or move it away to begin anew." },
      );
    }
    await Deno.remove(cluster);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return false;
}

/** What an initialisation left that was killed half-way. Safe: the caller holds the data folder's lock. */
async function removeAbandoned(place: string): Promise<void> {
  for await (const entry of Deno.readDir(place)) {
    if (/^(postgres|runtime-.*)\.new-/.test(entry.name)) {
      await Deno.remove(join(place, entry.name), { recursive: true });
    }
  }
}

async function initialisationFailed(
  temporary: string,
  step: string,
  output: string,
): Promise<DatabaseStartError> {
  await Deno.remove(temporary, { recursive: true });
  return new DatabaseStartError(
    "initialisation_failed",
    `Cannot make a cluster beside ${temporary}: ${step} failed.\n${
      output.trim().split("\n").slice(-8).join("\n")
    }\n`,
    { nextMove: "Free space there or set DATA_DIR to another folder, then start again." },
  );
}
