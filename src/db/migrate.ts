import { APP_ROLE } from "./roles.ts";
import { DatabaseStartError } from "./errors.ts";
import type { Sql } from "./pool.ts";
import { type Migration, readMigrations } from "./read_migrations.ts";

export interface MigrateOptions {
  /** The folder of numbered SQL files; `src/db/migrations` when left out. */
  readonly directory?: URL;
  /** Runs `NNNN_name.check.sql` after its migration, in the same transaction: for tests. */
  readonly check?: boolean;
  readonly log: (line: string) => void;
}

interface AppliedRow {
  version: number;
  name: string;
  checksum: string;
}

// Any constant will do; this is "mcp-pay" in ASCII. The lock is per database.
const ADVISORY_LOCK = "30790412946063737";

/**
 * Brings the schema to the newest migration and returns the names of those it applied. Each runs in a transaction
 * of its own, with what it says of itself in `schema_migrations`: a crash leaves the schema between two files,
 * never inside one. Two servers that start at once take turns; the second finds the work done.
 *
 * `sql` must be connected as the owner of the schema. Throws {@link DatabaseStartError}: `migration_changed`,
 * `schema_newer_than_program`, `migration_failed` or `migrations_invalid`.
 */
export async function migrate(sql: Sql, options: MigrateOptions): Promise<{ applied: string[] }> {
  const migrations = await readMigrations(options.directory ?? new URL("./migrations/", import.meta.url));
  const applied: string[] = [];
  for (;;) {
    const name = await applyNext(sql, migrations, options);
    if (name === undefined) return { applied };
    applied.push(name);
  }
}

/** One transaction: take the lock, see what is there, apply the first file that is missing. */
async function applyNext(
  sql: Sql,
  migrations: readonly Migration[],
  { check = false, log }: MigrateOptions,
): Promise<string | undefined> {
  return await sql.begin(async (transaction) => {
    await transaction`select pg_advisory_xact_lock(${ADVISORY_LOCK}::bigint)`;
    await transaction.unsafe(HISTORY_TABLE).simple();
    const rows = await transaction<AppliedRow[]>`
      select version, name, checksum from schema_migrations order by version`;
    requireKnownHistory(rows, migrations);
    const next = migrations[rows.length];
    if (!next) return undefined;

    const startedMs = performance.now();
    await runFile(transaction, next.fileName, next.sql);
    if (check && next.check) await runFile(transaction, next.check.fileName, next.check.sql);
    await transaction`
      insert into schema_migrations (version, name, checksum)
      values (${next.version}, ${next.name}, ${next.checksum})`;
    log(`migration ${next.fileName} applied in ${Math.round(performance.now() - startedMs)} ms`);
    return next.fileName;
  }) as string | undefined;
}

// The server reads it to tell whether it is ready; nobody but the owner writes it.
const HISTORY_TABLE = `
do $$
begin
  if to_regclass('schema_migrations') is null then
    create table schema_migrations (
      version    integer primary key,
      name       text not null,
      checksum   text not null,
      applied_at timestamptz not null default now()
    );
    if exists (select from pg_roles where rolname = '${APP_ROLE}') then
      grant select on schema_migrations to ${APP_ROLE};
    end if;
  end if;
end $$`;

/** What was applied must be the beginning of what the program brings, letter by letter. */
function requireKnownHistory(rows: readonly AppliedRow[], migrations: readonly Migration[]): void {
  const newest = rows.at(-1);
  if (newest && newest.version > migrations.length) {
    throw new DatabaseStartError(
      "schema_newer_than_program",
      `The schema is at version ${newest.version} (${newest.name}); this program knows versions up to ` +
        `${migrations.length}.`,
      {
        nextMove:
          "Start a release of the program that knows it, or restore a backup taken before the upgrade.",
      },
    );
  }
  rows.forEach((row, i) => {
    const migration = migrations[i];
    if (row.version === migration.version && row.checksum === migration.checksum) return;
    throw new DatabaseStartError(
      "migration_changed",
      `Migration ${migration.fileName} is not the one that was applied as version ${row.version} (${row.name}).`,
      {
        nextMove:
          "A migration is frozen once it was applied: put the file back as it was and write a new one. " +
          "On a sandbox whose data you can spare, remove DATA_DIR.",
      },
    );
  });
}

async function runFile(
  transaction: { unsafe: Sql["unsafe"] },
  fileName: string,
  text: string,
): Promise<void> {
  try {
    await transaction.unsafe(text).simple();
  } catch (cause) {
    const { position } = cause as { position?: string };
    const line = position === undefined ? "" : `:${text.slice(0, Number(position)).split("\n").length}`;
    throw new DatabaseStartError(
      "migration_failed",
      `Migration ${fileName}${line} failed: ${cause instanceof Error ? cause.message : String(cause)}.`,
      { nextMove: "Nothing of it was kept. Mend the file or the rows it met, then start again.", cause },
    );
  }
}
