import { join } from "node:path";
import { DatabaseStartError } from "../errors.ts";

/** What a data folder knows about its cluster: `DATA_DIR/postgres.json`. */
export interface RememberedCluster {
  /** The folder with `postgres` (the cluster) and the programs, when that is not DATA_DIR itself. */
  readonly place: string | undefined;
  /** The TCP port of the last start; taken again when it is free, so that a psql session's URL stays good. */
  readonly port: number | undefined;
}

/** Passwords of the cluster's roles: `DATA_DIR/postgres_passwords.json`, readable by the caller only. */
export interface ClusterPasswords {
  readonly superuser: string;
  readonly owner: string;
  readonly app: string;
}

export async function readRemembered(dataDirectory: string): Promise<RememberedCluster> {
  const stored = await readJson<Partial<RememberedCluster>>(join(dataDirectory, "postgres.json"));
  return { place: stored?.place, port: stored?.port };
}

export async function writeRemembered(dataDirectory: string, cluster: RememberedCluster): Promise<void> {
  await writeJson(join(dataDirectory, "postgres.json"), cluster, 0o644);
}

export async function readPasswords(dataDirectory: string): Promise<ClusterPasswords | undefined> {
  return await readJson<ClusterPasswords>(join(dataDirectory, "postgres_passwords.json"));
}

export async function writePasswords(dataDirectory: string, passwords: ClusterPasswords): Promise<void> {
  await writeJson(join(dataDirectory, "postgres_passwords.json"), passwords, 0o600);
}

/** 192 random bits in hexadecimal: nothing to escape in a URL or in SQL. */
export function randomPassword(): string {
  return crypto.getRandomValues(new Uint8Array(24)).toHex();
}

async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new DatabaseStartError(
      "data_directory_unusable",
      `Cannot read ${path}: ${error instanceof Error ? error.message : String(error)}.`,
      { nextMove: "Repair or restore that file, or set DATA_DIR to another folder.", cause: error },
    );
  }
}

/** Written beside and renamed, as a file cut short by a crash would lock its owner out of the cluster. */
async function writeJson(path: string, value: object, mode: number): Promise<void> {
  const temporary = `${path}.new`;
  const file = await Deno.open(temporary, { write: true, create: true, truncate: true, mode });
  await file.write(new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`));
  await file.sync();
  file.close();
  await Deno.chmod(temporary, mode);
  await Deno.rename(temporary, path);
}
