import { expect } from "expect";
import { join } from "node:path";
import { exportWorld } from "../export/export_world.ts";
import { WHOLE } from "../world/partition.ts";
import { generateWorld } from "../world/world.ts";
import { benchOptions } from "./bench_options.ts";
import { leakOf } from "./findings/leak.ts";
import { runBench } from "./run_bench.ts";

const QUICK = ["--folds", "1", "--seeds", "2", "--train-rows", "4000", "--epochs", "4", "--forest", "off"];

Deno.test("a world exported to CSV and read again gives the scoreboard of the world itself", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const config = { seed: 7, days: 40, customers: 1_500, startMs: Date.UTC(2026, 0, 5) };
    const path = join(folder, "world.csv");
    await exportWorld(generateWorld(config), { format: "csv", path, partition: WHOLE });
    const direct = await runBench(
      benchOptions(["--days", "40", "--customers", "1500", "--seed", "7", ...QUICK]),
    );
    const read = await runBench(benchOptions(["--dataset", path, ...QUICK]));
    expect(read.scoreboard).toEqual(direct.scoreboard);

    const { scoreboard } = direct;
    expect(scoreboard.testFrauds).toBeGreaterThan(20);
    expect(scoreboard.lines.map(({ name }) => name)).toEqual([
      "amount rule",
      "rules",
      "logistic regression",
      "the model",
      "the oracle",
    ]);
    const [, , , model, oracle] = scoreboard.lines;
    // A handful of known frauds in a world this small teaches little, but more than nothing.
    expect(model.averagePrecision).toBeGreaterThan(scoreboard.baseRate);
    expect(oracle.averagePrecision).toBeGreaterThan(model.averagePrecision);
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
