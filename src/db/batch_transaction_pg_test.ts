import { expect } from "expect";
import { BatchConnection, type BatchTransaction } from "./batch_transaction.ts";
import { openPool } from "./pool.ts";
import { freshDatabase } from "./testing/fresh_database.ts";

/** A table to write to, as its owner, and the two connections of a test. */
async function openBench() {
  const database = await freshDatabase();
  const watcher = openPool({ url: database.ownerUrl, max: 1, applicationName: "watcher" });
  await watcher`create table notes (note text primary key)`;
  const batch = new BatchConnection({ url: database.ownerUrl, applicationName: "batch" });
  return {
    batch,
    watcher,
    notes: async () =>
      (await watcher<{ note: string }[]>`select note from notes order by note`).map(({ note }) => note),
    /** Ends the batch's connection from outside, as a crash of the network or an administrator does. */
    cut: async () => {
      const cut = await watcher`
        select pg_terminate_backend(pid, 10000) from pg_stat_activity
         where application_name = 'batch' and datname = current_database()`;
      expect(cut.length).toBe(1);
    },
    [Symbol.asyncDispose]: async () => {
      await batch.end();
      await watcher.end();
      await database.drop();
    },
  };
}

const write = (
  { sql, batchId, send }: { sql: BatchTransaction["sql"]; batchId: string; send: BatchTransaction["send"] },
  note: string,
) => send(sql`insert into notes select ${note} where assert_batch(${batchId})`);
const bound = (transaction: BatchTransaction) => ({
  sql: transaction.sql,
  batchId: transaction.batchId,
  send: transaction.send.bind(transaction) as BatchTransaction["send"],
});

Deno.test("what was sent is there after commit(), and not before", async () => {
  await using bench = await openBench();
  const transaction = bench.batch.begin([]);
  await write(bound(transaction), "a");
  write(bound(transaction), "b").catch(() => {});
  expect(await bench.notes()).toEqual([]);
  await transaction.commit();
  expect(await bench.notes()).toEqual(["a", "b"]);
});

Deno.test("one failed statement undoes all, commit() throws the first failure, and the connection serves on", async () => {
  await using bench = await openBench();
  const transaction = bench.batch.begin([]);
  for (const note of ["a", "a", "b"]) write(bound(transaction), note).catch(() => {});
  await expect(transaction.commit()).rejects.toMatchObject({ code: "23505", constraint_name: "notes_pkey" });
  await transaction.rollback();
  expect(await bench.notes()).toEqual([]);
  const next = bench.batch.begin([]);
  write(bound(next), "c").catch(() => {});
  await next.commit();
  expect(await bench.notes()).toEqual(["c"]);
});

Deno.test("rollback() undoes what was sent", async () => {
  await using bench = await openBench();
  const transaction = bench.batch.begin([]);
  await write(bound(transaction), "a");
  await transaction.rollback();
  expect(await bench.notes()).toEqual([]);
});

Deno.test("a connection lost between two statements: nothing of the batch is stored, and commit() says so", async () => {
  await using bench = await openBench();
  // Warm: the statements are prepared, so that the second round is pipelined as in a running server.
  const warm = bench.batch.begin([]);
  await write(bound(warm), "warm");
  await warm.commit();
  for (let round = 0; round < 5; round++) {
    const transaction = bench.batch.begin([]);
    await write(bound(transaction), `before ${round}`);
    await bench.cut();
    const after = write(bound(transaction), `after ${round}`);
    after.catch(() => {});
    await expect(transaction.commit()).rejects.toThrow();
    await expect(after).rejects.toThrow();
    await transaction.rollback();
    expect(await bench.notes()).toEqual(["warm"]);
  }
  const next = bench.batch.begin([]);
  write(bound(next), "next").catch(() => {});
  await next.commit();
  expect(await bench.notes()).toEqual(["next", "warm"]);
});

Deno.test("a connection lost just before commit() never counts as committed", async () => {
  await using bench = await openBench();
  const transaction = bench.batch.begin([]);
  await write(bound(transaction), "a");
  await bench.cut();
  await expect(transaction.commit()).rejects.toThrow();
  await transaction.rollback();
  expect(await bench.notes()).toEqual([]);
});

Deno.test("assert_batch() refuses a statement outside its transaction", async () => {
  await using bench = await openBench();
  await expect(bench.batch.alone([]).sql`insert into notes select 'a' where assert_batch('b1')`).rejects
    .toMatchObject({
      code: "25000",
    });
  expect(await bench.notes()).toEqual([]);
});
