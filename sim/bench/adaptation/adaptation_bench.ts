/**
 * `deno task bench:adaptation`: how a frozen model ages when thieves learn from its declines, and what retraining wins
 * back. sim/world/README.md has the figures.
 *
 *     [--worlds 4] [--customers 20000] [--seed 7] [--start 2026-01-05] [--seeds 3] [--train-rows 80000] [--epochs 20]
 *     [--least PERCENT] [--out FOLDER]
 *
 * --worlds: so many, of seeds that follow each other, counted together; --seeds: networks in each model.
 * --least: exit code 1 where less than so many percent of the lost recall is won back, all worlds together.
 */
import { join } from "node:path";
import { Random } from "../../../src/core/random.ts";
import { runCommand } from "../../../src/core/run_command.ts";
import { makeOutFolder } from "../../../src/core/out_folder.ts";
import { midnight, parseFlags, wholeNumber } from "../../parse_flags.ts";
import { NETWORK_EPOCHS } from "../../train/most_passes.ts";
import { type AdaptationOptions, type AdaptationRun, adaptationRun } from "./adaptation_run.ts";
import { adaptationText } from "./adaptation_text.ts";
import { aging95, agingOf } from "./won_back.ts";

const TIMES = { trainedDays: 60, frozenDays: 90, judgedDays: 14 } as const;

async function bench(args: readonly string[]): Promise<boolean> {
  const { values } = parseFlags(args, {
    values: ["worlds", "customers", "seed", "start", "seeds", "train-rows", "epochs", "least", "out"],
    switches: [],
  });
  const firstSeed = wholeNumber("seed", values.seed, 7, 0, 4_294_000_000);
  const worlds = wholeNumber("worlds", values.worlds, 4, 1, 100);
  const least = values.least === undefined ? null : wholeNumber("least", values.least, 0, 0, 1_000);
  const networks = wholeNumber("seeds", values.seeds, 3, 1, 20);
  const outDirectory = values.out ?? ".data/bench/adaptation";
  const optionsOf = (seed: number): AdaptationOptions => ({
    ...TIMES,
    seed,
    customers: wholeNumber("customers", values.customers, 20_000, 1_000, 1_000_000),
    startMs: midnight("start", values.start ?? "2026-01-05"),
    fit: {
      seeds: Array.from({ length: networks }, (_, i) => seed + 1 + i),
      mostRows: wholeNumber("train-rows", values["train-rows"], 80_000, 1_000, 10_000_000),
      mostEpochs: wholeNumber("epochs", values.epochs, NETWORK_EPOCHS, 1, 200),
    },
  });
  await makeOutFolder(outDirectory);
  const startedMs = performance.now();
  const seeds = Array.from({ length: worlds }, (_, i) => firstSeed + i);
  const runs: AdaptationRun[] = [];
  for (const seed of seeds) runs.push(await adaptationRun(optionsOf(seed)));
  const seconds = (performance.now() - startedMs) / 1000;
  const random = () => new Random(firstSeed).fork("affairs drawn again");
  console.log(adaptationText(seeds, runs, TIMES.judgedDays, random()));
  const path = join(outDirectory, "adaptation.json");
  const figures = {
    options: seeds.map(optionsOf),
    worlds: runs.map((run, i) => ({
      seed: seeds[i],
      ...agingOf([run]),
      frauds: { first: run.first.length, last: run.last.length },
      averagePrecision: run.averagePrecision,
      shares: run.shares,
    })),
    together: agingOf(runs),
    together95: aging95(runs, random()),
    seconds,
  };
  await Deno.writeTextFile(path, `${JSON.stringify(figures, null, 1)}\n`);
  console.log(`${seconds.toFixed(0)} s; figures in ${path}`);
  const { wonBack } = agingOf(runs);
  if (least === null || 100 * wonBack >= least) return true;
  console.error(
    Number.isNaN(wonBack)
      ? "Nothing was lost, so nothing could be won back."
      : `${(100 * wonBack).toFixed(1)}% was won back, less than the ${least}% asked for.`,
  );
  return false;
}

if (import.meta.main) await runCommand("bench:adaptation", bench, 2);
