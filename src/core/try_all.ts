/**
 * Does something for each, one after another; one that fails keeps no other from its turn. The faults are thrown together
 * at the end.
 */
export async function tryAll<Item>(
  items: readonly Item[],
  failed: string,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const faults: unknown[] = [];
  for (const item of items) {
    try {
      await work(item);
    } catch (error) {
      faults.push(error);
    }
  }
  if (faults.length > 0) throw new AggregateError(faults, `${faults.length} ${failed}: ${faults[0]}`);
}
