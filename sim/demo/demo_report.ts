import { escapeMarkup } from "../../load/report/escape_markup.ts";
import { toRfc3339 } from "../../src/core/clock.ts";
import type { InvariantResult } from "../../src/ledger/check_ledger.ts";
import type { WorldConfig } from "../world/types.ts";

/** One page that opens by itself: the model's scoreboard and plot, the stream's truth, the ledger, the latency report. */
export function formatDemoReport(demo: {
  pass: boolean;
  world: WorldConfig;
  scoreboard: string;
  precisionRecallSvg: string;
  stream: string;
  ledger: readonly InvariantResult[];
  /** The load report's own HTML page. */
  loadReport: string;
}): string {
  const { world } = demo;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>mcp-payments-lab: demo ${demo.pass ? "passed" : "failed"}</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 1100px; margin: 2rem auto; padding: 0 1rem; }
  pre { overflow-x: auto; padding: 1rem; border: 1px solid #8884; border-radius: 6px; font-size: 13px; }
  .verdict { display: inline-block; padding: .2rem .8rem; border-radius: 6px; color: #fff; }
  .pass { background: #1a7f37; } .fail { background: #cf222e; }
  table { border-collapse: collapse; } td, th { padding: .25rem .75rem; border-bottom: 1px solid #8884; text-align: left; }
  figure { margin: 0; background: #fff; border-radius: 6px; overflow-x: auto; }
  iframe { width: 100%; height: 1500px; border: 1px solid #8884; border-radius: 6px; }
</style>
<h1>mcp-payments-lab <span class="verdict ${demo.pass ? "pass" : "fail"}">${
    demo.pass ? "PASSED" : "FAILED"
  }</span></h1>
<p>World: seed ${world.seed}, ${world.days} days from ${
    toRfc3339(world.startMs).slice(0, 10)
  }, ${world.customers} customers. All money and people are simulated.</p>
<h2>Fraud model on later payments</h2>
<pre>${escapeMarkup(demo.scoreboard)}</pre>
<figure>${demo.precisionRecallSvg}</figure>
<h2>The benchmark's stream</h2>
<p>${escapeMarkup(demo.stream)}</p>
<h2>Ledger</h2>
<table><tr><th>Invariant</th><th>Violations</th></tr>
${
    demo.ledger.map(({ about, violations }) =>
      `<tr><td>${escapeMarkup(about)}</td><td>${violations}</td></tr>`
    )
      .join("\n")
  }
</table>
<h2>Approval latency</h2>
<iframe title="Approval latency" srcdoc="${escapeMarkup(demo.loadReport)}"></iframe>
</html>
`;
}
