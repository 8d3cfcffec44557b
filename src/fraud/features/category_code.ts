import { hash32 } from "../../core/random.ts";

/** Of what is not known. */
export const UNKNOWN_CODE = 0;

/**
 * The whole number, 1 to 2²⁴ − 1, that stands for a category's name in a vector: the same one always, and exact in 32-bit
 * floats, as training holds vectors. Among two hundred names of a feature any two are the same number once in eight
 * hundred such features; they are then one category to a model, and nothing worse.
 */
export function categoryCode(name: string | null): number {
  return name === null ? UNKNOWN_CODE : (hash32(name) >>> 8) || 1;
}
