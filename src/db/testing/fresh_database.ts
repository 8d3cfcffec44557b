import { APP_ROLE } from "../roles.ts";
import { migrate } from "../migrate.ts";
import { openPool, type Sql } from "../pool.ts";
import { readMigrations, sha256Hex } from "../read_migrations.ts";

export interface FreshDatabase {
  /** Connects as the schema's owner. */
  readonly ownerUrl: string;
  /** Connects as the server's role. */
  readonly appUrl: string;
  /** Removes the database, with whoever is still connected to it. */
  drop(): Promise<void>;
}

// "fresh" in ASCII; held on the run's first database, which every test module can see.
const ADVISORY_LOCK = "439955548008";

/**
 * A migrated database of the caller's own, for one `_pg_test.ts`. A copy of a template that the first caller of
 * the run makes, whichever process that is.
 *
 * @param options.empty leaves the migrations out, for a test that brings its own
 */
export async function freshDatabase(options: { empty?: boolean } = {}): Promise<FreshDatabase> {
  const { ownerUrl, appUrl } = testUrls();
  const name = `fresh_${crypto.randomUUID().replaceAll("-", "")}`;
  await asOwner(ownerUrl, async (sql) => {
    const template = options.empty ? "template1" : await ensureTemplate(sql, ownerUrl);
    await sql.unsafe(`create database ${name} template ${template}`);
    // Rights on a database are not copied with it. The same as initialise_cluster.ts gives.
    await sql.unsafe(
      `revoke all on database ${name} from public; grant connect on database ${name} to ${APP_ROLE}`,
    )
      .simple();
  });
  return {
    ownerUrl: withDatabase(ownerUrl, name),
    appUrl: withDatabase(appUrl, name),
    drop: () => asOwner(ownerUrl, (sql) => dropDatabase(sql, name)),
  };
}

/**
 * An owner may end his own sessions but not an autovacuum worker that has just come by, and "force" then refuses to end
 * any: it is asked again when the worker has gone.
 */
async function dropDatabase(sql: Sql, name: string): Promise<void> {
  for (let tries = 1;; tries++) {
    try {
      await sql.unsafe(`drop database ${name} with (force)`);
      return;
    } catch (error) {
      const isWorkerThere = (error as { code?: string }).code === "42501";
      if (!isWorkerThere || tries === DROP_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, DROP_INTERVAL_MS));
    }
  }
}

const DROP_TRIES = 100;
const DROP_INTERVAL_MS = 100;

function testUrls(): { ownerUrl: string; appUrl: string } {
  const ownerUrl = Deno.env.get("TEST_DATABASE_URL");
  const appUrl = Deno.env.get("TEST_APP_URL");
  if (ownerUrl && appUrl) return { ownerUrl, appUrl };
  throw new Error(
    "TEST_DATABASE_URL is not set: this test needs PostgreSQL. Run `deno task test`, which starts one.",
  );
}

/** Named after the migrations' text, and renamed to that when it is whole: a name is a promise. */
async function ensureTemplate(sql: Sql, ownerUrl: string): Promise<string> {
  const migrations = await readMigrations(new URL("../migrations/", import.meta.url));
  const fingerprint = await sha256Hex(migrations.map((migration) => migration.checksum).join());
  const template = `template_${fingerprint.slice(0, 16)}`;
  if (await databaseExists(sql, template)) return template;

  await sql`select pg_advisory_lock(${ADVISORY_LOCK}::bigint)`;
  if (!await databaseExists(sql, template)) {
    const building = `${template}_building`;
    await sql.unsafe(`drop database if exists ${building} with (force)`);
    await sql.unsafe(`create database ${building}`);
    await asOwner(
      withDatabase(ownerUrl, building),
      (inside) => migrate(inside, { check: true, log: () => {} }),
    );
    await sql.unsafe(`alter database ${building} rename to ${template}`);
  }
  await sql`select pg_advisory_unlock(${ADVISORY_LOCK}::bigint)`;
  return template;
}

async function databaseExists(sql: Sql, name: string): Promise<boolean> {
  const [row] = await sql`select from pg_database where datname = ${name}`;
  return row !== undefined;
}

async function asOwner<Result>(url: string, work: (sql: Sql) => Promise<Result>): Promise<Result> {
  const sql = openPool({ url, max: 1, applicationName: "fresh database" });
  try {
    return await work(sql);
  } finally {
    await sql.end();
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
