/**
 * A bounded set of 32-bit hashes in the slots of a state, most recently seen first. An empty slot is 0. A set of
 * 16 merchants costs 64 bytes; two ids share a hash once in 2^32, which a statistic can bear.
 */

/** Whether `hash` is among the `capacity` slots from `start`. */
export function recentSetHas(state: Float64Array, start: number, capacity: number, hash: number): boolean {
  for (let slot = start; slot < start + capacity; slot++) {
    if (state[slot] === hash) return true;
  }
  return false;
}

/** How many ids the set holds, `exceptHash` not counted. */
export function recentSetSize(
  state: Float64Array,
  start: number,
  capacity: number,
  exceptHash: number,
): number {
  let size = 0;
  for (let slot = start; slot < start + capacity; slot++) {
    if (state[slot] !== 0 && state[slot] !== exceptHash) size++;
  }
  return size;
}

/** Puts `hash` in front, dropping the one seen longest ago when full. Returns whether it was new. */
export function recentSetAdd(state: Float64Array, start: number, capacity: number, hash: number): boolean {
  let at = start;
  const last = start + capacity - 1;
  while (at < last && state[at] !== hash && state[at] !== 0) at++;
  const isNew = state[at] !== hash;
  for (let slot = at; slot > start; slot--) state[slot] = state[slot - 1];
  state[start] = hash;
  return isNew;
}
