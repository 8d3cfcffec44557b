const ROWS_AT_ONCE = 2_000;

/**
 * Reads a table in the order of its key, in small pieces and one after another, so that others get their turn.
 *
 * @param read the rows after `last`, `limit` at most; all from the beginning where it is null
 * @param isEnough asked before each piece
 * @returns whether there was nothing more to read
 */
export async function inPages<Row>(
  read: (last: Row | null, limit: number) => Promise<readonly Row[]>,
  take: (row: Row) => void,
  isEnough: () => boolean,
): Promise<boolean> {
  let last: Row | null = null;
  while (!isEnough()) {
    const rows: readonly Row[] = await read(last, ROWS_AT_ONCE);
    rows.forEach(take);
    if (rows.length < ROWS_AT_ONCE) return true;
    last = rows[rows.length - 1];
  }
  return false;
}
