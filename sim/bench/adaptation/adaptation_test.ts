import { expect } from "expect";
import { Random } from "../../../src/core/random.ts";
import { STORIES } from "../../fraud/stories.ts";
import { adaptationRun } from "./adaptation_run.ts";
import { adaptationText } from "./adaptation_text.ts";
import { agingOf } from "./won_back.ts";

Deno.test("a frozen model faces thieves who learn from it, and a retrained one the same frauds", async () => {
  const run = await adaptationRun({
    customers: 1_500,
    seed: 11,
    startMs: Date.UTC(2026, 0, 5),
    trainedDays: 40,
    frozenDays: 30,
    judgedDays: 10,
    fit: { seeds: [12], mostRows: 4_000, mostEpochs: 2 },
  });
  expect(run.first.length).toBeGreaterThan(10);
  expect(run.last.length).toBeGreaterThan(10);
  const named = ({ affair, story }: { affair: number; story: string }) => ({ affair, story });
  expect(run.retrained.map(named)).toEqual(run.last.map(named));
  // The two models do not decide alike, so neither list stands for the other.
  expect(run.retrained).not.toEqual(run.last);

  // Thieves no longer choose as they did before there was a model.
  const moved = STORIES.flatMap(({ name, tactics }) =>
    tactics.map((tactic) => Math.abs(run.shares[name][tactic.name] - tactic.share))
  );
  expect(Math.max(...moved)).toBeGreaterThan(0.1);

  const text = adaptationText([11], [run], 10, new Random(1));
  const { first, last, retrained } = agingOf([run]);
  expect(text).toMatch(
    new RegExp(
      `seed 11 +${first.toFixed(2)} +${last.toFixed(2)} +${retrained.toFixed(2)} .* ${run.first.length} \\(`,
    ),
  );
});
