import { assert } from "../../src/core/assert.ts";

/** One part of a world, of several that are made apart from each other. */
export interface Partition {
  /** From 1. */
  readonly part: number;
  readonly parts: number;
}

export const WHOLE: Partition = { part: 1, parts: 1 };

/**
 * The days that a part makes, from the first to before the last. Parts are runs of days: any day can be made without
 * those before it, so the parts of a world, one after the other, are the world, in order and byte for byte.
 */
export function daysOfPartition(
  { part, parts }: Partition,
  days: number,
): readonly [from: number, to: number] {
  assert(part >= 1 && part <= parts, `Part ${part} of ${parts} is not one of them: parts count from 1.`);
  assert(parts <= days, `A world of ${days} days has no ${parts} parts: a part is a day at least.`);
  return [Math.floor(days * (part - 1) / parts), Math.floor(days * part / parts)];
}

/** `3/16` is the third of sixteen; null when the text is none of that kind. */
export function parsePartition(text: string): Partition | null {
  const match = /^([1-9]\d{0,4})\/([1-9]\d{0,4})$/.exec(text);
  if (match === null || Number(match[1]) > Number(match[2])) return null;
  return { part: Number(match[1]), parts: Number(match[2]) };
}
