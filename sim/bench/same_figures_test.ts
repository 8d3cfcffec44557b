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
import { runBench } from "./run_bench.ts";

const QUICK = ["--folds", "1", "--seeds", "1", "--train-rows", "2000", "--epochs", "1", "--forest", "off"];

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

    // The benchmark itself says when a figure cannot be true.
    expect(leakOf(scoreboard, false)).toBe(null);
    const leaking = {
      ...scoreboard,
      lines: scoreboard.lines.map((line) =>
        line === model ? { ...model, averagePrecision: oracle.averagePrecision + 0.1 } : line
      ),
      lift: scoreboard.lift.map((its) =>
        its.over === "the oracle" ? { ...its, difference: 0.1, difference95: [0.05, 0.15] as const } : its
      ),
    };
    expect(leakOf(leaking, false)).toContain("above the oracle");
    const handbook = (averagePrecision: number) => ({
      ...scoreboard,
      lines: scoreboard.lines.map((line) => line === model ? { ...model, averagePrecision } : line),
    });
    expect(leakOf(handbook(0.75), true)).toBe(null);
    expect(leakOf(handbook(0.79), true)).toContain("0.790 is above 0.78");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
