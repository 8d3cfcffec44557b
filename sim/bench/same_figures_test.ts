import { expect } from "expect";
import { join } from "node:path";
import { exportWorld } from "../export/export_world.ts";
import { WHOLE } from "../world/partition.ts";
import { generateWorld } from "../world/world.ts";
import { benchOptions } from "./bench_options.ts";
import { findingsOf } from "./findings/findings.ts";
import { leakOf } from "./findings/leak.ts";
import { htmlReport } from "./report/html_report.ts";
import { modelCard } from "./report/model_card.ts";
import { type BenchRun, runBench } from "./run_bench.ts";
import type { Contender } from "../train/contender.ts";
import { makeScoreboard } from "../train/scoreboard.ts";

const QUICK = "--folds 1 --seeds 1 --train-rows 2000 --epochs 1 --forest off --workers 1".split(" ");

Deno.test("a world exported to CSV and read again gives the scoreboard of the world itself, and a report of it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const config = { seed: 7, days: 30, customers: 1_000, startMs: Date.UTC(2026, 0, 5) };
    const path = join(folder, "world.csv");
    await exportWorld(generateWorld(config), { format: "csv", path, partition: WHOLE });
    const direct = await runBench(
      benchOptions(["--days", "30", "--customers", "1000", "--seed", "7", ...QUICK]),
    );
    const read = await runBench(benchOptions(["--dataset", path, ...QUICK]));
    expect(read.scoreboard).toEqual(direct.scoreboard);

    const findings = findingsOf(direct, 7, false);
    const html = htmlReport(direct, findings);
    // Opens by itself: no script, nothing from elsewhere.
    expect(html).not.toMatch(/<script|<link|src=|url\((?!#)|https?:\/\/(?!www\.w3\.org\/)/);
    expect(html.match(/<svg /g)!.length).toBe(9);
    expect(html).not.toMatch(/NaN|undefined/);
    const card = modelCard(direct, findings);
    expect(card).toContain("What such a test cannot show");
    expect(card).not.toMatch(/NaN|undefined/);
    expect(findings.leak).toBe(null);

    const { scoreboard } = direct;
    expect(scoreboard.testFrauds).toBeGreaterThan(5);
    expect(scoreboard.lines.map(({ name }) => name)).toEqual([
      "amount rule",
      "rules",
      "logistic regression",
      "sequence model (GRU)",
      "the model",
      "the oracle",
    ]);
    const [, , , sequence, model, oracle] = scoreboard.lines;
    expect(oracle.averagePrecision).toBeGreaterThan(model.averagePrecision);
    expect(sequence.averagePrecision).toBeGreaterThan(scoreboard.baseRate);
    expect(sequence.averagePrecision).toBeLessThan(oracle.averagePrecision);
    expect(scoreboard.shareOfAttainable!.share).toBeCloseTo(
      model.averagePrecision / oracle.averagePrecision,
      12,
    );
    expect(scoreboard.doingNothing.accuracy).toBeCloseTo(1 - scoreboard.baseRate, 12);
    expect(scoreboard.doingNothing.recall).toBe(0);

    // The benchmark itself says when a figure cannot be true, and whose it is.
    expect(leakOf(scoreboard, false)).toBe(null);
    const handbook = (name: string, averagePrecision: number) => ({
      lines: scoreboard.lines.map((line) => line.name === name ? { ...line, averagePrecision } : line),
    });
    for (const name of ["logistic regression", "sequence model (GRU)", "the model"]) {
      expect(leakOf(handbook(name, 0.75), true)).toBe(null);
      expect(leakOf(handbook(name, 0.79), true)).toContain(`"${name}", 0.790, is above 0.78`);
    }
    expect(leakOf(handbook("the oracle", 0.79), true)).toBe(null);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Scores that know the truth of one payment in `oneIn`, as a feature that looks into the future would. */
function peeking(run: BenchRun, name: string, oneIn: number): readonly (readonly Contender[])[] {
  return run.runs.map(({ contenders, judged }) =>
    contenders.map((contender) =>
      contender.name !== name ? contender : {
        ...contender,
        test: contender.test.map((score, i) =>
          i % oneIn > 0 ? score : run.payments.fraud(judged.test[i]) === 1 ? 1 : 0
        ),
      }
    )
  );
}

Deno.test("a leak planted in any trained row is found, called by its name, and no other row is accused", async () => {
  const run = await runBench(
    benchOptions(["--days", "30", "--customers", "2000", "--seed", "7", ...QUICK]),
  );
  const judgedWith = (contenders: readonly (readonly Contender[])[]) =>
    leakOf(
      makeScoreboard(run.payments, run.runs.map(({ judged }) => judged), contenders, 7).scoreboard,
      false,
    );
  expect(judgedWith(run.runs.map(({ contenders }) => contenders))).toBe(null);
  for (const name of ["logistic regression", "sequence model (GRU)", "the model"]) {
    const leak = judgedWith(peeking(run, name, 1));
    expect(leak).toContain(`"${name}" is `);
    expect(leak).toContain("above the oracle's, and not by chance");
    expect(leak).not.toContain(";");
    // A look at a few payments' truth lifts a score, but stays below what could have been known.
    expect(judgedWith(peeking(run, name, 50))).toBe(null);
  }
});
