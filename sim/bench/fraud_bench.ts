/**
 * `deno task bench:fraud [--dataset FILE.csv] [--preset handbook]`: the fraud model beside doing nothing, rules, a
 * logistic regression, a boosted forest and the oracle, on later payments of the default world, of the Fraud Detection
 * Handbook's or of any file. sim/bench/README.md explains flags, columns and figures.
 */
import { scoreboardText } from "../train/scoreboard_text.ts";
import { FlagError } from "../parse_flags.ts";
import { benchOptions } from "./bench_options.ts";
import { CsvError } from "./csv/csv_columns.ts";
import { runBench } from "./run_bench.ts";

try {
  const options = benchOptions(Deno.args);
  const run = await runBench(options);
  console.log(scoreboardText(run.scoreboard));
  console.log(JSON.stringify(run.seconds), run.runs.map((r) => r.bySeed));
} catch (error) {
  if (!(error instanceof FlagError || error instanceof CsvError)) throw error;
  console.error(error.message);
  Deno.exit(2);
}
