import { expect } from "expect";
import fc from "fast-check";
import { byteaArray, BytesOfRows, recordArray, scalarArray, textArray } from "./array_literal.ts";
import { openPool, type Sql } from "./pool.ts";
import { freshDatabase } from "./testing/fresh_database.ts";

async function withSql(work: (sql: Sql) => Promise<void>): Promise<void> {
  const database = await freshDatabase({ empty: true });
  const sql = openPool({ url: database.ownerUrl, max: 1, applicationName: "array literals" });
  try {
    await work(sql);
  } finally {
    await sql.end();
    await database.drop();
  }
}

// What PostgreSQL stores as text: well-formed Unicode without NUL.
const text = fc.string({ unit: "binary", maxLength: 30 })
  .map((value) => value.replaceAll("\u0000", "").toWellFormed());
const awkward = fc.constantFrom(
  "",
  "NULL",
  "null",
  "{}",
  '"',
  "\\",
  '\\"',
  "a,b",
  "{a}",
  " ",
  "\n\t",
  "'",
  "$1",
  "é😀",
);
const cell = fc.oneof(text, awkward, fc.constant(null));

Deno.test("PostgreSQL reads every array literal back as it was written", async () => {
  await withSql(async (sql) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(cell, { maxLength: 12 }),
        fc.array(fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })), { maxLength: 12 }),
        fc.array(fc.option(fc.double({ noDefaultInfinity: true, noNaN: true })), { maxLength: 12 }),
        fc.array(fc.option(fc.boolean()), { maxLength: 12 }),
        fc.array(fc.option(fc.uint8Array({ maxLength: 40 })), { maxLength: 12 }),
        async (texts, integers, floats, flags, bytes) => {
          // As JSON: the driver's own reading of arrays is not what is tested here.
          const [{ row }] = await sql<{ row: Record<string, unknown[]> }[]>`
            select json_build_object(
                     'texts', ${textArray(texts)}::text[],
                     'integers', ${scalarArray(integers)}::bigint[]::text[],
                     'floats', ${scalarArray(floats)}::float8[],
                     'flags', ${scalarArray(flags)}::boolean[],
                     'bytes', array(select encode(v, 'hex') from unnest(${
            byteaArray(bytes)
          }::bytea[]) v)) as row`;
          expect(row).toEqual({
            texts,
            integers: integers.map((value) => value === null ? null : String(value)),
            // The literal has no negative zero.
            floats: floats.map((value) => value === 0 ? 0 : value),
            flags,
            bytes: bytes.map((value) => value === null ? null : value.toHex()),
          });
        },
      ),
      { numRuns: 200 },
    );
  });
});

Deno.test("PostgreSQL reads every record back as it was written", async () => {
  await withSql(async (sql) => {
    await sql`create type things as (words text, "number" bigint, more text, flag boolean, "real" float8)`;
    const row = fc.tuple(
      cell,
      fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
      cell,
      fc.option(fc.boolean()),
      fc.option(fc.double({ noDefaultInfinity: true, noNaN: true })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 12 }), async (rows) => {
        const read = await sql<{ row: unknown[] }[]>`
          select json_build_array(words, number::text, more, flag, "real") as row
            from unnest(${recordArray(rows)}::things[])`;
        expect(read.map(({ row }) => row)).toEqual(
          rows.map(([words, number, more, flag, real]) => [
            words,
            number === null ? null : String(number),
            more,
            flag,
            real === 0 ? 0 : real,
          ]),
        );
      }),
      { numRuns: 200 },
    );
  });
});

Deno.test("each row finds its part of the bytes of all", async () => {
  await withSql(async (sql) => {
    const rows = [new Uint8Array([1, 255]), new Uint8Array(), new Uint8Array([0, 92, 34])];
    const { all, firstBytes, byteCounts } = new BytesOfRows(rows);
    const read = await sql<{ part: Uint8Array }[]>`
      select substr(${all}::bytea, first_byte, byte_count) as part
        from unnest(${firstBytes}::int[], ${byteCounts}::int[]) u (first_byte, byte_count)`;
    expect(read.map(({ part }) => part.toHex())).toEqual(rows.map((row) => row.toHex()));
  });
});
