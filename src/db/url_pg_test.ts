import { expect } from "expect";
import { startEmbeddedPostgres } from "./embedded.ts";
import { temporaryDataDirectory } from "./testing/temporary_data_directory.ts";
import { databaseUrl } from "./url.ts";

Deno.test("databaseUrl() finds the database of the server that runs on the folder, or says that none does", async () => {
  await using folder = await temporaryDataDirectory();
  await expect(databaseUrl(undefined, folder.path)).rejects.toThrow("No server runs");
  const postgres = await startEmbeddedPostgres({
    dataDirectory: folder.path,
    runtimeDirectory: Deno.env.get("TEST_RUNTIME_DIRECTORY"),
    durable: false,
    log: () => {},
  });
  expect(await databaseUrl(undefined, folder.path)).toBe(postgres.adminUrl);
  await postgres.stop();
  await expect(databaseUrl(undefined, folder.path)).rejects.toThrow("deno task serve");
  expect(await databaseUrl("postgres://elsewhere/payments", folder.path)).toBe(
    "postgres://elsewhere/payments",
  );
});
