import { join, resolve } from "node:path";
import { urlsOf } from "./embedded.ts";
import { LISTEN_ADDRESS } from "./embedded/choose_port.ts";
import { readPasswords, readRemembered } from "./embedded/remembered.ts";
import { DatabaseStartError } from "./errors.ts";
import { refuseArguments, runCommand } from "../core/run_command.ts";

/**
 * `deno task db:url`: a URL that psql takes, of the database the server works on: `psql "$(deno task -q db:url)"`.
 * DATABASE_URL when it is set, else the embedded PostgreSQL that runs on the data folder, as the schema's owner.
 */
export async function databaseUrl(databaseUrl: string | undefined, dataDirectory: string): Promise<string> {
  if (databaseUrl) return databaseUrl;
  const { place, port } = await readRemembered(dataDirectory);
  const passwords = await readPasswords(dataDirectory);
  if (passwords && port && await isListening(place ?? dataDirectory, port)) {
    return urlsOf(port, passwords).adminUrl;
  }
  throw new DatabaseStartError("not_running", `No server runs on the data folder ${dataDirectory}.`, {
    nextMove: "Start one with `deno task serve`, or set DATA_DIR to the folder of the one that runs.",
  });
}

/** The pid file goes when PostgreSQL stops but stays after a power cut, hence the second look. */
async function isListening(place: string, port: number): Promise<boolean> {
  try {
    await Deno.stat(join(place, "postgres", "postmaster.pid"));
    (await Deno.connect({ hostname: LISTEN_ADDRESS, port })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}

if (import.meta.main) {
  await runCommand("db:url", async (args) => {
    refuseArguments(args);
    console.log(
      await databaseUrl(Deno.env.get("DATABASE_URL"), resolve(Deno.env.get("DATA_DIR") || ".data")),
    );
  });
}
