import { expect } from "expect";
import { Random } from "../../../src/core/random.ts";
import { affairsOf, aging95, agingOf, type JudgedFraud, type JudgedWorld } from "./won_back.ts";

const STORY = "card_testing";

/** Frauds of affairs: `found` of each affair's are declined, the first ones. */
function frauds(affairs: readonly (readonly [frauds: number, found: number])[]): JudgedFraud[] {
  return affairs.flatMap(([all, found], affair) =>
    Array.from({ length: all }, (_, i) => ({ affair, story: STORY, isFound: i < found }))
  );
}

const LARGE: JudgedWorld = {
  first: frauds([[60, 48]]),
  last: frauds([[80, 20]]),
  retrained: frauds([[80, 60]]),
};
const SMALL: JudgedWorld = {
  first: frauds([[5, 0], [15, 0]]),
  last: frauds([[20, 0]]),
  retrained: frauds([[20, 20]]),
};

Deno.test("agingOf() counts all worlds' frauds alike", () => {
  expect(agingOf([LARGE])).toEqual({ first: 0.8, last: 0.25, retrained: 0.75, wonBack: 0.5 / (0.8 - 0.25) });
  const both = agingOf([LARGE, SMALL]);
  expect(both.first).toBeCloseTo(48 / 80, 12);
  expect(both.last).toBeCloseTo(20 / 100, 12);
  expect(both.retrained).toBeCloseTo(80 / 100, 12);
  expect(both.wonBack).toBeCloseTo((0.8 - 0.2) / (0.6 - 0.2), 12);
  expect(affairsOf([LARGE, SMALL], "first")).toBe(3);
});

Deno.test("nothing is won back where nothing was lost", () => {
  expect(agingOf([SMALL]).wonBack).toBeNaN();
});

Deno.test("aging95() is wide where an affair has many frauds, and narrow where each has one", () => {
  const few = frauds([[50, 50], [50, 0], [50, 50], [50, 0]]);
  const many = frauds(Array.from({ length: 200 }, (_, i) => [1, i % 2] as const));
  const widthOf = (first: JudgedFraud[]) => {
    const [low, high] = aging95([{ ...LARGE, first }], new Random(1)).first;
    expect(low).toBeLessThanOrEqual(0.5);
    expect(high).toBeGreaterThanOrEqual(0.5);
    return high - low;
  };
  expect(widthOf(many)).toBeLessThan(0.2);
  expect(widthOf(few)).toBeGreaterThan(0.7);
});

Deno.test("aging95() draws the affairs of one world apart from those of another", () => {
  // Affair 0 of one world is always found, that of the other never: were they drawn as one, recall would be a half in
  // every draw.
  const worlds = [[[40, 40]], [[40, 0]]].map((affairs) => ({
    ...LARGE,
    first: frauds(affairs as [number, number][]),
  }));
  const [low, high] = aging95(worlds, new Random(1)).first;
  expect(low).toBe(0);
  expect(high).toBe(1);
});
