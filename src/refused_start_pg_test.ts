import { expect } from "expect";
import { fileURLToPath } from "node:url";
import { ManualClock } from "./core/clock.ts";
import { startEmbeddedPostgres } from "./db/embedded.ts";
import { openPool } from "./db/pool.ts";
import { temporaryDataDirectory } from "./db/testing/temporary_data_directory.ts";
import { openLab, START_MS } from "./payments/testing/open_lab.ts";
import { serveProviders } from "./providers/testing/serve_providers.ts";

/** Runs one of our programs to its end, as a task does. */
async function run(program: string, environment: Readonly<Record<string, string>>) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", fileURLToPath(new URL(program, import.meta.url))],
    env: { LOG_LEVEL: "info", ...environment },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

function freePort(): string {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return String(port);
}

Deno.test("providers with another book: a server fills nothing and does not start, a check checks nothing, and both say what to do", async () => {
  await using strangers = serveProviders(new ManualClock(START_MS));
  await using folder = await temporaryDataDirectory();
  const environment = { DATA_DIR: folder.path, PROVIDERS_URL: strangers.url, PORT: freePort() };
  // Without a world: the default one would be written to a folder that these providers do not look into.
  const empty = await run("main.ts", environment);
  expect(empty.stderr).toContain(`with DATA_DIR=${folder.path}, or this server with their DATA_DIR.`);
  expect(empty.stderr).not.toContain('"filling"');
  expect(empty.code).toBe(1);
  // Nothing is charged yet, so nothing can be unknown. The number is the README's.
  const held = await run("ledger_check_command.ts", environment);
  expect(held.stdout).toContain("23 invariants hold.");
  expect(held.code).toBe(0);

  await using lab = await openLab();
  const { answer } = await lab.pay();
  const [{ payment }] = await lab.owner<{ payment: string }[]>`
    select to_jsonb(p)::text as payment from payments p`;
  const postgres = await startEmbeddedPostgres({ dataDirectory: folder.path, durable: false, log: () => {} });
  const sql = openPool({ url: postgres.adminUrl, max: 1, applicationName: "test" });
  try {
    expect(await sql`select 1 from worlds`).toHaveLength(0);
    await sql`insert into tenants (tenant_id) values ('lab')`;
    await sql`insert into payments select * from jsonb_populate_record(null::payments, ${payment}::text::jsonb)`;
    await sql`insert into worlds values ('default', 1, 1, 1, 0, now())`;
  } finally {
    await sql.end();
    await postgres.stop();
  }
  const unknown = `do not know the charge of payment "${answer.payment_id}"`;
  const refused = await run("main.ts", environment);
  expect(refused.stderr).toContain(unknown);
  expect(refused.code).toBe(1);

  const check = await run("ledger_check_command.ts", environment);
  expect(check.stderr).toContain(unknown);
  expect(check.stderr).toContain("Nothing was checked.");
  expect(check.stdout).toBe("");
  expect(check.code).toBe(1);
});
