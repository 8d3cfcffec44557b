import { join } from "node:path";
import { expect } from "expect";
import { type EmbeddedPostgres, startEmbeddedPostgres, urlsOf } from "./embedded.ts";
import { readPasswords, readRemembered, writeRemembered } from "./embedded/remembered.ts";
import { runShell } from "./embedded/shell.ts";
import { DatabaseStartError } from "./errors.ts";
import { openPool } from "./pool.ts";
import { prepareExternal } from "./prepare_external.ts";
import { killedServer } from "./testing/killed_server.ts";
import { temporaryDataDirectory } from "./testing/temporary_data_directory.ts";

Deno.test("startEmbeddedPostgres() makes a durable cluster, starts it and stops it", async (t) => {
  await using folder = await temporaryDataDirectory();
  let firstPort = 0;

  await t.step("an empty folder gets a cluster with the database and two roles", async () => {
    const { postgres } = await start(folder.path);
    firstPort = postgres.port;
    const [row] = await query(
      postgres.adminUrl,
      `select current_user as owner, current_setting('fsync') as fsync,
              current_setting('synchronous_commit') as synchronous_commit,
              current_setting('data_checksums') as data_checksums, current_database() as database,
              (select datlocale from pg_database where datname = current_database()) as locale`,
    );
    expect(row).toEqual({
      owner: "mcp_payments_owner",
      fsync: "on",
      synchronous_commit: "on",
      data_checksums: "on",
      database: "payments",
      locale: "C.UTF-8",
    });
    await query(postgres.adminUrl, "create table kept (n int); insert into kept values (1)");
    await postgres.stop();
    expect((await postgres.exited).success).toBe(true);
  });

  await t.step(
    "a second start makes no new cluster, keeps port and data, and the server's role owns nothing",
    async () => {
      const { postgres } = await start(folder.path);
      expect(postgres.port).toBe(firstPort);
      expect(await query(postgres.adminUrl, "select n from kept")).toEqual([{ n: 1 }]);
      for (const statement of ["create table mine (n int)", "create temp table mine (n int)", "table kept"]) {
        await expect(query(postgres.appUrl, statement)).rejects.toThrow("permission denied");
      }
      await postgres.stop();
    },
  );

  await t.step("a second server that is given the owner's URL may work as the server's role", async () => {
    const { postgres } = await start(folder.path);
    expect(await prepareExternal(postgres.adminUrl)).toEqual({ role: "mcp_payments_app" });
    // A cluster from before that was granted gets it by its next start.
    const { superuserUrl } = urlsOf(postgres.port, (await readPasswords(folder.path))!);
    await query(superuserUrl, "revoke mcp_payments_app from mcp_payments_owner");
    await expect(prepareExternal(postgres.adminUrl)).rejects.toThrow("may not be granted mcp_payments_app");
    await postgres.stop();
    const { postgres: later } = await start(folder.path);
    expect(await prepareExternal(later.adminUrl)).toEqual({ role: "mcp_payments_app" });
    await later.stop();
  });

  await t.step("passwords are readable by the caller only, and nobody is trusted without one", async () => {
    expect((await Deno.stat(join(folder.path, "postgres_passwords.json"))).mode! & 0o777).toBe(0o600);
    const { postgres } = await start(folder.path);
    const stranger = new URL(postgres.adminUrl);
    stranger.password = "guess";
    await expect(query(stranger.href, "select 1")).rejects.toThrow("password authentication failed");
    await postgres.stop();
  });

  await t.step("a remembered port that is taken is replaced; a port asked for is refused", async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: firstPort });
    const { postgres } = await start(folder.path);
    expect(postgres.port).not.toBe(firstPort);
    await postgres.stop();
    const error = await failure(start(folder.path, { port: firstPort }));
    expect(error.code).toBe("port_in_use");
    expect(error.message).toContain(`POSTGRES_PORT=${(listener.addr as Deno.NetAddr).port}`);
  });

  await t.step("a pid file that names some other program does not stand in the way", async () => {
    // As after a reboot or in a new container: this number is in use, by a program that is not PostgreSQL.
    const pidFile = `${Deno.pid}\n${join(folder.path, "postgres")}\n1\n5432\n\n\n\nready\n`;
    await Deno.writeTextFile(join(folder.path, "postgres", "postmaster.pid"), pidFile);
    const { postgres } = await start(folder.path);
    expect(await query(postgres.adminUrl, "select n from kept")).toEqual([{ n: 1 }]);
    await postgres.stop();
  });

  await t.step("the folder may be moved", async () => {
    await Deno.rename(folder.path, `${folder.path}-moved`);
    const { postgres } = await start(`${folder.path}-moved`);
    expect(await query(postgres.adminUrl, "select n from kept")).toEqual([{ n: 1 }]);
    await postgres.stop();
    await postgres.stop();
    await Deno.rename(`${folder.path}-moved`, folder.path);
  });

  await t.step("a setting PostgreSQL refuses is shown with the end of its log", async () => {
    const error = await failure(start(folder.path, { settings: { shared_buffers: "plenty" } }));
    expect(error.code).toBe("start_failed");
    expect(error.message).toContain('invalid value for parameter "shared_buffers"');
  });

  await t.step("a cluster whose passwords are gone is named, not replaced", async () => {
    await Deno.remove(join(folder.path, "postgres_passwords.json"));
    expect((await failure(start(folder.path))).code).toBe("passwords_missing");
  });
});

Deno.test("startEmbeddedPostgres() keeps what was committed when the server is killed, and leaves no process", async () => {
  await using folder = await temporaryDataDirectory();
  const killed = await killedServer(folder.path, async ({ adminUrl }) => {
    await query(adminUrl, "create table kept as select generate_series(1, 1000) as n");
    expect((await failure(start(folder.path))).code).toBe("data_directory_in_use");
  });
  // At once: the watchdog of the first is perhaps still at work.
  const { postgres } = await start(folder.path);
  expect(await query(postgres.adminUrl, "select count(*)::int as count from kept")).toEqual([{
    count: 1000,
  }]);
  await expectEnded(killed.postgresPid);
  await postgres.stop();
  await expectEnded(postgres.pid);
});

Deno.test("startEmbeddedPostgres() stops with its killed server also when nobody starts again", async () => {
  await using folder = await temporaryDataDirectory();
  const { postgresPid } = await killedServer(folder.path, () => Promise.resolve());
  await expectEnded(postgresPid);
});

Deno.test("startEmbeddedPostgres() begins anew after a start that was killed half-way", async () => {
  await using folder = await temporaryDataDirectory();
  for (const half of ["postgres.new-1/cluster/base", "runtime-0.new-1/bin", "postgres"]) {
    await Deno.mkdir(join(folder.path, half), { recursive: true });
  }
  await Deno.chmod(folder.path, 0o711);
  const { postgres } = await start(folder.path);
  await postgres.stop();
  const names = [...Deno.readDirSync(folder.path)].map((entry) => entry.name).sort();
  expect(names.filter((name) => name.includes(".new"))).toEqual([]);
});

Deno.test("startEmbeddedPostgres() does not touch what it cannot open", async () => {
  const cases: [string, (path: string) => Promise<void>, string, string][] = [
    [
      "another major version",
      (path) => Deno.writeTextFile(join(path, "postgres", "PG_VERSION"), "17\n"),
      "cluster_of_other_version",
      "PostgreSQL 17; this program carries PostgreSQL 18",
    ],
    [
      "a folder that is no cluster",
      (path) => Deno.writeTextFile(join(path, "postgres", "diary.txt"), "dear diary"),
      "initialisation_failed",
      "PG_VERSION is missing",
    ],
    [
      "a cluster elsewhere that is gone",
      (path) => writeRemembered(path, { place: "/var/lib/mcp-payments-lab/gone", port: undefined }),
      "cluster_missing",
      "/var/lib/mcp-payments-lab/gone",
    ],
  ];
  for (const [name, prepare, code, message] of cases) {
    await using folder = await temporaryDataDirectory();
    await Deno.mkdir(join(folder.path, "postgres"), { recursive: true });
    await prepare(folder.path);
    const error = await failure(start(folder.path));
    expect({ name, code: error.code }).toEqual({ name, code });
    expect(error.message).toContain(message);
    await Deno.remove(join(folder.path, "postgres.json")).catch(() => {});
  }
});

Deno.test({
  name: "startEmbeddedPostgres() puts root's cluster elsewhere when its uid cannot enter the data folder",
  ignore: Deno.uid() !== 0,
  fn: async () => {
    await using folder = await temporaryDataDirectory({ closed: true });
    // With its own programs too: the package cache lies in root's home as well.
    const first = await start(folder.path, { runtimeDirectory: undefined });
    const { place } = await readRemembered(folder.path);
    expect(place).toMatch(/^\/var\/lib\/mcp-payments-lab\//);
    expect(first.lines.join()).toContain(place);
    expect((await Deno.stat(place!)).mode! & 0o777).toBe(0o700);
    await query(first.postgres.adminUrl, "create table kept as select 1 as n");
    await first.postgres.stop();

    const second = await start(folder.path, { runtimeDirectory: undefined });
    expect(await query(second.postgres.adminUrl, "table kept")).toEqual([{ n: 1 }]);

    const copy = `${folder.path}-copy`;
    await Deno.mkdir(copy);
    await Deno.copyFile(join(folder.path, "postgres.json"), join(copy, "postgres.json"));
    expect((await failure(start(copy))).code).toBe("data_directory_in_use");
    await second.postgres.stop();
  },
});

async function start(
  dataDirectory: string,
  options: { port?: number; settings?: Record<string, string>; runtimeDirectory?: string } = {},
): Promise<{ postgres: EmbeddedPostgres; lines: string[] }> {
  const lines: string[] = [];
  const postgres = await startEmbeddedPostgres({
    dataDirectory,
    ...options,
    log: (line) => lines.push(line),
  });
  return { postgres, lines };
}

async function query(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const sql = openPool({ url, max: 1, applicationName: "test" });
  try {
    return [...await sql.unsafe(statement).simple()];
  } finally {
    await sql.end();
  }
}

async function failure(started: Promise<unknown>): Promise<DatabaseStartError> {
  const error = await started.then(() => undefined, (error) => error);
  expect(error).toBeInstanceOf(DatabaseStartError);
  return error as DatabaseStartError;
}

/** Within 10 s, as whoever inherits an orphan takes a moment to notice its end. */
async function expectEnded(pid: number): Promise<void> {
  const { success } = await runShell(
    'n=0; while kill -0 "$1" 2>/dev/null; do n=$((n + 1)); [ $n -lt 200 ] || exit 1; sleep 0.05; done',
    [String(pid)],
  );
  expect({ pid, ended: success }).toEqual({ pid, ended: true });
}
