import { expect } from "expect";
import type { GateResult } from "../lib/gate_result.ts";
import { loadPlanFromEnv } from "../lib/load_plan.ts";
import { formatHtmlReport } from "./html_report.ts";
import { formatJunit } from "./junit.ts";
import { formatTextSummary } from "./text_summary.ts";

const HOSTILE = `<script>alert("x")</script> & 'y'`;

/** The least there can be: nothing was answered, and every text is out to break the markup. */
const NOTHING: GateResult = {
  pass: false,
  startedAt: "2026-01-01T00:00:00.000Z",
  plan: { ...loadPlanFromEnv({ RUN_ID: HOSTILE }), baseUrl: HOSTILE },
  machine: { os: HOSTILE, cpu: HOSTILE, cores: 2, memoryGib: 4 },
  k6Version: "1.8.1",
  rules: [{ id: "errors", title: HOSTILE, limit: "rate<0.001", actual: HOSTILE, ok: false }],
  latencies: [],
  outcomes: {
    approved: 0,
    declined_risk: 0,
    declined_issuer: 0,
    challenged: 0,
    in_doubt: 0,
    replayed: 0,
    error: 5,
  },
  errorsByCode: { [HOSTILE]: 5 },
  achievedRatePerSecond: 0,
  droppedIterations: 0,
  files: { outDir: "", summaryText: "", summaryJson: "", junit: "", report: "", payments: "", k6Summary: "" },
};

Deno.test("the reports can be made of a run in which nothing was answered", () => {
  expect(formatTextSummary(NOTHING)).toMatch(/FAIL/);
  expect(formatHtmlReport(NOTHING, new Map(), [])).toMatch(/no payment was decided/);
});

Deno.test("a text from the server cannot become markup in a report", () => {
  for (const markup of [formatHtmlReport(NOTHING, new Map([[HOSTILE, [1, 2]]]), []), formatJunit(NOTHING)]) {
    expect(markup).not.toContain("<script");
    expect(markup).toContain("&lt;script&gt;");
  }
});
