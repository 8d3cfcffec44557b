import { assert } from "../../core/assert.ts";
import type { EntityKind } from "./event.ts";
import { COMMON, type Layout, LAYOUTS } from "./layout.ts";

/** A fresh state of an entity first seen at `firstEventAtMs`. Only `observe` makes one. */
export function newState(kind: EntityKind, firstEventAtMs: number): Float64Array {
  const { numbers, hashes, tag } = LAYOUTS[kind];
  const state = new Float64Array(numbers + hashes);
  state[COMMON.layoutTag] = tag;
  state[COMMON.lastEventAtMs] = firstEventAtMs;
  state[COMMON.firstEventAtMs] = firstEventAtMs;
  return state;
}

/** When the entity was last observed, in milliseconds since the epoch. */
export function lastEventAtMs(state: Float64Array): number {
  return state[COMMON.lastEventAtMs];
}

/**
 * The state as stored: little endian, numbers as 64-bit floats and hashes as 32-bit integers. Sizes in bytes:
 * customer 288, card 164, device 152, merchant 184.
 */
export function encodeState(state: Float64Array): Uint8Array {
  const { numbers, hashes } = layoutOf(state[COMMON.layoutTag]);
  assert(state.length === numbers + hashes, `A state of ${state.length} slots does not fit its layout.`);
  const bytes = new Uint8Array(numbers * 8 + hashes * 4);
  const view = new DataView(bytes.buffer);
  for (let slot = 0; slot < numbers; slot++) view.setFloat64(slot * 8, state[slot], true);
  for (let i = 0; i < hashes; i++) view.setUint32(numbers * 8 + i * 4, state[numbers + i], true);
  return bytes;
}

/** The inverse of {@link encodeState}, to the bit. Throws for another layout version or a cut-off state. */
export function decodeState(bytes: Uint8Array): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  assert(bytes.byteLength >= 8, `A stored feature state of ${bytes.byteLength} bytes is cut off.`);
  const { numbers, hashes } = layoutOf(view.getFloat64(0, true));
  const expectedBytes = numbers * 8 + hashes * 4;
  assert(
    bytes.byteLength === expectedBytes,
    `A stored feature state has ${bytes.byteLength} bytes; its layout has ${expectedBytes}.`,
  );
  const state = new Float64Array(numbers + hashes);
  for (let slot = 0; slot < numbers; slot++) state[slot] = view.getFloat64(slot * 8, true);
  for (let i = 0; i < hashes; i++) state[numbers + i] = view.getUint32(numbers * 8 + i * 4, true);
  return state;
}

const LAYOUT_BY_TAG: ReadonlyMap<number, Layout> = new Map(
  Object.values(LAYOUTS).map((layout) => [layout.tag, layout]),
);

function layoutOf(tag: number): Layout {
  const layout = LAYOUT_BY_TAG.get(tag);
  assert(
    layout,
    `Feature state with layout tag ${tag} is of another version. Rebuild the states from the payments.`,
  );
  return layout;
}
