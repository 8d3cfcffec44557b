import { join } from "node:path";
import { DatabaseStartError } from "./errors.ts";
import { ensureDataDirectory } from "./embedded/ensure_data_directory.ts";

/** The hold of one process on its data folder; the system drops it when the process ends, however it ends. */
export interface DataDirectoryLock {
  release(): void;
}

/**
 * Takes DATA_DIR for this process, creating the folder when it is missing. A second server on the folder gets
 * `data_directory_in_use`, which names the folder and the holder's pid.
 *
 * The lock is the system's (flock), not the file's existence: nothing is left to clean after a SIGKILL. The file
 * itself stays, since removing it would let two processes lock two files of one name.
 */
export async function lockDataDirectory(dataDirectory: string): Promise<DataDirectoryLock> {
  await ensureDataDirectory(dataDirectory);
  const path = join(dataDirectory, "server.lock");
  const file = await Deno.open(path, { read: true, write: true, create: true, mode: 0o600 });
  if (!await file.tryLock(true)) {
    const holder = (await Deno.readTextFile(path)).trim();
    file.close();
    throw new DatabaseStartError(
      "data_directory_in_use",
      `Cannot use the data folder ${dataDirectory}: ${
        holder ? `process ${holder}` : "another process"
      } runs on it.`,
      { nextMove: "Stop that process, or set DATA_DIR to another folder." },
    );
  }
  await file.truncate(0);
  await file.write(new TextEncoder().encode(`${Deno.pid}\n`));
  return { release: () => file.close() };
}
