import { join } from "node:path";
import { readRemembered } from "../embedded/remembered.ts";

/**
 * A data folder that goes away with all that belongs to it:
 * `await using folder = await temporaryDataDirectory();`
 */
export interface TemporaryDataDirectory extends AsyncDisposable {
  readonly path: string;
}

/** @param options.closed puts the folder below one of mode 700, as a clone in root's home is */
export async function temporaryDataDirectory(
  options: { closed?: boolean } = {},
): Promise<TemporaryDataDirectory> {
  const parent = await Deno.makeTempDir({ prefix: "mcp-payments-test-" });
  // A temporary folder has mode 700; PostgreSQL's own uid must get through when the caller is root.
  if (!options.closed) await Deno.chmod(parent, 0o711);
  const path = join(parent, "data");
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      const { place } = await readRemembered(path);
      if (place) await Deno.remove(place, { recursive: true });
      await Deno.remove(parent, { recursive: true });
    },
  };
}
