import { escapeMarkup } from "../../../load/report/escape_markup.ts";
import { REPORT_STYLE } from "../../../load/report/report_style.ts";
import { COST_ABOUT } from "../../train/cost.ts";
import { scoreboardTables } from "../../train/scoreboard_text.ts";
import { LEAK_CAUSE } from "../findings/leak.ts";
import type { Findings } from "../findings/findings.ts";
import type { BenchRun } from "../run_bench.ts";
import {
  costChart,
  hasBand,
  importanceChart,
  precisionRecallChart,
  recallChart,
  reliabilityChart,
  scoreBandChart,
} from "./charts.ts";
import { driftChart } from "./drift_chart.ts";
import { givesIntervals, headline, NOT_ONE_IS_MISSED, notesByPlace, runFacts } from "./facts.ts";
import { learningChart } from "./learning_chart.ts";

/** The report as one HTML page: no script, no other file. */
export function htmlReport(run: BenchRun, findings: Findings): string {
  const { scoreboard, runs } = run;
  const { operating, ranking } = scoreboardTables(scoreboard);
  const last = runs[runs.length - 1];
  const hasIntervals = givesIntervals(run);
  const whiskers = hasIntervals ? WHISKERS : "";
  const { caveats, notes } = notesByPlace(run);
  const curves = hasIntervals ? findings.curves : withoutBands(findings.curves);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Fraud scoreboard: ${escapeMarkup(run.source.name)}</title>
<style>${REPORT_STYLE}</style>
</head>
<body>
<main>
<header>
<div>
<h1>Fraud scoreboard: ${escapeMarkup(run.source.name)}</h1>
<p class="lead">${escapeMarkup(headline(run, findings))}</p>
${caveats.map((caveat) => `<p class="mark">${escapeMarkup(caveat)}</p>`).join("")}
</div>
</header>
${
    findings.leak === null
      ? ""
      : `<section><h2 class="mark fail">LEAK</h2><p>${
        escapeMarkup(`${findings.leak}. ${LEAK_CAUSE}`)
      }</p></section>`
  }
<dl class="facts">${
    runFacts(run, findings).map(([name, value]) =>
      `<div><dt>${name}</dt><dd>${escapeMarkup(value)}</dd></div>`
    )
      .join("")
  }</dl>
<section>
<h2>At score 75 and above</h2>
${htmlTable(operating)}
<p class="note">Thresholds were frozen on each period's validation rows, where at most ${
    (scoreboard.falsePositiveBudget * 100).toFixed(2)
  }% of the payments not reported as fraud reached them. Accuracy means little where ${
    ((1 - scoreboard.baseRate) * 100).toFixed(2)
  }% of the payments are genuine: read it beside doing nothing. Cost: US dollars a thousand payments, when ${
    escapeMarkup(COST_ABOUT)
  }. ${
    hasIntervals
      ? "Intervals: 95%, customers drawn again."
      : "No interval is given: see the top of this page."
  }</p>
</section>
<section>
<h2>Without any threshold</h2>
${htmlTable(ranking)}
<p class="note">AP: average precision, mean of the periods; doing nothing has ${
    scoreboard.baseRate.toFixed(4)
  }. R@: recall at a false-positive rate. card@100: of the 100 worst cards of a day, the share with fraud. ECE: expected
calibration error.</p>
${notes.map(paragraph).join("")}
</section>
<div class="charts">
${figure(`Precision and recall${bandOf(curves.precision)}`, precisionRecallChart(curves))}
${figure(`What it costs to turn genuine payments away${bandOf(curves.cost)}`, costChart(curves))}
${figure(`Calibration: predicted against observed${whiskers}`, reliabilityChart(findings, hasIntervals))}
${figure("Where the scores lie", scoreBandChart(findings))}
${figure(`Recall by kind of fraud (frauds)${whiskers}`, recallChart(findings.recallByStory, hasIntervals))}
${figure(`Recall by month (frauds)${whiskers}`, recallChart(findings.recallByMonth, hasIntervals))}
${
    figure(
      "Feature importance: what shuffling one feature costs, last period",
      importanceChart(findings) ?? paragraph(NOT_ONE_IS_MISSED),
    )
  }
${
    figure(
      `Learning curves, last period: ${last.model.curves[0].trainingLoss.length} passes (dot: what is kept)`,
      learningChart(last.model.curves),
    )
  }
${figure("Drift: first period's score, and the features that move most", driftChart(findings))}
</div>
${findings.segmentations.length === 0 ? "" : segmentSection(findings)}
</main>
</body>
</html>
`;
}

/** Of charts that count payments; the scoreboard's intervals draw customers. */
const WHISKERS = "; whiskers: 95% if payments were independent, which one thief's are not";

const bandOf = (curves: Parameters<typeof hasBand>[0]) => hasBand(curves) ? " (band: 95% of the model)" : "";

/** Of fraud of one customer, bands would tell of the genuine payments' chance alone. */
function withoutBands(curves: Findings["curves"]): Findings["curves"] {
  const bare = (lines: Findings["curves"]["cost"]) => lines.map((line) => ({ ...line, band95: null }));
  return { ...curves, precision: bare(curves.precision), cost: bare(curves.cost) };
}

const paragraph = (text: string) => `<p class="note">${escapeMarkup(text)}</p>`;

function segmentSection({ segmentations }: Findings): string {
  const tables = segmentations.map(({ by, segments, ratio }) =>
    `<h3>By ${escapeMarkup(by)}${ratio === null ? "" : `: highest over lowest ${ratio.toFixed(1)}`}</h3>${
      htmlTable([
        ["", "genuine payments", "false positives"],
        ...segments.map((its) => [
          its.segment,
          String(its.genuine),
          `${(its.falsePositiveRate * 100).toFixed(3)}%`,
        ]),
      ])
    }`
  );
  return `<section><h2>Who bears the false alarms</h2>${tables.join("")}</section>`;
}

function htmlTable([header, ...rows]: readonly (readonly string[])[]): string {
  const cell = (tag: string, text: string, place: number) =>
    `<${tag}${place === 0 ? "" : ' class="figure"'}>${escapeMarkup(text)}</${tag}>`;
  const line = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((text, place) => cell(place === 0 ? "th" : tag, text, place)).join("")}</tr>`;
  return `<div class="wide"><table><thead>${line(header, "th")}</thead><tbody>${
    rows.map((row) => line(row, "td")).join("")
  }</tbody></table></div>`;
}

function figure(caption: string, content: string): string {
  return `<figure><figcaption>${caption}</figcaption>${content}</figure>`;
}
