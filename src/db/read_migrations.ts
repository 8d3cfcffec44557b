import { DatabaseStartError } from "./errors.ts";

export interface Migration {
  readonly version: number;
  /** `ledger` of `0001_ledger.sql`. */
  readonly name: string;
  readonly fileName: string;
  readonly sql: string;
  /** SHA-256 of the text in hexadecimal. */
  readonly checksum: string;
  /** `0001_ledger.check.sql`: asserts the result on real rows. */
  readonly check?: { readonly fileName: string; readonly sql: string };
}

const FILE_NAME = /^(\d{4})_([a-z0-9_]+)(\.check)?\.sql$/;

/** The migrations of a folder in order. Versions run 1, 2, 3 without a gap, so a count is a version. */
export async function readMigrations(directory: URL): Promise<Migration[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(directory)) {
    if (entry.isFile && entry.name.endsWith(".sql")) names.push(entry.name);
  }
  names.sort();

  const migrations: Migration[] = [];
  for (const fileName of names) {
    const match = FILE_NAME.exec(fileName);
    if (!match) {
      throw invalid(`"${fileName}" is not a migration's name`, 'Name it like "0007_hold_expiry.sql".');
    }
    if (match[3]) continue;
    const version = Number(match[1]);
    if (version !== migrations.length + 1) {
      throw invalid(
        `"${fileName}" follows version ${migrations.length}`,
        `Number it ${String(migrations.length + 1).padStart(4, "0")}.`,
      );
    }
    const checkName = `${match[1]}_${match[2]}.check.sql`;
    const sql = await Deno.readTextFile(new URL(fileName, directory));
    migrations.push({
      version,
      name: match[2],
      fileName,
      sql,
      checksum: await sha256Hex(sql),
      check: names.includes(checkName)
        ? { fileName: checkName, sql: await Deno.readTextFile(new URL(checkName, directory)) }
        : undefined,
    });
  }
  return migrations;
}

export async function sha256Hex(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).toHex();
}

function invalid(what: string, nextMove: string): DatabaseStartError {
  return new DatabaseStartError("migrations_invalid", `The migrations are not in order: ${what}.`, {
    nextMove,
  });
}
