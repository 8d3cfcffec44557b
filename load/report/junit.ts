import type { GateResult } from "../lib/gate_result.ts";
import { escapeMarkup } from "./escape_markup.ts";

/** JUnit XML: one test case for each rule of the gate. */
export function formatJunit(result: GateResult): string {
  const failures = result.rules.filter((rule) => !rule.ok).length;
  const seconds = result.plan.durationMs / 1000;
  const suite = `name="load.approval" tests="${result.rules.length}" failures="${failures}" errors="0" ` +
    `skipped="0" time="${seconds}" timestamp="${result.startedAt}"`;
  const cases = result.rules.map((rule) => {
    const open = `    <testcase classname="load.approval" name="${
      escapeMarkup(`${rule.id}: ${rule.title}`)
    }" time="0"`;
    if (rule.ok) return `${open}/>`;
    const message = escapeMarkup(`${rule.actual}, limit ${rule.limit}`);
    return `${open}>\n      <failure message="${message}">${message}</failure>\n    </testcase>`;
  });
  return [
    `<?xml version="1.0" encoding="UTF-8"?>`,
    `<testsuites>`,
    `  <testsuite ${suite}>`,
    ...cases,
    `  </testsuite>`,
    `</testsuites>`,
    "",
  ].join("\n");
}
