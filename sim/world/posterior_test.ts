import { expect } from "expect";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { Adaptation } from "../fraud/adaptation.ts";
import { STORIES } from "../fraud/stories.ts";
import { Draw } from "./draw.ts";
import { reportDelayMs, reportedWithin } from "./labels.ts";
import { normalCdf, normalQuantile } from "./normal.ts";
import { posteriorOfAffair } from "./posterior.ts";

const REPORTING = { reportedShare: 0.9, misfiledShare: 0.05 };

Deno.test("posteriorOfAffair() is the prior at first, near one after a report, lower after a long silence", () => {
  const quiet = { occurredAtMs: 0, labelKnownAtMs: null, labelFraud: false };
  const after = (days: number, ...earlier: Parameters<typeof posteriorOfAffair>[2]) =>
    posteriorOfAffair(0.3, REPORTING, earlier, days * DAY_MS);
  expect(after(0)).toBeCloseTo(0.3, 12);
  expect(after(0.2, quiet)).toBeCloseTo(0.3, 12);
  expect(after(40, quiet)).toBeLessThan(0.06);
  // Bayes by hand: nine in ten thieves' payments are reported at last, five in ten thousand honest ones.
  expect(after(1e6, quiet)).toBeCloseTo(0.3 * 0.1 / (0.3 * 0.1 + 0.7 * 0.9995), 6);
  expect(after(9, { ...quiet, labelKnownAtMs: 8 * DAY_MS, labelFraud: true })).toBeGreaterThan(0.999);
  // A report that has not arrived yet is silence.
  expect(after(7, { ...quiet, labelKnownAtMs: 8 * DAY_MS, labelFraud: true })).toBe(after(7, quiet));
});

Deno.test("reports arrive as reportedWithin() says", () => {
  const draw = new Draw(1).at(99, 1);
  const delays = Array.from({ length: 20_000 }, () => reportDelayMs(draw)).sort((a, b) => a - b);
  for (const share of [0.05, 0.25, 0.5, 0.75, 0.95]) {
    expect(Math.abs(reportedWithin(delays[Math.floor(share * delays.length)]) - share)).toBeLessThan(0.015);
  }
});

Deno.test("Draw gives a stream for its key alone, and distributions with their moments", () => {
  const [a, b] = [new Draw(7), new Draw(7)];
  b.uniform();
  expect(a.at(1, 2, 3).uint32()).toBe(b.at(1, 2, 3).uint32());
  const keys = [[1, 2, 3], [1, 3, 2], [2, 1, 3], [1, 2, 4], [3, 2, 1]] as const;
  expect(new Set(keys.map(([purpose, x, y]) => a.at(purpose, x, y).uint32())).size).toBe(keys.length);
  const mean = (draw: () => number) =>
    Array.from({ length: 50_000 }, draw).reduce((sum, x) => sum + x / 50_000, 0);
  a.at(9, 9);
  expect(Math.abs(mean(() => a.normal()))).toBeLessThan(0.02);
  expect(Math.abs(mean(() => a.normal() ** 2) - 1)).toBeLessThan(0.03);
  expect(Math.abs(mean(() => a.poisson(1.3)) - 1.3)).toBeLessThan(0.03);
  expect(Math.abs(mean(() => a.exponential(2)) - 2)).toBeLessThan(0.05);
  // First draws of neighbouring keys are as even as later ones.
  let key = 0;
  expect(Math.abs(mean(() => a.at(5, key++, 1).uniform()) - 0.5)).toBeLessThan(0.006);
  for (const p of [1e-6, 0.01, 0.3, 0.5, 0.9, 0.9999]) {
    expect(Math.abs(normalCdf(normalQuantile(p)) - p)).toBeLessThan(2e-7);
  }
});

Deno.test("thieves turn to what passes, and honest twins do not", () => {
  const adaptation = new Adaptation(7);
  const [story] = STORIES;
  const [declined, passing] = [story.tactics[0], story.tactics[2]];
  const attempt = { episode: 1, looksLike: story.name, fraud: true };
  for (let day = 0; day < 60; day++) {
    for (let i = 0; i < 5; i++) {
      adaptation.learn({ ...attempt, tactic: declined.name }, true);
      adaptation.learn({ ...attempt, tactic: passing.name }, false);
      // What becomes of honest twins teaches thieves nothing.
      adaptation.learn({ ...attempt, tactic: story.tactics[1].name, fraud: false }, false);
    }
    adaptation.endDay();
  }
  expect(adaptation.shareOf(story, 2)).toBeGreaterThan(0.8);
  expect(adaptation.shareOf(story, 0)).toBeLessThan(0.1);
  const total = story.tactics.reduce((sum, _, t) => sum + adaptation.shareOf(story, t), 0);
  expect(total).toBeCloseTo(1, 12);
});
