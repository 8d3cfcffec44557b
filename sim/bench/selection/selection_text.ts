import type { Scoreboard } from "../../train/scoreboard.ts";
import { intervalNote, scoreboardTables, signed, spanText, table } from "../../train/scoreboard_text.ts";
import {
  ALL_LABELS,
  CLIPPED,
  CORRECTED,
  MOST_WEIGHT,
  NAIVE,
  type SelectionOptions,
  type SelectionRun,
} from "./selection_run.ts";

/** The run for the terminal. */
export function selectionText(
  { fold, incumbentFold, explored, scoreboard }: SelectionRun,
  { exploreOneIn, draws }: Pick<SelectionOptions, "exploreOneIn" | "draws">,
): string {
  const day = (atMs: number) => new Date(atMs).toISOString().slice(0, 10);
  const { operating, ranking } = scoreboardTables(scoreboard);
  const payments = scoreboard.testPayments / draws;
  const mean = (of: (its: typeof explored[number]) => number) =>
    explored.reduce((sum, its) => sum + of(its), 0) / explored.length;
  return [
    `Until ${
      day(incumbentFold.madeAtMs - 1)
    } nobody was declined; the incumbent learned from that and declines from then on.`,
    `Models were made anew on ${
      day(fold.madeAtMs)
    } from the time since, and judged on ${payments} payments from then to ${day(fold.test[1] - 1)}, ${
      scoreboard.testFrauds / draws
    } of them fraud, by what was true of each.`,
    `Of what it would have declined in training and validation, ${
      mean((its) => its.wouldBeDeclines).toFixed(0)
    } payments, ` +
    `one in ${exploreOneIn} was approved at random: ${
      mean((its) => its.explored).toFixed(0)
    }, mean of ${draws} draws.`,
    ...explored.map((its, draw) =>
      `  draw ${draw + 1}: ${its.explored} of ${its.wouldBeDeclines} approved, ${
        its.lostUsd.toFixed(0)
      } US dollars lost ` +
      `to fraud among them; they say ${its.fraudsEstimated} frauds were declined, and it was ${its.frauds}`
    ),
    "",
    "At score >= 75, each model's threshold frozen on the validation rows that it may know of:",
    table(operating),
    "",
    "Without any threshold:",
    table(ranking),
    "",
    ...scoreboard.lift.map(({ over, difference, difference95: [low, high] }) =>
      `${over}: AP ${signed(-difference)} against ${NAIVE} (95%: ${spanText([-high, -low], signed)}).`
    ),
    ...wonBack(scoreboard),
    ...intervalNote(scoreboard),
    ...exploredNote(mean((its) => its.fraudsEstimated) / exploreOneIn),
    `${NAIVE}: retrained without the declines. ${CORRECTED}: the explored ones stand for all, each ${exploreOneIn} times;`,
    `${CLIPPED}: in training at most ${MOST_WEIGHT} times. ${ALL_LABELS}: what could be learned had nobody been declined.`,
    "Means of the draws; 95%: customers drawn again, paired.",
    "",
  ].join("\n");
}

/** How much of the loss the corrections undo; there is nothing to say where there was no loss beyond chance. */
export function wonBack({ lines, lift }: Pick<Scoreboard, "lines" | "lift">): string[] {
  const ap = (name: string) => lines.find((line) => line.name === name)!.averagePrecision;
  const loss = ap(ALL_LABELS) - ap(NAIVE);
  if (loss <= 0) return [`Training on what was approved alone cost no AP here (${signed(loss)}).`];
  const { difference95 } = lift.find(({ over }) => over === ALL_LABELS)!;
  // The naive model less the one with all labels.
  if (!(difference95[1] < 0)) {
    return [
      `Training on what was approved alone has ${
        loss.toFixed(3)
      } AP less here, which may be chance: what of it is won ` +
      "back cannot be told. Give more --customers, --days or --draws.",
    ];
  }
  return [
    `Training on what was approved alone costs ${loss.toFixed(3)} AP. Of that is won back:`,
    ...[CORRECTED, CLIPPED].map((name) => `  ${name}: ${((ap(name) - ap(NAIVE)) / loss * 100).toFixed(0)}%`),
  ];
}

/** With fewer, one fraud more or less turns a correction round. */
const ENOUGH_EXPLORED_FRAUDS = 10;

function exploredNote(frauds: number): string[] {
  if (frauds >= ENOUGH_EXPLORED_FRAUDS) return [];
  return [
    `Only ${
      frauds.toFixed(1)
    } of the explored payments were fraud, mean of the draws: what the corrections do here is ` +
    "mostly chance. Give more --customers, more --days or a smaller --explore-one-in.",
  ];
}
