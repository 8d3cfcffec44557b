import { FEATURE_HASH, FEATURES } from "../../../src/fraud/features/catalogue.ts";
import { COST_ABOUT } from "../../train/cost.ts";
import { scoreboardTables } from "../../train/scoreboard_text.ts";
import type { Findings } from "../findings/findings.ts";
import type { BenchRun } from "../run_bench.ts";
import { headline, runFacts, runNotes } from "./facts.ts";

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
  return `# Model card: fraud score of a payment, ${run.source.name}

${headline(run, findings)}
${findings.leak === null ? "" : `\n**LEAK: ${findings.leak}.**\n`}
${runFacts(run, findings).map(([name, value]) => `- **${name}**: ${value}`).join("\n")}

## What it is

${ensembleOf(model.networks.length)} (piecewise-linear inputs, two hidden layers) and a logistic
regression, on ${FEATURES.length} features of the payment and of the past of its customer, card, device, address and
merchant (feature hash ${FEATURE_HASH}); trained with TensorFlow.js, calibrated on validation. It gives a probability of
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
${runNotes(run).map((line) => `\n${line}\n`).join("")}
## Where it is weak

${recalls(findings.recallByStory, "kind of fraud")}

${recalls(findings.recallByMonth, "month")}

${
    findings.segmentations.map(({ by, segments, ratio }) =>
      `False positives by ${by}: from ${(segments.at(-1)!.falsePositiveRate * 100).toFixed(3)}% (${
        segments.at(-1)!.segment
      }) to ${(segments[0].falsePositiveRate * 100).toFixed(3)}% (${segments[0].segment})${
        ratio === null ? "" : `, ${ratio.toFixed(1)} times as much`
      }.`
    ).join("\n\n")
  }

## What it looks at most

On the last period of test alone: all of its fraud and a sample of the rest, each feature dealt out anew once.

${
    markdownTable([
      ["feature", "loss of AP when shuffled"],
      ...findings.importances.slice(0, 12).map(({ feature, loss }) => [feature, loss.toFixed(4)]),
    ])
  }

## What such a test cannot show

- Simulated people do what their authors thought of. A model that is good here knows these rules; how it does on real
  customers, real thieves and real mistakes in data nobody knows before it has been tried there.
- Shares of fraud, report delays, prices and costs are made up where the data is simulated. The order of two models can
  turn round when they change.
- Thieves here do not answer this very model, so the figures are those of its first days (\`deno task bench:adaptation\`
  shows how a frozen model ages).
- Payments that a score turns away keep their label here. In service nobody learns what a declined payment was, and a
  model trained on what was approved learns less than this one did.
- Intervals come from drawing customers again. They hold the chance of who was a customer, not that of another year.
- False-alarm rates by country and amount are those of invented habits. They show that the figures are watched, not
  that the model is fair.
`;
}

function ensembleOf(networks: number): string {
  return networks === 1 ? "A dense network" : `An ensemble of ${networks} dense networks`;
}

function markdownTable([header, ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map((_, i) => i === 0 ? "---" : "---:")), ...rows.map(line)].join("\n");
}
