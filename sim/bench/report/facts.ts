import { MODEL_NAME } from "../../train/contender.ts";
import type { Findings } from "../findings/findings.ts";
import { categoriesText } from "../../train/choose_categories.ts";
import { passesText } from "../../train/most_passes.ts";
import { intervalNote, spanText } from "../../train/scoreboard_text.ts";
import type { BenchRun } from "../run_bench.ts";

/** What the run comes to in one sentence. */
export function headline({ scoreboard }: BenchRun, { leak }: Findings): string {
  const model = scoreboard.lines.find(({ name }) => name === MODEL_NAME)!;
  const found = `AP ${model.averagePrecision.toFixed(3)} where doing nothing has ${
    scoreboard.baseRate.toFixed(4)
  }`;
  const share = scoreboard.shareOfAttainable;
  const attained = share === null
    ? "what was attainable is not known for this data"
    : `${(share.share * 100).toFixed(1)}% of the attainable AP (95%: ${
      spanText(share.share95, (value) => (value * 100).toFixed(1))
    })`;
  return `${found}; ${attained}; ${(model.at75.recall * 100).toFixed(1)}% of fraud found at ${
    (model.at75.falsePositiveRate * 100).toFixed(2)
  }% false positives${leak === null ? "" : ". Not all figures of this run can be true: see LEAK"}.`;
}

export function runFacts(run: BenchRun, findings: Findings): [string, string][] {
  const { scoreboard, runs, payments, source, seconds } = run;
  const day = (atMs: number) => new Date(atMs).toISOString().slice(0, 10);
  const last = runs[runs.length - 1];
  const { calibration } = last.model.calibration;
  const { mean, deviation, networks } = findings.bySeed;
  return [
    [
      "Data",
      Object.entries(source.description).map(([name, value]) =>
        name === "startMs" ? `from ${day(value as number)}` : `${name} ${value}`
      ).join(", "),
    ],
    [
      "Payments",
      `${payments.length}, ${payments.customers.size} customers, ${payments.merchants.size} merchants`,
    ],
    ["Tested on", `${scoreboard.testPayments} payments, ${scoreboard.testFrauds} of them fraud`],
    ["Periods", runs.map(({ fold }) => `${day(fold.test[0])} to ${day(fold.test[1] - 1)}`).join("; ")],
    [
      "Trained on",
      `${last.model.sample.rows.length} payments, ${last.model.sample.rows.frauds} known frauds (last period)`,
    ],
    [
      "Passes of the networks",
      `${passesText(last.model.curves, last.model.sample.rows.length)} (last period)`,
    ],
    [
      "One network alone",
      `AP ${mean.toFixed(3)}${
        networks === 1
          ? ", one seed: nothing is known of the spread"
          : ` ± ${deviation.toFixed(3)} over ${networks} seeds`
      }`,
    ],
    [
      "Ensemble",
      `${runs.map(({ model }) => percent(model.treeShare)).join(", ")} trees (${
        runs.map(({ model }) => model.trees).join(", ")
      } of them); of the rest ${
        runs.map(({ model }) => percent(model.networkShare)).join(", ")
      } networks, what remains a regression`,
    ],
    [
      "Categories looked at",
      `${
        runs.map(({ model }) => categoriesText(model.networkInputs)).join("; ")
      } (those that validation shows to help, by period)`,
    ],
    ["Calibration", `${calibration.method} (last period)`],
    [
      "Latency of a score",
      `${findings.latency.microsP50.toFixed(1)} µs, p99 ${findings.latency.microsP99.toFixed(1)} µs`,
    ],
    [
      "Time",
      `features ${seconds.features.toFixed(0)} s, models ${seconds.folds.toFixed(0)} s, judging ${
        seconds.judging.toFixed(0)
      } s`,
    ],
  ];
}

/** What stands for feature importances where all are nothing. */
export const NOT_ONE_IS_MISSED =
  "No single feature is missed: whichever of them is shuffled, the average precision is no lower.";

/** Whether the run gives any interval: drawn again, one customer is always the same. */
export function givesIntervals({ scoreboard }: Pick<BenchRun, "scoreboard">): boolean {
  return scoreboard.testFraudCustomers > 1;
}

/** {@link runNotes} for a page: what limits all its figures stands with them at the top, the rest further down. */
export function notesByPlace(run: Pick<BenchRun, "runs" | "notes" | "scoreboard">) {
  const caveats = intervalNote(run.scoreboard);
  return { caveats, notes: runNotes(run).filter((note) => !caveats.includes(note)) };
}

/** What to know before the figures are believed, a sentence or two each. */
export function runNotes(
  { runs, notes, scoreboard }: Pick<BenchRun, "runs" | "notes" | "scoreboard">,
): string[] {
  return [
    ...notes,
    ...intervalNote(scoreboard),
    // Models of one's own that do not say until when they were trained.
    ...runs[0].undated.map((name) =>
      `"${name}" does not say until when it was trained: if it saw payments of these periods, its row is worth nothing.`
    ),
  ];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)}%`;
}
