import { expect } from "expect";
import { generateMuleWorld } from "./mule_world.ts";
import { scoreMules } from "./score_mules.ts";

const WORLD = { people: 1_500, days: 90, networks: 30 };

Deno.test("mules are found among people who share rents, collect gifts and move house", () => {
  for (const seed of [101, 102, 103]) {
    const score = scoreMules({ ...WORLD, seed });
    expect(score.networksFound).toBeGreaterThanOrEqual(0.95);
    expect(score.recall).toBeGreaterThanOrEqual(0.55);
    expect(score.precision).toBeGreaterThanOrEqual(0.55);
    expect(score.moneyKept).toBeGreaterThanOrEqual(0.6);
    expect(score.falseAlarmsPerThousand).toBeLessThanOrEqual(4);
  }
});

Deno.test("one seed gives one world, and the networks do not change the honest people", () => {
  expect(generateMuleWorld({ ...WORLD, seed: 1 })).toEqual(generateMuleWorld({ ...WORLD, seed: 1 }));
  const honest = (networks: number) =>
    generateMuleWorld({ ...WORLD, networks, seed: 1 }).filter(({ network }) => network === null);
  expect(honest(3)).toEqual(honest(30));
});
