import type { Findings } from "../findings/findings.ts";
import type { BenchRun } from "../run_bench.ts";
import { givesIntervals } from "./facts.ts";

/** What the test behind a model card cannot show, a list in Markdown: other things for a file than for invented people. */
export function cardLimits(run: Pick<BenchRun, "source" | "scoreboard">, findings: Findings): string {
  const isFile = "file" in run.source.description;
  return [
    ...(isFile ? ofFile(findings) : OF_INVENTED_PEOPLE),
    ...(givesIntervals(run)
      ? [
        "Intervals come from drawing customers again. They hold the chance of who was a customer, not that of another year.",
      ]
      : []),
  ].map((limit) => `- ${limit}`).join("\n");
}

const OF_INVENTED_PEOPLE = [
  "Simulated people do what their authors thought of. A model that is good here knows these rules; how it does on real " +
  "customers, real thieves and real mistakes in data nobody knows before it has been tried there.",
  "Shares of fraud, report delays, prices and costs are made up. The order of two models can turn round when they change.",
  "Thieves here do not answer this very model, so the figures are those of its first days (`deno task bench:adaptation` " +
  "shows how a frozen model ages).",
  "Payments that a score turns away keep their label here. In service nobody learns what a declined payment was, and a " +
  "model trained on what was approved learns less than this one did.",
  "False-alarm rates by country and amount are those of invented habits. They show that the figures are watched, not " +
  "that the model is fair.",
];

function ofFile({ segmentations }: Findings): string[] {
  return [
    "The figures are those of this file and its periods. Whether its payments are real or made up, and how well they stand " +
    "for others, the file does not say; other customers, thieves and mistakes in data have to be tried.",
    "Its labels are taken as they are: fraud that nobody found counts as genuine, in training and in the figures. Where the " +
    "file does not say what was reported and when, every label counts as right and as known after one and the same delay.",
    "What the file has no column for (cards, devices, addresses, countries) its features do not know. A model that is given " +
    "it can do better, and in another order.",
    "Payments that were turned away before the file was written are not in it, and those that this score would turn away keep " +
    "their label. In service nobody learns what a declined payment was, and a model learns less than this one did.",
    "Thieves in a file do not answer this very model: how the figures fall once they do, it cannot show.",
    "Costs are this program's assumptions and not the file's. The order of two models can turn round when they change.",
    segmentations.length === 0
      ? "Who bears the false alarms is not told: there are no two groups of customers, categories or amounts large enough to compare."
      : "False-alarm rates are those of the groups that the file tells apart. They show where more of the genuine payments are " +
        "turned away, not why, and nothing of groups that it does not name: not that the model is fair.",
  ];
}
