import { expect } from "expect";
import { startEmbeddedPostgres } from "./embedded.ts";
import { readPasswords } from "./embedded/remembered.ts";
import { DatabaseStartError } from "./errors.ts";
import { openPool } from "./pool.ts";
import { prepareExternal } from "./prepare_external.ts";
import { APP_ROLE } from "./roles.ts";
import { temporaryDataDirectory } from "./testing/temporary_data_directory.ts";

Deno.test("prepareExternal() lets the server work with its role's rights on a PostgreSQL that is not ours", async (t) => {
  await using folder = await temporaryDataDirectory();
  const postgres = await startEmbeddedPostgres({
    dataDirectory: folder.path,
    runtimeDirectory: Deno.env.get("TEST_RUNTIME_DIRECTORY"),
    durable: false,
    log: () => {},
  });
  const superuserUrl = loginUrl(postgres.adminUrl, "postgres", (await readPasswords(folder.path))!.superuser);
  const superuser = openPool({ url: superuserUrl, max: 1, applicationName: "test" });
  // A PostgreSQL somewhere else knows nothing of our roles.
  await superuser.unsafe(`
    drop owned by ${APP_ROLE};
    drop role ${APP_ROLE};
    grant all on database payments to public;
    create role weak login password 'weak';
    create role maker login createrole password 'maker';
  `).simple();

  await t.step("a login without the privilege is told what an administrator must run", async () => {
    const error = await failure(loginUrl(postgres.adminUrl, "weak", "weak"));
    expect(error.code).toBe("privilege_missing");
    expect(error.message).toContain(`create role ${APP_ROLE} nologin;`);
  });

  await t.step(
    "a login with CREATEROLE prepares it, twice without harm, and two servers at once",
    async () => {
      const url = loginUrl(postgres.adminUrl, "maker", "maker");
      await Promise.all([prepareExternal(url), prepareExternal(url)]);
      expect(await prepareExternal(url)).toEqual({ role: APP_ROLE });
      const app = openPool({ url, max: 1, role: APP_ROLE, applicationName: "test" });
      expect([...await app`select current_user as role, session_user as login`]).toEqual([
        { role: APP_ROLE, login: "maker" },
      ]);
      await expect(app`create role more`).rejects.toThrow("permission denied");
      await app.end();
    },
  );

  await t.step("a login that may not take the existing role is told the grant", async () => {
    const error = await failure(loginUrl(postgres.adminUrl, "weak", "weak"));
    expect(error.message).toContain(`grant ${APP_ROLE} to "weak"`);
  });

  await t.step("a superuser needs nothing", async () => {
    expect(await prepareExternal(superuserUrl)).toEqual({ role: APP_ROLE });
  });

  await superuser.end();
  await postgres.stop();
});

function loginUrl(url: string, user: string, password: string): string {
  const changed = new URL(url);
  changed.username = user;
  changed.password = password;
  return changed.href;
}

async function failure(url: string): Promise<DatabaseStartError> {
  const error = await prepareExternal(url).then(() => undefined, (error) => error);
  expect(error).toBeInstanceOf(DatabaseStartError);
  return error;
}
