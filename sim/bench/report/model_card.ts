import { FEATURE_HASH, FEATURES } from "../../../src/fraud/features/catalogue.ts";
import { COST_ABOUT } from "../../train/cost.ts";
import { scoreboardTables } from "../../train/scoreboard_text.ts";
import { LEAK_CAUSE } from "../findings/leak.ts";
import type { Findings } from "../findings/findings.ts";
import type { BenchRun } from "../run_bench.ts";
import { cardLimits } from "./card_limits.ts";
import { headline, NOT_ONE_IS_MISSED, notesByPlace, runFacts } from "./facts.ts";

/** The model card in Markdown, from the run's own figures. */
export function modelCard(run: BenchRun, findings: Findings): string {
  const { scoreboard, runs } = run;
  const { operating, ranking } = scoreboardTables(scoreboard);
  const percent = (value: number) => `${(value * 100).toFixed(1)}%`;
  const recalls = (its: Findings["recallByStory"], what: string) =>
    markdownTable([
      [what, "frauds", "recall"],
      ...Object.entries(its).map(([name, { frauds, recall }]) => [name, String(frauds), percent(recall)]),
    ]);
  const [{ model }] = runs;
  const { caveats, notes } = notesByPlace(run);
  const weak = [
    recalls(findings.recallByStory, "kind of fraud"),
    recalls(findings.recallByMonth, "month"),
    ...findings.segmentations.map(falseAlarms),
  ];
  return `# Model card: fraud score of a payment, ${run.source.name}

${[headline(run, findings), ...caveats].join("\n\n")}
${findings.leak === null ? "" : `\n**LEAK: ${findings.leak}.** ${LEAK_CAUSE}\n`}
${runFacts(run, findings).map(([name, value]) => `- **${name}**: ${value}`).join("\n")}

## What it is

${ensembleOf(model.networks.length)} (piecewise-linear inputs, two hidden layers), a logistic
regression and boosted trees folded into the same three layers, on ${FEATURES.length} features of the payment and of the past of its customer, card, device, address and
merchant (feature hash ${FEATURE_HASH}); networks trained with TensorFlow.js, calibrated on validation. It gives a probability of
fraud and a score from 0 to 100; at 75 and above a payment is declined.

## What it is for, and what not

For tests of agents, pipelines and dashboards, and as a baseline for other models on the same data. Not for decisions
about people's real payments.

## At score 75 and above

${markdownTable(operating)}

Thresholds frozen on validation, where at most ${
    (scoreboard.falsePositiveBudget * 100).toFixed(2)
  }% of the payments not
reported as fraud reached them; cost in US dollars a thousand payments, when ${COST_ABOUT}.

## Without any threshold

${markdownTable(ranking)}
${notes.map((line) => `\n${line}\n`).join("")}
## Where it is weak

${weak.join("\n\n")}

## What it looks at most

On the last period of test alone: all of its fraud and a sample of the rest, each feature dealt out anew once.

${looksAt(findings)}

## What such a test cannot show

${cardLimits(run, findings)}
`;
}

function falseAlarms({ by, segments, ratio }: Findings["segmentations"][number]): string {
  const [highest, lowest] = [segments[0], segments.at(-1)!];
  const rate = ({ falsePositiveRate, segment }: typeof highest) =>
    `${(falsePositiveRate * 100).toFixed(3)}% (${segment})`;
  return `False positives by ${by}: from ${rate(lowest)} to ${rate(highest)}${
    ratio === null ? "" : `, ${ratio.toFixed(1)} times as much`
  }.`;
}

function looksAt({ importances }: Findings): string {
  if (importances.every(({ loss }) => loss <= 0)) return NOT_ONE_IS_MISSED;
  return markdownTable([
    ["feature", "loss of AP when shuffled"],
    ...importances.slice(0, 12).map(({ feature, loss }) => [feature, loss.toFixed(4)]),
  ]);
}

function ensembleOf(networks: number): string {
  return networks === 1 ? "A dense network" : `An ensemble of ${networks} dense networks`;
}

function markdownTable([header, ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map((_, i) => i === 0 ? "---" : "---:")), ...rows.map(line)].join("\n");
}
