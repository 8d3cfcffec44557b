import type { Random } from "../../../src/core/random.ts";
import { table } from "../../train/scoreboard_text.ts";
import type { AdaptationRun } from "./adaptation_run.ts";
import { affairsOf, type Aging, aging95, agingOf } from "./won_back.ts";

/** The runs for the terminal: a row a world, all of them together with intervals, and the last days by story. */
export function adaptationText(
  seeds: readonly number[],
  runs: readonly AdaptationRun[],
  judgedDays: number,
  random: Random,
): string {
  const row = (name: string, { first, last, retrained, wonBack }: Aging, frauds: string) => [
    name,
    first.toFixed(2),
    last.toFixed(2),
    retrained.toFixed(2),
    percent(wonBack),
    frauds,
  ];
  const fraudsOf = (of: readonly AdaptationRun[]) => {
    const count = (days: "first" | "last") =>
      `${of.reduce((sum, run) => sum + run[days].length, 0)} (${affairsOf(of, days)})`;
    return `${count("first")}, ${count("last")}`;
  };
  const interval = aging95(runs, random);
  const span = (figure: keyof Aging, text: (value: number) => string) =>
    `${text(interval[figure][0])} to ${text(interval[figure][1])}`;
  const fixed = (value: number) => value.toFixed(2);
  return [
    `Recall at 0.5% false positives, ${judgedDays} days each:`,
    table([
      ["world", "frozen, first", "frozen, last", "retrained", "won back", "frauds (affairs), first and last"],
      ...runs.map((run, i) => row(`seed ${seeds[i]}`, agingOf([run]), fraudsOf([run]))),
      row("together", agingOf(runs), fraudsOf(runs)),
      [
        "95%",
        span("first", fixed),
        span("last", fixed),
        span("retrained", fixed),
        span("wonBack", percent),
        "",
      ],
    ]),
    "",
    "The last days by story, all worlds:",
    table([["story", "frauds", "frozen", "retrained"], ...byStory(runs)]),
    "",
    "Average precision: " +
    runs.map(({ averagePrecision: { first, last, retrained } }, i) =>
      `seed ${seeds[i]} ${fixed(first)}, ${fixed(last)}, ${fixed(retrained)}`
    ).join("; ") + ".",
    "Won back: of the recall that the frozen model lost, what the retrained one has again; all worlds' frauds count alike.",
    "95%: affairs drawn again with all their frauds; draws in which nothing was lost have no share won back and are left out.",
    "Thieves learn from the frozen model alone: the retrained one is judged before they know it.",
  ].join("\n");
}

function byStory(runs: readonly AdaptationRun[]): string[][] {
  const stories = new Map<string, { frauds: number; frozen: number; retrained: number }>();
  for (const { last, retrained } of runs) {
    for (const [i, { story, isFound }] of last.entries()) {
      const its = stories.get(story) ?? { frauds: 0, frozen: 0, retrained: 0 };
      its.frauds++;
      if (isFound) its.frozen++;
      if (retrained[i].isFound) its.retrained++;
      stories.set(story, its);
    }
  }
  return [...stories].sort(([, a], [, b]) => b.frauds - a.frauds).map(([story, its]) => [
    story,
    String(its.frauds),
    (its.frozen / its.frauds).toFixed(2),
    (its.retrained / its.frauds).toFixed(2),
  ]);
}

function percent(share: number): string {
  return Number.isNaN(share) ? "nothing was lost" : `${(100 * share).toFixed(0)}%`;
}
