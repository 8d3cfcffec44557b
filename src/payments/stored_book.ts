import type { TenantStatements } from "../db/tenant_pool.ts";

/** In which book the providers of another process remember this database's charges; null where none was pinned yet. */
export async function readStoredBook(statements: TenantStatements): Promise<string | null> {
  const [row] = await statements<{ book_id: string }[]>`select book_id from providers_book`;
  return row?.book_id ?? null;
}

/**
 * Pins the book for this database: a restarted server, and another one, takes no other from then on.
 *
 * @param mayReplace whether another one may be pinned already
 * @returns which is pinned now: of two servers that pin at once, the first one's
 */
export async function storeBook(
  statements: TenantStatements,
  bookId: string,
  mayReplace: boolean,
): Promise<string> {
  await statements`
    insert into providers_book as b (book_id, pinned_at) values (${bookId}, now())
        on conflict (only_one) do update set book_id = excluded.book_id, pinned_at = excluded.pinned_at
     where ${mayReplace} and b.book_id <> excluded.book_id`;
  return (await readStoredBook(statements))!;
}

/** What keeps a server, or a check, from providers of another book; null where they are the right ones. */
export function otherBookFault({ providersUrl, asked, stored, answered }: {
  providersUrl: string;
  /** PROVIDERS_BOOK. */
  asked: string | null;
  stored: string | null;
  answered: string;
}): string | null {
  if (answered === (asked ?? stored ?? answered)) return null;
  const meant = asked === null ? `this database's charges are in ${stored}` : `PROVIDERS_BOOK says ${asked}`;
  return `The providers at PROVIDERS_URL ${providersUrl} remember in another book: theirs is ${answered}, and ${meant}. ` +
    "Start `deno task providers` with the DATA_DIR that it lies in. To change providers on purpose, begin with an " +
    `empty database, or, where theirs holds all charges of this one, set PROVIDERS_BOOK=${answered} for every server ` +
    "and start them again.";
}
