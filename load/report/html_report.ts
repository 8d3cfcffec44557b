import { formatDuration } from "../lib/duration.ts";
import { END_TO_END, type GateResult } from "../lib/gate_result.ts";
import type { SecondLatency } from "../lib/latency_by_second.ts";
import { escapeMarkup } from "./escape_markup.ts";
import {
  distributionChart,
  latencyOverTimeChart,
  outcomesChart,
  stageBreakdownChart,
} from "./latency_charts.ts";
import { REPORT_STYLE } from "./report_style.ts";

/** The report as one HTML page: no script, no other file, readable from an e-mail or a CI artifact. */
export function formatHtmlReport(
  result: GateResult,
  stages: ReadonlyMap<string, readonly number[]>,
  seconds: readonly SecondLatency[],
): string {
  const verdict = result.pass ? "PASS" : "FAIL";
  const { plan } = result;
  const endToEnd = result.latencies.find((latency) => latency.stage === END_TO_END);
  const headline = endToEnd && endToEnd.count > 0
    ? `p95 ${endToEnd.msP95.toFixed(1)} ms, p99 ${endToEnd.msP99.toFixed(1)} ms`
    : "no payment was decided";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${verdict}: approval latency at ${plan.ratePerSecond}/s</title>
<style>${REPORT_STYLE}</style>
</head>
<body>
<main>
<header>
<p class="verdict ${verdict.toLowerCase()}">${verdict}</p>
<div>
<h1>How long until an agent's payment is approved</h1>
<p class="lead">At ${plan.ratePerSecond} payments/s: ${headline}</p>
</div>
</header>
${facts(result)}
<section>
<h2>Rules</h2>
${ruleTable(result)}
</section>
<section>
<h2>Latency</h2>
${latencyTable(result)}
<p class="note">Milliseconds, first-time payments that were approved or declined. <b>end to end</b> is what the agent
waits; <b>total</b> is the server's own account of it and the stages above are its parts; <b>transport</b> is the
rest: HTTP, sockets, waiting before the server's clock starts, and k6 itself.</p>
</section>
<div class="charts">
${figure("Latency over time, by second", latencyOverTimeChart(seconds, result))}
${figure("Share of payments decided within", distributionChart(stages))}
${figure("Where the time goes", stageBreakdownChart(result))}
${figure("How the calls ended", outcomesChart(result))}
</div>
${errorSection(result)}
</main>
</body>
</html>
`;
}

function facts(result: GateResult): string {
  const { plan, machine } = result;
  const entries: [string, string][] = [
    ["Rate", `${result.achievedRatePerSecond.toFixed(1)} of ${plan.ratePerSecond} payments/s`],
    ["Not sent", String(result.droppedIterations)],
    ["Measured", `${formatDuration(plan.durationMs)} after ${formatDuration(plan.warmupMs)} of warm-up`],
    ["Machine", `${machine.cores} cores, ${machine.cpu}, ${machine.memoryGib} GiB`],
    ["System", machine.os],
    ["Server", plan.baseUrl],
    ["k6", result.k6Version],
    ["Started", result.startedAt],
    ["Run", plan.runId],
  ];
  const items = entries.map(([name, value]) => `<div><dt>${name}</dt><dd>${escapeMarkup(value)}</dd></div>`);
  return `<dl class="facts">${items.join("")}</dl>`;
}

function ruleTable(result: GateResult): string {
  const rows = result.rules.map((rule) =>
    `<tr class="${rule.ok ? "" : "broken"}"><td><span class="mark ${rule.ok ? "pass" : "fail"}">` +
    `${rule.ok ? "ok" : "FAIL"}</span></td><td>${escapeMarkup(rule.title)}</td>` +
    `<td class="figure">${escapeMarkup(rule.actual)}</td><td><code>${
      escapeMarkup(rule.limit)
    }</code></td></tr>`
  );
  return `<div class="wide"><table><thead><tr><th></th><th>Rule</th><th class="figure">Actual</th><th>Limit</th></tr>` +
    `</thead><tbody>${rows.join("")}</tbody></table></div>`;
}

function latencyTable(result: GateResult): string {
  const rows = result.latencies.map((latency) => {
    const figures = [
      String(latency.count),
      ...[latency.msP50, latency.msP90, latency.msP95, latency.msP99, latency.maxMs].map((ms) =>
        ms.toFixed(1)
      ),
    ].map((figure) => `<td class="figure">${figure}</td>`);
    return `<tr><th scope="row">${escapeMarkup(latency.stage)}</th>${figures.join("")}</tr>`;
  });
  const head = ["count", "p50", "p90", "p95", "p99", "max"].map((name) => `<th class="figure">${name}</th>`);
  return `<div class="wide"><table><thead><tr><th>Stage</th>${head.join("")}</tr></thead>` +
    `<tbody>${rows.join("")}</tbody></table></div>`;
}

function errorSection(result: GateResult): string {
  const errors = Object.entries(result.errorsByCode).sort(([, a], [, b]) => b - a);
  if (errors.length === 0) return "";
  const rows = errors.map(([code, count]) =>
    `<tr><td><code>${escapeMarkup(code)}</code></td><td class="figure">${count}</td></tr>`
  );
  return `<section><h2>Errors</h2><table><thead><tr><th>Code</th><th class="figure">Calls</th></tr></thead>` +
    `<tbody>${rows.join("")}</tbody></table></section>`;
}

function figure(caption: string, svg: string): string {
  return `<figure><figcaption>${caption}</figcaption>${svg}</figure>`;
}
