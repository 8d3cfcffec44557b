import { UNKNOWN_CODE } from "../features/category_code.ts";
import type { InputSpec } from "./manifest.ts";

/** In a category's codes: all that are not listed. No name has this code. */
export const OTHER_CODE = -1;

/** Of each list of codes, where each code stands: rows are encoded by the million, and lists are short-lived. */
const placesByCodes = new WeakMap<readonly number[], ReadonlyMap<number, number>>();

/** A feature's value as its edges measure it: itself, and of a category its code's place in the order of the codes. */
export function edgeValue({ codes }: Pick<InputSpec, "codes">, value: number): number {
  if (codes === undefined) return value;
  const places = placesOf(codes);
  return places.get(value) ?? places.get(OTHER_CODE) ?? 0;
}

/**
 * What a person reads: of a category the name, as training knew it; `not known` where the payment does not tell; and
 * `code 8711123` of what training did not see often enough to keep its name.
 */
export function readableValue({ codes, names }: InputSpec, value: number): number | string {
  if (codes === undefined) return value;
  return names?.[codes.indexOf(value)] ?? (value === UNKNOWN_CODE ? "not known" : `code ${value}`);
}

function placesOf(codes: readonly number[]): ReadonlyMap<number, number> {
  let places = placesByCodes.get(codes);
  if (places === undefined) {
    places = new Map(codes.map((code, place) => [code, place]));
    placesByCodes.set(codes, places);
  }
  return places;
}
