import type { DatabaseSync } from "node:sqlite";

/** What a call over HTTP says whose charges it is about, and what it is refused with where another's are here. */
export const BOOK_HEADER = "x-provider-book";
export const OTHER_BOOK_STATUS = 421;

/** The id of a charge log: made once, with the log, and as durable. Two logs never have the same one, but a copy does. */
export function readBookId(database: DatabaseSync): string {
  database.exec(
    "create table if not exists book (only_one integer primary key check (only_one = 1), book_id text not null)",
  );
  const select = database.prepare("select book_id from book");
  if (select.get() === undefined) {
    // Of two processes that open a new log in one moment the first one names it.
    database.prepare("insert into book values (1, ?) on conflict do nothing").run(
      `book_${crypto.randomUUID()}`,
    );
  }
  return select.get()!.book_id as string;
}
