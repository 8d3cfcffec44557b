/**
 * `deno task bench:fraud [--dataset FILE.csv] [--preset handbook]`: the fraud model beside doing nothing, rules, a
 * logistic regression, a boosted forest and the oracle, on later payments of the default world, of the Fraud Detection
 * Handbook's or of any file of payments, CSV or Parquet. sim/bench/README.md explains flags, columns and figures.
 *
 *     [--days 120] [--customers 8000] [--seed 7] [--start 2026-01-05] [--folds 4] [--label-delay-days 7] [--seeds 5]
 *     [--sequence 1] [--train-rows 80000] [--epochs 20] [--forest python3|off] [--model [NAME=]KIND:PATH_OR_URL …]
 *     [--model-timeout-s 30] [--folds-out FOLDER] [--workers N] [--out FOLDER]
 *
 * --epochs: passes through the training rows at most; fewer than 40,960 rows are gone through more often
 * (sim/train/most_passes.ts).
 * --workers: threads that train at once, as many as there are cores unless told otherwise; 1 trains in the one that does all
 * else. Figures do not depend on it; each thread takes some 0.2 GB.
 */
import { join } from "node:path";
import { toRfc3339 } from "../../src/core/clock.ts";
import { seenCategories } from "../train/choose_categories.ts";
import { LEAK_CAUSE } from "./findings/leak.ts";
import { scoreboardText } from "../train/scoreboard_text.ts";
import { type BenchOptions, benchOptions } from "./bench_options.ts";
import { findingNotes } from "./findings/finding_notes.ts";
import { type Findings, findingsOf } from "./findings/findings.ts";
import { htmlReport } from "./report/html_report.ts";
import { headline, runFacts, runNotes } from "./report/facts.ts";
import { modelCard } from "./report/model_card.ts";
import { type BenchRun, runBench } from "./run_bench.ts";
import { runCommand } from "../../src/core/run_command.ts";
import { makeOutFolder } from "../../src/core/out_folder.ts";

async function bench(options: BenchOptions): Promise<boolean> {
  await makeOutFolder(options.outDirectory);
  if (options.foldsOut !== null) await makeOutFolder(options.foldsOut, "--folds-out");
  const { run, findings } = await runWithFindings(options, console.log);
  console.log(terminalText(run, findings));
  await writeFiles(run, findings, options.outDirectory);
  console.log(`Report: ${join(options.outDirectory, "report.html")}; model card and figures beside it.`);
  if (findings.leak === null) return true;
  console.error(`LEAK: ${findings.leak}. ${LEAK_CAUSE}`);
  return false;
}

/** A run with all that is told of it: the findings' notes stand among its own. */
export async function runWithFindings(
  options: BenchOptions,
  tell?: (line: string) => void,
): Promise<{ readonly run: BenchRun; readonly findings: Findings }> {
  const run = await runBench(options, tell);
  const findings = findingsOf(run, options.seed, options.preset === "handbook");
  return { run: { ...run, notes: [...run.notes, ...findingNotes(findings, run.scoreboard)] }, findings };
}

/** The run for the terminal. */
export function terminalText(run: BenchRun, findings: Findings): string {
  const { segmentations, recallByStory } = findings;
  return [
    `${run.source.name}: ${headline(run, findings)}`,
    ...runFacts(run, findings).map(([name, value]) => `  ${name.toLowerCase()}: ${value}`),
    "",
    scoreboardText(run.scoreboard),
    ...Object.entries(recallByStory).map(([story, { frauds, recall }]) =>
      `The model finds ${(recall * 100).toFixed(1)}% of ${frauds} payments of ${story}.`
    ),
    ...segmentations.map(({ by, segments, ratio }) =>
      `False positives by ${by}, ${segments.length} segments: highest ${
        (segments[0].falsePositiveRate * 100).toFixed(2)
      }% (${segments[0].segment}), lowest ${(segments.at(-1)!.falsePositiveRate * 100).toFixed(2)}%${
        ratio === null ? "" : `, ratio ${ratio.toFixed(1)}`
      }.`
    ),
    ...runNotes(run),
    "",
  ].join("\n");
}

async function writeFiles(run: BenchRun, findings: Findings, directory: string): Promise<void> {
  const periods = run.runs.map(({ fold, model }) => ({
    test: fold.test.map((atMs) => toRfc3339(atMs)),
    modelMadeAt: toRfc3339(fold.madeAtMs),
    trainedOnPayments: model.sample.rows.length,
    trainedOnKnownFrauds: model.sample.rows.frauds,
    categoriesLookedAt: seenCategories(model.networkInputs),
  }));
  const figures = {
    ...run.scoreboard,
    periods,
    findings: { ...findings, curves: undefined },
    seconds: run.seconds,
  };
  await Deno.writeTextFile(join(directory, "scoreboard.json"), `${JSON.stringify(figures, null, 1)}\n`);
  await Deno.writeTextFile(join(directory, "report.html"), htmlReport(run, findings));
  await Deno.writeTextFile(join(directory, "model_card.md"), modelCard(run, findings));
}

if (import.meta.main) await runCommand("bench:fraud", (args) => bench(benchOptions(args)), 2);
