import { isAbsolute } from "node:path";
import { DatabaseStartError } from "../errors.ts";

/**
 * Creates DATA_DIR when it is missing. Others may pass through it (711) but not list it, whatever the umask:
 * PostgreSQL runs under another uid when the caller is root, and its cluster is a folder inside. A folder that
 * exists already is left as its owner made it.
 */
export async function ensureDataDirectory(dataDirectory: string): Promise<void> {
  if (!isAbsolute(dataDirectory)) {
    throw new DatabaseStartError(
      "data_directory_unusable",
      `The data folder "${dataDirectory}" is not absolute.`,
      {
        nextMove: "Set DATA_DIR to an absolute path.",
      },
    );
  }
  try {
    if ((await Deno.stat(dataDirectory)).isDirectory) return;
    throw new DatabaseStartError("data_directory_unusable", `DATA_DIR ${dataDirectory} is not a folder.`, {
      nextMove: "Move that file away, or set DATA_DIR to another path.",
    });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  try {
    await Deno.mkdir(dataDirectory, { recursive: true });
    await Deno.chmod(dataDirectory, 0o711);
  } catch (error) {
    if (error instanceof DatabaseStartError) throw error;
    throw new DatabaseStartError(
      "data_directory_unusable",
      `Cannot create the data folder ${dataDirectory}: ${
        error instanceof Error ? error.message : String(error)
      }.`,
      { nextMove: "Set DATA_DIR to a folder that this user may create.", cause: error },
    );
  }
}
