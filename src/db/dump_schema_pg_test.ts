import { expect } from "expect";
import { dumpSchema, SCHEMA_FILE } from "./dump_schema.ts";
import { openPool } from "./pool.ts";
import { freshDatabase } from "./testing/fresh_database.ts";

Deno.test("src/db/schema.sql is what the migrations give; `deno task db:schema` writes it anew", async () => {
  const database = await freshDatabase();
  const sql = openPool({ url: database.ownerUrl, max: 1, applicationName: "test" });
  const dumped = await dumpSchema(sql);
  await sql.end();
  await database.drop();
  const committed = (await Deno.readTextFile(SCHEMA_FILE)).split("\n");
  // The first line that differs says enough; all of both files would be too much.
  const line = dumped.split("\n").findIndex((text, i) => text !== committed[i]);
  if (line >= 0) expect(`${line + 1}: ${dumped.split("\n")[line]}`).toBe(`${line + 1}: ${committed[line]}`);
  expect(dumped.length).toBe(committed.join("\n").length);
});

Deno.test("dumpSchema() shows every kind of object a migration may make", async () => {
  const database = await freshDatabase({ empty: true });
  const sql = openPool({ url: database.ownerUrl, max: 1, applicationName: "test" });
  await sql.unsafe(`
    create type mood as enum ('calm', 'cross');
    create domain cents as bigint default 0 check (value >= 0);
    create sequence tickets;
    create table parts (tenant text, n int generated always as identity, double int generated always as (2) stored,
      mood mood default 'calm', unique (tenant, n)) partition by list (tenant);
    create table parts_a partition of parts for values in ('a');
    create table notes (id int primary key, body text, tenant text, n int, foreign key (tenant, n) references parts (tenant, n));
    create index notes_body on notes (body) where body <> '';
    alter table notes enable row level security;
    create policy own on notes for select to mcp_payments_app using (tenant = current_setting('x.tenant'));
    create view calm with (security_invoker = true) as select * from notes;
    create function one() returns int language sql return 1;
    grant select (id, body), update (body) on notes to mcp_payments_app;
    comment on table notes is 'it''s a note';
  `).simple();
  const dumped = await dumpSchema(sql);
  await sql.end();
  await database.drop();
  for (
    const expected of [
      "create type mood as enum ('calm', 'cross');",
      "create domain cents as bigint default 0 constraint cents_check CHECK (VALUE >= 0);",
      "create sequence tickets as bigint start 1 increment 1;",
      "  n integer generated always as identity not null",
      "  double integer generated always as (2) stored",
      ") partition by LIST (tenant);",
      "create table parts_a partition of parts FOR VALUES IN ('a');",
      "FOREIGN KEY (tenant, n) REFERENCES parts(tenant, n)",
      "CREATE INDEX notes_body ON public.notes USING btree (body) WHERE (body <> ''::text);",
      "alter table notes enable row level security;",
      "create policy own on notes as permissive for select to mcp_payments_app using (",
      "create view calm with (security_invoker=true) as",
      "CREATE OR REPLACE FUNCTION public.one()",
      "grant select (body, id), update (body) on notes to mcp_payments_app;",
      "comment on table notes is 'it''s a note';",
    ]
  ) expect(dumped).toContain(expected);
});
