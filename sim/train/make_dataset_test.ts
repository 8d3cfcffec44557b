import { expect } from "expect";
import { generateWorld, type WorldConfig } from "../world/world.ts";
import { makeDataset } from "./make_dataset.ts";
import { splitDays } from "./split.ts";

const SMALL: WorldConfig = { seed: 5, days: 30, customers: 400, startMs: Date.UTC(2026, 0, 5) };

Deno.test("splitDays() keeps train, validation, cut-off and test apart and in order", () => {
  for (const days of [20, 30, 45, 60, 180]) {
    const { train, validation, cutOffDay, test } = splitDays(days);
    expect(train[0]).toBeGreaterThan(0);
    expect(train[0]).toBeLessThan(train[1]);
    expect(train[1]).toBeLessThan(validation[0]);
    expect(validation[0]).toBeLessThan(validation[1]);
    expect(validation[1]).toBeLessThan(cutOffDay);
    expect(test).toEqual([cutOffDay, days]);
  }
  expect(() => splitDays(10)).toThrow("20 days");
});

Deno.test("what happens from the cut-off on changes nothing that is learned from", () => {
  const split = splitDays(SMALL.days);
  const world = generateWorld(SMALL);
  const blind = {
    ...world,
    columns: (from = 0, to = SMALL.days) =>
      world.columns(from, Math.max(from, Math.min(to, split.cutOffDay))),
  };
  const [seeing, unseeing] = [makeDataset(world, split, 0.5), makeDataset(blind, split, 0.5)];
  for (const part of ["train", "validation"] as const) {
    expect(unseeing[part].length).toBe(seeing[part].length);
    expect(unseeing[part].label).toEqual(seeing[part].label);
    expect(unseeing[part].column(3)).toEqual(seeing[part].column(3));
  }
  expect(unseeing.test.length).toBe(0);
  expect(seeing.test.length).toBeGreaterThan(0);
});

Deno.test("training knows fewer frauds than there were: some are reported later, some never", () => {
  const { train, validation } = makeDataset(
    generateWorld({ ...SMALL, customers: 2000 }),
    splitDays(SMALL.days),
    1,
  );
  const sum = (values: Uint8Array) => values.reduce((total, value) => total + value, 0);
  expect(sum(train.label)).toBeLessThan(sum(train.fraud));
  expect(sum(validation.label)).toBeLessThan(sum(validation.fraud));
});
