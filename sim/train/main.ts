/**
 * `deno task train [--days 60] [--customers 5000] [--seed 7] [--start 2026-01-05] [--out .data/model] [--sequence]`
 *
 * Trains the fraud model on a simulated world, prints the scoreboard and leaves the model, the scoreboard and the
 * precision–recall plot in the folder `--out`. With `--sequence` the scoreboard has the sequence model as well.
 */
import { parseArgs } from "node:util";
import { systemClock } from "../../src/core/clock.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { makeOutFolder } from "../../src/core/out_folder.ts";
import { trainModel } from "./train_model.ts";
import { FlagError, runCommand } from "../../src/core/run_command.ts";

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      days: { type: "string", default: "60" },
      customers: { type: "string", default: "5000" },
      seed: { type: "string", default: "7" },
      start: { type: "string", default: "2026-01-05" },
      out: { type: "string", default: ".data/model" },
      sequence: { type: "boolean", default: false },
    },
  });
  const startedMs = systemClock.monotonicMs();
  const world = {
    days: wholeNumber("days", values.days, 20),
    customers: wholeNumber("customers", values.customers, 100),
    seed: wholeNumber("seed", values.seed, 0),
    startMs: midnight(values.start),
  };
  await makeOutFolder(values.out);
  const { manifest, text } = await trainModel({
    world,
    outDirectory: values.out,
    sequenceModel: values.sequence,
  });
  const seconds = ((systemClock.monotonicMs() - startedMs) / 1000).toFixed(1);
  console.log(`seed ${manifest.seed}, features ${manifest.featureHash}, model ${manifest.modelVersion}\n`);
  console.log(text);
  console.log(`Model, scoreboard and plot are in ${values.out}; ${seconds} s.`);
}

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value >= least) return value;
  return refuse(`--${name} takes a whole number of at least ${least}, not "${text}".`);
}

function midnight(text: string): number {
  const startMs = Date.parse(`${text}T00:00:00Z`);
  return startMs % DAY_MS === 0 ? startMs : refuse(`--start takes a date such as 2026-01-05, not "${text}".`);
}

function refuse(message: string): never {
  throw new FlagError(message);
}

if (import.meta.main) await runCommand("train", main, 2);
