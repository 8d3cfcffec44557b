/**
 * `deno task bench:selection [--explore-one-in 10]`: what a fraud model loses that is trained on what the model before it
 * approved, and how much of that a few declines approved at random win back. sim/bench/README.md explains the figures.
 *
 *     [--days 120] [--customers 16000] [--seed 7] [--start 2026-01-05] [--explore-one-in 10] [--draws 2] [--seeds 2]
 *     [--train-rows 80000] [--epochs 20] [--label-delay-days 7] [--out FOLDER]
 *
 * --epochs: passes through the training rows at most; few rows are gone through more often (sim/train/most_passes.ts).
 */
import { join } from "node:path";
import { FlagError, runCommand } from "../../../src/core/run_command.ts";
import { makeOutFolder } from "../../../src/core/out_folder.ts";
import { midnight, parseFlags, wholeNumber } from "../../parse_flags.ts";
import { NETWORK_EPOCHS } from "../../train/most_passes.ts";
import { type SelectionOptions, selectionRun } from "./selection_run.ts";
import { selectionText } from "./selection_text.ts";

const LEAST_DAYS = 60;

function selectionOptions(args: readonly string[]): SelectionOptions & { outDirectory: string } {
  const { values } = parseFlags(args, {
    values: [
      "days",
      "customers",
      "seed",
      "start",
      "explore-one-in",
      "draws",
      "seeds",
      "train-rows",
      "epochs",
      "label-delay-days",
      "out",
    ],
    switches: [],
  });
  const seed = wholeNumber("seed", values.seed, 7, 0, 4_294_000_000);
  const seeds = wholeNumber("seeds", values.seeds, 2, 1, 20);
  const days = wholeNumber("days", values.days, 120, LEAST_DAYS, 3_650);
  const labelDelayDays = wholeNumber("label-delay-days", values["label-delay-days"], 7, 0, 365);
  // Each model needs some days of training and the test a few, beside what waits for labels.
  if (labelDelayDays > days / 8) {
    throw new FlagError(
      `--label-delay-days ${labelDelayDays} leaves too little of ${days} days. Give more --days.`,
    );
  }
  return {
    world: {
      seed,
      days,
      customers: wholeNumber("customers", values.customers, 16_000, 100, 50_000_000),
      startMs: midnight("start", values.start ?? "2026-01-05"),
    },
    labelDelayDays,
    exploreOneIn: wholeNumber("explore-one-in", values["explore-one-in"], 10, 1, 10_000),
    draws: wholeNumber("draws", values.draws, 2, 1, 50),
    fit: {
      seeds: Array.from({ length: seeds }, (_, i) => seed + 1 + i),
      mostRows: wholeNumber("train-rows", values["train-rows"], 80_000, 1_000, 10_000_000),
      mostEpochs: wholeNumber("epochs", values.epochs, NETWORK_EPOCHS, 1, 200),
    },
    outDirectory: values.out ?? ".data/bench/selection",
  };
}

async function bench(args: readonly string[]): Promise<void> {
  const { outDirectory, ...options } = selectionOptions(args);
  await makeOutFolder(outDirectory);
  const startedMs = performance.now();
  const run = await selectionRun(options);
  const seconds = (performance.now() - startedMs) / 1000;
  console.log(selectionText(run, options));
  const path = join(outDirectory, "selection.json");
  await Deno.writeTextFile(path, `${JSON.stringify({ options, ...run, seconds }, null, 1)}\n`);
  console.log(`${seconds.toFixed(0)} s; figures in ${path}`);
}

if (import.meta.main) await runCommand("bench:selection", bench, 2);
